#include "webhook/cel.h"

#include <algorithm>

namespace injector::cel {
namespace {

constexpr std::string_view word_expression = "[a-z0-9-]+";

std::string object(const Json& value) {
  std::string text;
  for (const auto& [key, member] : value.items()) {
    text += (text.empty() ? "" : ", ") + literal(key) + ": dyn(" + literal(member) + ')';
  }
  return '{' + text + '}';
}

std::string list(const Json& value) {
  std::string text;
  for (const Json& element : value) text += (text.empty() ? "" : ", ") + literal(element);
  return '[' + text + ']';
}

bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

std::string expression_of(std::string_view pattern, std::string_view word) {
  std::string text;
  while (!pattern.empty()) {
    std::size_t taken = 1;
    if (pattern.starts_with("{library}")) {
      // A word has nothing but letters, digits and -, which is none of an expression's signs outside of brackets.
      text += word.empty() ? word_expression : word;
      taken = std::string_view("{library}").size();
    } else if (pattern.starts_with("{container}")) {
      text += word_expression;
      taken = std::string_view("{container}").size();
    } else if (pattern.front() == '*') {
      text += ".*";
    } else {
      if (!is_plain(pattern.front())) text += '\\';
      text += pattern.front();
    }
    pattern.remove_prefix(taken);
  }
  return text;
}

}  // namespace

std::string literal(const Json& value) {
  if (value.is_object()) return object(value);
  // The escapes of JSON are those of CEL too.
  return value.is_array() ? list(value) : value.dump();
}

std::string any_of(const std::vector<std::string>& patterns, std::string_view word) {
  std::string text;
  for (const std::string& pattern : patterns) text += (text.empty() ? "" : "|") + expression_of(pattern, word);
  // No name is empty, so that without a pattern none matches.
  return literal("^(" + text + ")$");
}

std::string fill(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '$') {
      while (end < text.size() && (is_plain(text[end]) || text[end] == '_')) ++end;
      const auto value = values.find(std::string(text.substr(at + 1, end - at - 1)));
      if (value != values.end()) {
        result += value->second;
        at = end;
        continue;
      }
    }
    result += text.substr(at, end - at);
    at = end;
  }
  return result;
}

}  // namespace injector::cel
