#include "webhook/json.h"

#include <algorithm>

namespace injector {

const Json* find(const Json& from, std::initializer_list<std::string_view> path) {
  const Json* at = &from;
  for (const std::string_view key : path) {
    if (!at->is_object()) return nullptr;
    const auto member = at->find(key);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

std::string_view text_at(const Json& from, std::initializer_list<std::string_view> path) {
  const Json* found = find(from, path);
  return found != nullptr && found->is_string() ? std::string_view(found->get_ref<const std::string&>()) : "";
}

const Json& list_at(const Json& from, std::initializer_list<std::string_view> path) {
  static const Json none = Json::array();
  const Json* found = find(from, path);
  return found != nullptr && found->is_array() ? *found : none;
}

const Json& object_at(const Json& from, std::initializer_list<std::string_view> path) {
  static const Json none = Json::object();
  const Json* found = find(from, path);
  return found != nullptr && found->is_object() ? *found : none;
}

bool deeper_than(std::string_view text, unsigned depth) {
  unsigned level = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    if (quoted) {
      if (byte == '\\') ++at;
      quoted = byte != '"';
    } else if (byte == '"') {
      quoted = true;
    } else if (byte == '{' || byte == '[') {
      if (++level > depth) return true;
    } else if ((byte == '}' || byte == ']') && level > 0) {
      --level;
    }
  }
  return false;
}

std::string pointer_part(std::string_view key) {
  std::string part;
  for (const char byte : key) {
    if (byte == '~') {
      part += "~0";
    } else if (byte == '/') {
      part += "~1";
    } else {
      part += byte;
    }
  }
  return part;
}

}  // namespace injector
