#include "core/utf8.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace injector {
namespace {

using namespace std::string_literals;

struct TextCase {
  const char* title;
  std::string text;
  bool valid;
  bool control;  // of valid text
  std::string printable;

  friend void PrintTo(const TextCase& test, std::ostream* out) { *out << test.title; }
};

TextCase good(const char* title, const std::string& text) { return {title, text, true, false, text}; }
TextCase control(const char* title, const std::string& text, const std::string& printable) {
  return {title, text, true, true, printable};
}
TextCase invalid(const char* title, const std::string& text, const std::string& printable) {
  return {title, text, false, false, printable};
}

class Utf8 : public testing::TestWithParam<TextCase> {};

TEST_P(Utf8, IsJudgedAndPrinted) {
  const TextCase& test = GetParam();
  EXPECT_EQ(utf8::valid(test.text), test.valid);
  if (test.valid) {
    EXPECT_EQ(utf8::has_control(test.text), test.control);
  }
  EXPECT_EQ(utf8::printable(test.text), test.printable);
  EXPECT_TRUE(utf8::valid(utf8::printable(test.text)));
}

INSTANTIATE_TEST_SUITE_P(
    Good, Utf8,
    testing::Values(good("empty", ""), good("ASCII", " !~"), good("the least of two bytes", "\u00a0"),
                    good("the most of two bytes", "\u07ff"), good("the least of three bytes", "\u0800"),
                    good("before the surrogates", "\xed\x9f\xbf"), good("behind the surrogates", "\xee\x80\x80"),
                    good("the last of three bytes that YAML holds", "\ufffd"),
                    good("the least of four bytes", "\U00010000"), good("U+1FFFE", "\U0001fffe"),
                    good("U+10FFFF", "\xf4\x8f\xbf\xbf"), good("around the marks", "\u200d\u2010\u2027\u202f\u2065"),
                    good("right to left by itself", "\u05d0\u0627")));

INSTANTIATE_TEST_SUITE_P(Control, Utf8,
                         testing::Values(control("NUL", "a\0b"s, "a?b"), control("newline", "a\nb", "a?b"),
                                         control("return", "\r", "?"), control("tab", "\t", "?"),
                                         control("escape", "\x1b[31m", "?[31m"), control("U+001F", "\x1f", "?"),
                                         control("U+007F", "\x7f", "?"), control("U+0080", "\u0080", "?"),
                                         control("U+009F", "\u009f", "?"), control("U+061C", "\u061c", "?"),
                                         control("U+200E", "\u200e", "?"), control("U+200F", "\u200f", "?"),
                                         control("line separator", "\u2028", "?"),
                                         control("paragraph separator", "\u2029", "?"),
                                         control("U+202A", "\u202a", "?"), control("U+202E", "x\u202ey", "x?y"),
                                         control("U+2066", "\u2066", "?"), control("U+2069", "\u2069", "?"),
                                         control("U+FFFE", "a\ufffe", "a?"), control("U+FFFF", "\uffff", "?")));

INSTANTIATE_TEST_SUITE_P(
    Invalid, Utf8,
    testing::Values(invalid("continuation alone", "a\x80", "a?"), invalid("overlong of two", "\xc0\xaf", "??"),
                    invalid("overlong C1", "\xc1\xbf", "??"), invalid("overlong of three", "\xe0\x9f\xbf", "???"),
                    invalid("overlong of four", "\xf0\x8f\xbf\xbf", "????"),
                    invalid("surrogate", "\xed\xa0\x80", "???"), invalid("last surrogate", "\xed\xbf\xbf", "???"),
                    invalid("U+110000", "\xf4\x90\x80\x80", "????"), invalid("lead F5", "\xf5\x80\x80\x80", "????"),
                    invalid("FF", "a\xff", "a?"), invalid("two cut short", "a\xc3", "a?"),
                    invalid("three cut short", "\xe2\x82", "??"), invalid("four cut short", "\xf0\x9f\x98", "???"),
                    invalid("no continuation", "\xc3z", "?z"), invalid("wrong last byte", "\xe2\x82z", "??z")));

}  // namespace
}  // namespace injector
