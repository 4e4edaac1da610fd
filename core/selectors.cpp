#include "core/selectors.h"

#include <algorithm>
#include <utility>

namespace injector {
namespace {

constexpr std::size_t max_value = 32;

}  // namespace

bool is_selector_key(std::string_view text) { return text == "arch" || text == "libc" || text == "python"; }

bool is_selector_value(std::string_view text) {
  const auto first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto any = [&](char c) { return first(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= max_value && first(text.front()) && std::all_of(text.begin(), text.end(), any);
}

std::optional<Choice> Choice::parse(std::string_view text) {
  Choice choice;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (!is_selector_key(key) || !is_selector_value(value)) return std::nullopt;
    choice.add(std::string(key), std::string(value));
    if (part.size() == text.size()) return choice;
    text.remove_prefix(part.size() + 1);
  }
}

bool Choice::matches(const Selectors& selectors) const {
  return std::all_of(selectors.begin(), selectors.end(), [&](const auto& selector) {
    const auto wanted = wanted_.find(selector.first);
    return wanted == wanted_.end() || wanted->second.contains(selector.second);
  });
}

std::string Choice::text() const {
  std::string text;
  for (const auto& [key, values] : wanted_) {
    for (const std::string& value : values) text += (text.empty() ? "" : ",") + key + '=' + value;
  }
  return text;
}

}  // namespace injector
