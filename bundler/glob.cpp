#include "bundler/glob.h"

#include <algorithm>
#include <vector>

namespace injector {
namespace {

// Reads a path a character at a time and knows all places of the pattern that it can have come to: no going back, so
// that the work is at most the product of the two lengths.
class Matcher {
 public:
  explicit Matcher(std::string_view pattern) : pattern_(pattern), at_(pattern.size() + 1), next_(at_.size()) {
    enter(at_, 0);
  }

  // False where nothing that follows can match any more.
  bool take(char c) {
    std::fill(next_.begin(), next_.end(), false);
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      if (!at_[i]) continue;
      if (pattern_[i] == '*') {
        if (c != '/' || is_deep(i)) enter(next_, i);
      } else if (pattern_[i] == c) {
        enter(next_, i + 1);
      }
    }
    at_.swap(next_);
    return std::find(at_.begin(), at_.end(), true) != at_.end();
  }

  bool matched() const { return at_.back(); }

 private:
  // Both stars of ** stand for anything: one would do, and a third for nothing that they do not.
  bool is_deep(std::size_t star) const {
    return pattern_.substr(star).starts_with("**") || (star > 0 && pattern_[star - 1] == '*');
  }

  // A star can stand for nothing: behind it is here as well.
  void enter(std::vector<bool>& places, std::size_t place) const {
    for (; !places[place]; ++place) {
      places[place] = true;
      if (place == pattern_.size() || pattern_[place] != '*') return;
    }
  }

  std::string_view pattern_;
  std::vector<bool> at_;
  std::vector<bool> next_;
};

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  Matcher matcher(pattern);
  for (const char c : path) {
    if (!matcher.take(c)) return false;
  }
  return matcher.matched();
}

bool is_within_glob(std::string_view pattern, std::string_view path) {
  Matcher matcher(pattern);
  for (const char c : path) {
    if (c == '/' && matcher.matched()) return true;
    if (!matcher.take(c)) return false;
  }
  return matcher.matched();
}

}  // namespace injector
