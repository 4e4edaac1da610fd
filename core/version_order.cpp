#include "core/version_order.h"

#include <algorithm>
#include <string>
#include <vector>

namespace injector {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// Of any length, so that none is too large to be compared.
std::weak_ordering compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

// A number comes before a word.
std::weak_ordering compare_identifiers(std::string_view a, std::string_view b) {
  if (is_number(a) && is_number(b)) return compare_numbers(a, b);
  if (is_number(a) != is_number(b)) return is_number(a) ? std::weak_ordering::less : std::weak_ordering::greater;
  return a <=> b;
}

struct Version {
  std::vector<std::string_view> numbers;
  bool is_release = false;
  std::vector<std::string_view> identifiers;  // of what is no release
};

std::size_t length_of_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

// Takes 1.2.3 from the front of a text.
std::vector<std::string_view> take_numbers(std::string_view& text) {
  std::vector<std::string_view> numbers;
  while (const std::size_t length = length_of_digits(text)) {
    numbers.push_back(text.substr(0, length));
    text.remove_prefix(length);
    if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) break;
    text.remove_prefix(1);
  }
  return numbers;
}

// words_end_at_digits: as rc2 of Python's versions, which is 2 behind rc.
std::vector<std::string_view> split(std::string_view text, bool words_end_at_digits) {
  std::vector<std::string_view> identifiers;
  for (std::size_t begin = 0;;) {
    std::size_t end = begin;
    const auto changes = [&] {
      return words_end_at_digits && end > begin && is_digit(text[end]) != is_digit(text[end - 1]);
    };
    while (end < text.size() && text[end] != '.' && !changes()) ++end;
    identifiers.push_back(text.substr(begin, end - begin));
    if (end == text.size()) return identifiers;
    begin = text[end] == '.' ? end + 1 : end;
  }
}

Version parse(std::string_view text) {
  text = text.substr(0, text.find('+'));
  if (text.size() > 1 && text[0] == 'v' && is_digit(text[1])) text.remove_prefix(1);
  Version version;
  version.numbers = take_numbers(text);
  version.is_release = text.empty();
  if (version.is_release) return version;
  const bool hyphen = text[0] == '-';
  if (hyphen || text[0] == '.') text.remove_prefix(1);
  version.identifiers = split(text, !hyphen);
  return version;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view a, std::string_view b) {
  const Version left = parse(a);
  const Version right = parse(b);
  for (std::size_t i = 0; i < std::max(left.numbers.size(), right.numbers.size()); ++i) {
    const auto number = [i](const Version& version) { return i < version.numbers.size() ? version.numbers[i] : "0"; };
    if (const auto order = compare_numbers(number(left), number(right)); order != 0) return order;
  }
  if (left.is_release != right.is_release) {
    return left.is_release ? std::weak_ordering::greater : std::weak_ordering::less;
  }
  return std::lexicographical_compare_three_way(left.identifiers.begin(), left.identifiers.end(),
                                                right.identifiers.begin(), right.identifiers.end(),
                                                compare_identifiers);
}

}  // namespace injector
