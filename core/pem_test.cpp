#include "core/pem.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

TEST(Base64, IsThatOfRfc4648) {
  const std::string all[][2] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                                {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : all) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, NothingButWhatItWritesItselfIsRead) {
  for (const char* text : {"", "=", "====", "Zg=", "Zg", "Zh==", "Zm9=", "Z===", " Zm9v", "Zm9v ", "Zm 9v", "Zm9v\n",
                           "Zm-_", "Zg==Zg==", "Zm9v\v", "Zm9\x80"}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
  EXPECT_EQ(decode_base64(without_line_ends("Zm\r\n9v\n")), "foo");
}

TEST(Pem, OneBlockAndNothingElse) {
  const std::string text = print_pem("PUBLIC KEY", std::string(80, '\1'));
  for (const std::string& good : {text, "\n" + text, text + "\r\n\n", text.substr(0, text.size() - 1)}) {
    const Pem pem = parse_pem(good);
    EXPECT_EQ(pem.problem, "");
    EXPECT_EQ(pem.label, "PUBLIC KEY");
    EXPECT_EQ(pem.bytes, std::string(80, '\1'));
  }
  for (const std::string& bad :
       {std::string(), " " + text, "key:\n" + text, text + "x", text + text, "\xEF\xBB\xBF" + text, text.substr(0, 30),
        text.substr(0, 15), std::string("-----BEGIN A-----\n-----END A-----\n"),
        std::string("-----BEGIN A-----\nAQ==\n-----END B-----\n"), text.substr(0, 40) + "!" + text.substr(41)}) {
    EXPECT_NE(parse_pem(bad).problem, "") << bad;
  }
}

}  // namespace
}  // namespace injector
