#include "bundler/glob.h"

namespace injector {

bool matches_glob(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() != '*') {
    return !path.empty() && pattern.front() == path.front() && matches_glob(pattern.substr(1), path.substr(1));
  }
  const bool deep = pattern.starts_with("**");
  const std::string_view rest = pattern.substr(deep ? 2 : 1);
  for (std::size_t taken = 0;; ++taken) {
    if (matches_glob(rest, path.substr(taken))) return true;
    if (taken == path.size() || (path[taken] == '/' && !deep)) return false;
  }
}

bool is_within_glob(std::string_view pattern, std::string_view path) {
  for (std::size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
    if (matches_glob(pattern, path.substr(0, end))) return true;
  }
  return matches_glob(pattern, path);
}

}  // namespace injector
