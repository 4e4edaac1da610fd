#include "core/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace injector {
namespace {

TEST(Error, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::installed)), 0);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::usage)), 64);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::digest_mismatch)), 65);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::bundle_not_found)), 66);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::input_not_found)), 66);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::internal)), 70);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::name_taken)), 73);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::io_error)), 74);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::no_space)), 75);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::interrupted)), 130);
  EXPECT_EQ(static_cast<int>(exit_code_of(Reason::terminated)), 143);
}

TEST(Error, ClosingLine) {
  EXPECT_EQ(closing_line("injector", Reason::no_space, "/t", "1 byte is needed", "Free it."),
            "injector: no-space: /t: 1 byte is needed. Free it (exit 75)");
  const std::string line =
      closing_line("injector", Reason::io_error, std::string(5000, 'p'), std::string(5000, '\n'), "x");
  EXPECT_LE(line.size(), 1024U);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(line.ends_with("(exit 74)"));
}

TEST(Error, AFailedCallSaysWhatKindOfFailureItIs) {
  const auto reason_of = [](int error, Access access) {
    try {
      throw_errno(error, "call", "p", access);
    } catch (const Error& thrown) {
      EXPECT_NE(std::string(thrown.what()).find("call: "), std::string::npos);
      return thrown.reason();
    }
  };
  EXPECT_EQ(reason_of(ENOSPC, Access::write), Reason::no_space);
  EXPECT_EQ(reason_of(EACCES, Access::write), Reason::target_not_writable);
  EXPECT_EQ(reason_of(EACCES, Access::read), Reason::io_error);
  EXPECT_EQ(reason_of(EMFILE, Access::read), Reason::too_many_files);
}

}  // namespace
}  // namespace injector
