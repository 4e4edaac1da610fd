#include "core/utf8.h"

#include <cstddef>
#include <cstdint>

namespace injector::utf8 {
namespace {

struct Character {
  std::uint32_t code;
  std::size_t length;  // 0 where the text is not UTF-8
};

std::uint32_t byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

Character first(std::string_view text) {
  constexpr Character invalid{0, 0};
  const std::uint32_t lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return invalid;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) return invalid;
    code = code << 6U | (byte_at(text, i) & 0x3FU);
  }
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < least || code > 0x10FFFF || surrogate ? invalid : Character{code, length};
}

bool is_control(std::uint32_t code) {
  const bool direction = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x061C ||
                         code == 0x200E || code == 0x200F || code == 0x2028 || code == 0x2029;
  const bool beyond_yaml = code == 0xFFFE || code == 0xFFFF;
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || direction || beyond_yaml;
}

}  // namespace

bool valid(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = byte_at(text, 0) < 0x80 ? 1 : first(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    if (byte_at(text, 0) >= 0x20 && byte_at(text, 0) < 0x7F) {  // nearly all of it
      text.remove_prefix(1);
      continue;
    }
    const Character character = first(text);
    if (character.length == 0 || is_control(character.code)) return true;
    text.remove_prefix(character.length);
  }
  return false;
}

std::string printable(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const Character character = first(text);
    const bool good = character.length != 0 && !is_control(character.code);
    const std::size_t length = character.length == 0 ? 1 : character.length;
    line += good ? text.substr(0, length) : std::string_view("?");
    text.remove_prefix(length);
  }
  return line;
}

}  // namespace injector::utf8
