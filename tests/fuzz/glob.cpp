#include "bundler/glob.h"

#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

constexpr std::size_t max_text = 64;  // the second opinion's time is exponential where there are many stars

// The length of the ${NAME} that a pattern begins with, 0 where it begins with something else.
std::size_t part_length(std::string_view pattern) {
  const std::size_t end = pattern.starts_with("${") ? pattern.substr(0, max_text).find('}') : std::string_view::npos;
  return end == std::string_view::npos ? 0 : end + 1;
}

// As the rule is written: * stands for anything but /, ** for anything, ${NAME} for at least one byte that is not /.
bool matches(std::string_view pattern, std::string_view path, unsigned& work) {
  if (++work > 100'000) return false;
  if (pattern.empty()) return path.empty();
  const std::size_t part = part_length(pattern);
  if (pattern.front() != '*' && part == 0) {
    return !path.empty() && path.front() == pattern.front() && matches(pattern.substr(1), path.substr(1), work);
  }
  const bool any = pattern.starts_with("**");
  const std::string_view rest = pattern.substr(part != 0 ? part : any ? 2 : 1);
  for (std::size_t taken = 0;; ++taken) {
    if (taken >= (part != 0 ? 1 : 0) && matches(rest, path.substr(taken), work)) return true;
    if (taken == path.size() || (!any && path[taken] == '/')) return false;
  }
}

}  // namespace

void run_glob(std::string_view bytes) {
  const auto texts = parts(bytes, 2);
  const bool found = matches_glob(texts[0], texts[1]);
  require(!found || is_within_glob(texts[0], texts[1]), "a path matches and is not within the pattern");
  if (texts[0].size() > max_text || texts[1].size() > max_text) return;
  unsigned work = 0;
  const bool expected = matches(texts[0], texts[1], work);
  require(work > 100'000 || expected == found, "a pattern matches what it should not, or does not what it should");
}

}  // namespace injector::fuzz
