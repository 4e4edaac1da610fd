#include "webhook/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace injector {
namespace {

constexpr std::size_t max_text = 64;  // the longest that means something, a whole number to a billionth, has 40 digits
constexpr std::int64_t max_exponent = 1000;  // beyond it, all is too large or too small whatever the digits are

struct Suffix {
  std::string_view text;
  int exponent;   // of ten
  int thousands;  // of 1024
};

constexpr std::array suffixes = {
    Suffix{"", 0, 0},   Suffix{"n", -9, 0}, Suffix{"u", -6, 0}, Suffix{"m", -3, 0},
    Suffix{"k", 3, 0},  Suffix{"M", 6, 0},  Suffix{"G", 9, 0},  Suffix{"T", 12, 0},
    Suffix{"P", 15, 0}, Suffix{"E", 18, 0}, Suffix{"Ki", 0, 1}, Suffix{"Mi", 0, 2},
    Suffix{"Gi", 0, 3}, Suffix{"Ti", 0, 4}, Suffix{"Pi", 0, 5}, Suffix{"Ei", 0, 6},
};

std::optional<Suffix> read_suffix(std::string_view text) {
  const auto* known = std::find_if(suffixes.begin(), suffixes.end(), [&](const auto& one) { return one.text == text; });
  if (known != suffixes.end()) return *known;
  if ((text.front() != 'e' && text.front() != 'E') || text.find_first_of("+-", 2) != text.npos) return {};
  text.remove_prefix(text.starts_with("e+") || text.starts_with("E+") ? 2 : 1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return Suffix{"e", static_cast<int>(std::clamp(exponent, -max_exponent, max_exponent)), 0};
}

// 0.digits times ten to the point.
struct Decimal {
  std::string digits;
  int point = 0;
};

void multiply(Decimal& number, int factor) {
  int carry = 0;
  for (auto digit = number.digits.rbegin(); digit != number.digits.rend(); ++digit) {
    carry += (*digit - '0') * factor;
    *digit = static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  for (; carry > 0; carry /= 10, ++number.point) number.digits.insert(0, 1, static_cast<char>('0' + carry % 10));
}

// The next whole number.
Quantity::Nanos round_up(const Decimal& number) {
  Quantity::Nanos value = 0;
  for (int i = 0; i < number.point && value < Quantity::maximum; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int digit = at < number.digits.size() ? number.digits[at] - '0' : 0;
    value = value > (Quantity::maximum - digit) / 10 ? Quantity::maximum : value * 10 + digit;
  }
  const auto whole = static_cast<std::size_t>(std::max(number.point, 0));
  const bool more = whole < number.digits.size() && number.digits.find_first_not_of('0', whole) != std::string::npos;
  return more && value < Quantity::maximum ? value + 1 : value;
}

// Takes digits from the front of text.
std::string_view take_digits(std::string_view& text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(digits.size());
  return digits;
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  if (text.empty() || text.size() > max_text) return {};
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const std::string_view whole = take_digits(text);
  Decimal number{std::string(whole), static_cast<int>(whole.size())};
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.digits += take_digits(text);
  }
  const auto suffix = read_suffix(text);
  if (!suffix) return {};
  for (int i = 0; i < suffix->thousands; ++i) multiply(number, 1024);
  number.point += suffix->exponent + 9;
  Quantity::Nanos nanos = round_up(number);
  constexpr auto binary_limit = Quantity::Nanos{std::numeric_limits<std::int64_t>::max()} * 1'000'000'000;
  if (suffix->thousands > 0) nanos = std::min(nanos, binary_limit);
  return Quantity::of_nanos(negative ? -nanos : nanos);
}

}  // namespace injector
