#include "webhook/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace injector {
namespace {

using Json = nlohmann::json;

constexpr std::string_view tag_prefix = "tag:yaml.org,2002:";
constexpr std::size_t max_number = 512;  // bytes; a text beyond that is no number of anybody's

// Letters alike in both cases, or none, or the first one alone in upper case: yes, YES, Yes, but not yEs.
bool is_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  if (text == lower) return true;
  const std::size_t first = lower.find_first_not_of("+-.");
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  std::string capital(lower);
  capital[first] = upper(capital[first]);
  std::string capitals(lower);
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), upper);
  return text == capital || text == capitals || (lower.ends_with(".nan") && text == ".NaN");
}

template <std::size_t Count>
bool is_any(std::string_view text, const std::array<std::string_view, Count>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is_word(text, word); });
}

// The words that are no strings.
std::optional<Json> word(std::string_view text) {
  constexpr std::array<std::string_view, 4> yes = {"y", "yes", "true", "on"};
  constexpr std::array<std::string_view, 4> no = {"n", "no", "false", "off"};
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  if (text.empty() || text == "~" || is_word(text, "null")) return Json(nullptr);
  if (is_any(text, yes)) return Json(true);
  if (is_any(text, no)) return Json(false);
  if (is_word(text, ".inf") || is_word(text, "+.inf")) return Json(infinity);
  if (is_word(text, "-.inf")) return Json(-infinity);
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return Json(std::numeric_limits<double>::quiet_NaN());
  return {};
}

template <typename Number>
std::optional<Json> digits(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return Json(value);
}

// Go's rule for a number that says its own base: 0x, 0o or 0, 0b; only what is not signed may have 64 bits.
std::optional<Json> integer(std::string_view text) {
  const bool is_signed = text.front() == '+' || text.front() == '-';
  std::string_view rest = text.substr(is_signed ? 1 : 0);
  int base = 10;
  if (rest.size() > 1 && rest.front() == '0') {
    const char mark = static_cast<char>(rest[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    rest.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  if (rest.empty() || rest.front() == '-') return {};
  const auto number = digits<std::int64_t>((text.front() == '-' ? "-" : "") + std::string(rest), base);
  return number || is_signed ? number : digits<std::uint64_t>(rest, base);
}

// Whether digits, and what else a decimal fraction has, are all there is.
bool is_real(std::string_view text) {
  const auto take = [&text](std::string_view any) {
    const std::size_t size = std::min(text.find_first_not_of(any), text.size());
    text.remove_prefix(size);
    return size;
  };
  const auto take_one = [&text](std::string_view any) {
    const bool found = !text.empty() && any.find(text.front()) != any.npos;
    text.remove_prefix(found ? 1 : 0);
    return found;
  };
  constexpr std::string_view digit = "0123456789";
  take_one("+-");
  std::size_t count = take(digit);
  if (take_one(".")) count += take(digit);
  if (count > 0 && take_one("eE")) {
    take_one("+-");
    count = take(digit);
  }
  return count > 0 && text.empty();
}

std::optional<Json> real(const std::string& text) {
  if (!is_real(text)) return {};
  const double value = std::strtod(text.c_str(), nullptr);
  return std::isinf(value) ? std::optional<Json>() : Json(value);
}

// Underscores between digits alone count after a point, wherever they are in front of it.
std::optional<Json> number(std::string_view text) {
  if (text.empty() || text.size() > max_number || std::string_view("+-.0123456789").find(text.front()) == text.npos) {
    return {};
  }
  const bool point = text.front() == '.';
  if (point && (text.find("__") != text.npos || text.find("._") != text.npos || text.back() == '_')) return {};
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  const auto whole = point ? std::optional<Json>() : integer(plain);
  return whole ? whole : real(plain);
}

Json resolve_plain(std::string_view text) {
  if (auto found = word(text)) return *found;
  if (auto found = number(text)) return *found;
  return std::string(text);
}

}  // namespace

std::optional<Json> resolve_scalar(std::string_view text, std::string_view tag, bool plain) {
  if (tag.empty()) return plain ? resolve_plain(text) : Json(std::string(text));
  const std::string_view type = tag.starts_with(tag_prefix) ? tag.substr(tag_prefix.size()) : "";
  if (type == "binary") return {};
  if (type != "null" && type != "bool" && type != "int" && type != "float") return Json(std::string(text));
  Json value = resolve_plain(text);
  if (type == "float" && value.is_number()) return Json(value.get<double>());
  const bool holds = (type == "null" && value.is_null()) || (type == "bool" && value.is_boolean()) ||
                     (type == "int" && value.is_number_integer());
  return holds ? std::optional<Json>(std::move(value)) : std::nullopt;
}

std::optional<std::string> yaml_key(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (!value.is_number_float()) return {};
  const auto number = value.get<double>();
  if (std::isnan(number)) return ".nan";
  // With as many digits as a float has: so does kubectl.
  if (std::abs(number) > std::numeric_limits<float>::max()) return number > 0 ? ".inf" : "-.inf";
  std::array<char, 32> text{};
  const auto done =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(number), std::chars_format::general);
  return std::string(text.data(), done.ptr);
}

std::optional<Json> yaml_value(Json value) {
  constexpr double exact = 9007199254740992;  // 2^53
  if (!value.is_number_float()) return value;
  const auto number = value.get<double>();
  if (!std::isfinite(number)) return {};
  if (std::abs(number) <= exact && std::trunc(number) == number) return Json(static_cast<std::int64_t>(number));
  return value;
}

}  // namespace injector
