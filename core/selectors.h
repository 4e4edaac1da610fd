#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace injector {

// What an entry of a payload is for: each key is one of selector_keys, each value [a-z0-9][a-z0-9._-]{0,31}.
// An entry without selectors is for everybody; one below another has that one's selectors too.
using Selectors = std::map<std::string, std::string>;

// arch: as uname -m says it. libc: glibc or musl. python: major.minor.
bool is_selector_key(std::string_view text);
bool is_selector_value(std::string_view text);

// What is asked of selectors: for some keys, the values that are wanted. A key that is not named wants all of them.
class Choice {
 public:
  // From "python=3.12,libc=musl"; a key may be there with several values. Empty where text is something else.
  static std::optional<Choice> parse(std::string_view text);

  void add(std::string key, std::string value) { wanted_[std::move(key)].insert(std::move(value)); }
  bool names(const std::string& key) const { return wanted_.contains(key); }
  bool empty() const { return wanted_.empty(); }
  bool matches(const Selectors& selectors) const;
  // The same choice always gives the same text, and parse takes it.
  std::string text() const;
  const std::map<std::string, std::set<std::string>>& wanted() const { return wanted_; }

 private:
  std::map<std::string, std::set<std::string>> wanted_;
};

}  // namespace injector
