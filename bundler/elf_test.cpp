#include "bundler/elf.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace injector {
namespace {

std::string read_all(const std::string& path) { return File::try_open(path)->read_all(std::size_t{1} << 30U); }

TEST(Elf, KnowsThisMachinesPrograms) {
  const auto elf = read_elf(read_all("/bin/true"), "p");
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->arch, process::architecture());
  EXPECT_EQ(elf->libc, "glibc");
}

TEST(Elf, IsNotConfusedByWhatEndsEarly) {
  const std::string whole = read_all("/bin/true");
  for (std::size_t size = 0; size < 4096; size += 7) {
    const auto elf = read_elf(whole.substr(0, size), "p");
    EXPECT_EQ(elf.has_value(), size >= 20) << size;
  }
}

TEST(Elf, IsNotConfusedByNoise) {
  std::string bytes = read_all("/bin/true").substr(0, 8192);
  for (std::size_t at = 4; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    try {
      EXPECT_TRUE(read_elf(changed, "p"));
    } catch (const Error& error) {
      EXPECT_EQ(error.reason(), Reason::unsafe_entry) << at;  // it names too much
    }
  }
}

TEST(Elf, LeavesOtherFilesAlone) {
  EXPECT_FALSE(read_elf("", "p"));
  EXPECT_FALSE(read_elf("#!/bin/sh\n", "p"));
  EXPECT_FALSE(read_elf(std::string(64, '\0'), "p"));
}

}  // namespace
}  // namespace injector
