#include "bundler/glob.h"

#include <algorithm>
#include <utility>

namespace injector {
namespace {

// The longest ${NAME}, so that looking for its end is no work that grows with the pattern.
constexpr std::size_t max_part = 64;

// Of the part that a pattern begins with, ${NAME}; 0 where it begins with something else.
std::size_t part_length(std::string_view pattern) {
  if (!pattern.starts_with("${")) return 0;
  const std::size_t end = pattern.substr(0, max_part).find('}');
  return end == std::string_view::npos ? 0 : end + 1;
}

// Reads a path a character at a time and knows all places of the pattern that it can have come to: no going back, so
// that the work is at most the product of the two lengths.
class Matcher {
 public:
  explicit Matcher(std::string_view pattern) : pattern_(pattern), at_(pattern.size() + 1), next_(at_.size()) {
    enter(at_, 0, {});
  }

  // False where nothing that follows can match any more.
  bool take(char c) {
    std::fill(next_.begin(), next_.end(), std::nullopt);
    ++taken_;
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      if (at_[i]) step(c, i, *at_[i]);
    }
    at_.swap(next_);
    return std::any_of(at_.begin(), at_.end(), [](const auto& way) { return way.has_value(); });
  }

  bool matched() const { return at_.back().has_value(); }

  // Where the parts of the path begin and end, if it has matched.
  const std::vector<std::size_t>& bounds() const { return *at_.back(); }

 private:
  // How a place was come to: the bounds of the parts before it, and where the part begins that is there.
  using Way = std::vector<std::size_t>;
  using Places = std::vector<std::optional<Way>>;

  void step(char c, std::size_t i, const Way& way) {
    if (const std::size_t length = part_length(pattern_.substr(i))) {
      if (c == '/') return;
      keep(next_, i, way);
      Way behind = way;
      behind.push_back(taken_);
      enter(next_, i + length, std::move(behind));
    } else if (pattern_[i] == '*') {
      if (c != '/' || is_deep(i)) enter(next_, i, way);
    } else if (pattern_[i] == c) {
      enter(next_, i + 1, way);
    }
  }

  // Both stars of ** stand for anything: one would do, and a third for nothing that they do not.
  bool is_deep(std::size_t star) const {
    return pattern_.substr(star).starts_with("**") || (star > 0 && pattern_[star - 1] == '*');
  }

  // Of several ways to a place the least. False where there is a better one.
  static bool keep(Places& places, std::size_t place, const Way& way) {
    if (places[place] && *places[place] <= way) return false;
    places[place] = way;
    return true;
  }

  // A star can stand for nothing: behind it is here as well.
  void enter(Places& places, std::size_t place, Way way) const {
    for (; place < pattern_.size() && pattern_[place] == '*'; ++place) {
      if (!keep(places, place, way)) return;
    }
    if (part_length(pattern_.substr(place)) != 0) way.push_back(taken_);
    keep(places, place, way);
  }

  std::string_view pattern_;
  Places at_;
  Places next_;
  std::size_t taken_ = 0;
};

bool take_all(Matcher& matcher, std::string_view path) {
  return std::all_of(path.begin(), path.end(), [&](char c) { return matcher.take(c); }) && matcher.matched();
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  Matcher matcher(pattern);
  return take_all(matcher, path);
}

bool is_within_glob(std::string_view pattern, std::string_view path) {
  Matcher matcher(pattern);
  for (const char c : path) {
    if (c == '/' && matcher.matched()) return true;
    if (!matcher.take(c)) return false;
  }
  return matcher.matched();
}

std::optional<std::map<std::string, std::string>> parts_of(std::string_view pattern, std::string_view path) {
  Matcher matcher(pattern);
  if (!take_all(matcher, path)) return std::nullopt;
  std::map<std::string, std::string> parts;
  auto bound = matcher.bounds().begin();
  for (std::string& name : part_names(pattern)) {
    const std::size_t begin = *bound++;
    parts[std::move(name)] = path.substr(begin, *bound++ - begin);
  }
  return parts;
}

std::vector<std::string> part_names(std::string_view pattern) {
  constexpr std::size_t around = 3;  // ${ and }
  std::vector<std::string> names;
  while (!pattern.empty()) {
    const std::size_t length = part_length(pattern);
    if (length != 0) names.emplace_back(pattern.substr(2, length - around));
    pattern.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return names;
}

}  // namespace injector
