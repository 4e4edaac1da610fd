#include "bundler/selecting.h"

#include <algorithm>
#include <string_view>

#include "bundler/glob.h"
#include "core/error.h"

namespace injector {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(Reason::unsafe_entry, path, problem, "Correct the selectors of library.json, or the artifacts.");
}

bool is_libc(std::string_view text) { return text == "glibc" || text == "musl"; }

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_python(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && is_number(text.substr(0, dot)) && is_number(text.substr(dot + 1));
}

void check_values(const std::string& path, const Selectors& selectors) {
  for (const auto& [key, value] : selectors) {
    if (key == "libc" && !is_libc(value)) refuse(path, "libc \"" + value + "\" is not glibc or musl");
    if (key == "python" && !is_python(value)) refuse(path, "python \"" + value + "\" is not MAJOR.MINOR");
  }
}

}  // namespace

Selecting::Selecting(const std::vector<SelectorRule>& rules) : rules_(rules) {
  for (const SelectorRule& rule : rules) unmatched_.insert(rule.pattern);
}

std::optional<Selectors> Selecting::selectors_of(const std::string& path) {
  std::optional<Selectors> selectors;
  for (const SelectorRule& rule : rules_) {
    auto parts = parts_of(rule.pattern, path);
    if (!parts) continue;
    if (selectors) refuse(path, "matches two patterns of selectors, one is " + rule.pattern);
    parts->insert(rule.selectors.begin(), rule.selectors.end());
    selectors = std::move(parts);
    unmatched_.erase(rule.pattern);
  }
  if (selectors) check_values(path, *selectors);
  return selectors;
}

void Selecting::check_all_matched() const {
  if (!unmatched_.empty()) refuse(*unmatched_.begin(), "has selectors and is not in the payload");
}

}  // namespace injector
