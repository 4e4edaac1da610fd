#include "webhook/quantity.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace injector {
namespace {

struct Case {
  const char* text;
  std::int64_t number;
  int exponent;  // of ten
};

constexpr std::array cases = {
    Case{"0", 0, 0},
    Case{"0Ki", 0, 0},
    Case{"1", 1, 0},
    Case{"128974848", 128974848, 0},
    Case{"1Ki", 1024, 0},
    Case{"7Mi", 7340032, 0},
    Case{"6Gi", 6442450944, 0},
    Case{"5Ti", 5497558138880, 0},
    Case{"4Pi", 4503599627370496, 0},
    Case{"3Ei", 3458764513820540928, 0},
    Case{"5n", 5, -9},
    Case{"4u", 4, -6},
    Case{"100m", 100, -3},
    Case{"8k", 8, 3},
    Case{"7M", 7, 6},
    Case{"6G", 6, 9},
    Case{"5T", 5, 12},
    Case{"2P", 2, 15},
    Case{"12E", 12, 18},
    Case{"1e3", 1, 3},
    Case{"1E-3", 1, -3},
    Case{"1.3E+6", 13, 5},
    Case{"1.7E18", 17, 17},
    Case{"100.035k", 100035, 0},
    Case{"0.00050k", 5, -1},
    Case{"0.5e-2", 5, -3},
    Case{"6.987654321G", 6987654321, 0},
    Case{"3.001n", 4, -9},
    Case{"1.1E-9", 2, -9},
    Case{"0.00000000050", 1, -9},
    Case{"0.00000012345", 124, -9},
    Case{"1e-999999", 1, -9},
    Case{"9Ei", 9223372036854775807, 0},
    Case{"9223372036854775807Ki", 9223372036854775807, 0},
    Case{"1.5Gi", 1610612736, 0},
    Case{"100.035Ki", 10243584, -2},
    Case{"0.05Gi", 536870912, -1},
    Case{"0.000000000001Ki", 2, -9},
    Case{".001", 1, -3},
    Case{"1.", 1, 0},
    Case{"1.G", 1, 9},
    Case{"007", 7, 0},
    Case{"k", 0, 0},
    Case{".", 0, 0},
};

// number times ten to the exponent, in billionths.
Quantity::Nanos nanos(const Case& one) {
  Quantity::Nanos value = one.number;
  for (int i = -9; i < one.exponent; ++i) value *= 10;
  return value;
}

TEST(Quantity, IsReadAsTheApiServerReadsIt) {
  for (const Case& one : cases) {
    EXPECT_TRUE(parse_quantity(one.text) == Quantity::of_nanos(nanos(one))) << one.text;
    EXPECT_TRUE(parse_quantity("+" + std::string(one.text)) == Quantity::of_nanos(nanos(one))) << one.text;
    EXPECT_TRUE(parse_quantity("-" + std::string(one.text)) == Quantity::of_nanos(-nanos(one))) << one.text;
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"",       "1.1.M",   "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i",  "1i",
                           "-3.01i", "-3.01e-", " 1",     "1 ",    "--1",   "1e",   "1e3k", "1e+-3",
                           "1e--3",  "1Ee3",    "1K",     "1ki",   "1Ki3",  "1,5",  "0x10", "1e99999999999999999999"}) {
    EXPECT_FALSE(parse_quantity(text)) << text;
  }
  EXPECT_TRUE(parse_quantity(std::string(64, '0')));
  EXPECT_FALSE(parse_quantity(std::string(65, '0')));
}

TEST(Quantity, CanBeComparedAndAdded) {
  EXPECT_TRUE(*parse_quantity("1Gi") > *parse_quantity("1G"));
  EXPECT_TRUE(*parse_quantity("1000m") == Quantity::of(1));
  EXPECT_TRUE(*parse_quantity("31Mi") < Quantity::of(32 << 20));
  Quantity sum = *parse_quantity("1.5");
  sum += *parse_quantity("-200m");
  EXPECT_TRUE(sum == *parse_quantity("1300m"));
}

TEST(Quantity, StaysAtItsMaximum) {
  const Quantity most = Quantity::of_nanos(Quantity::maximum);
  EXPECT_TRUE(parse_quantity("1e999999999") == most);
  EXPECT_TRUE(parse_quantity("-1e40") == Quantity::of_nanos(-Quantity::maximum));
  EXPECT_TRUE(parse_quantity(std::string(64, '9')) == most);
  Quantity sum = most;
  EXPECT_TRUE((sum += Quantity::of(1)) == most);
  sum = Quantity::of_nanos(-Quantity::maximum);
  EXPECT_TRUE((sum += Quantity::of(-1)) == Quantity::of_nanos(-Quantity::maximum));
}

}  // namespace
}  // namespace injector
