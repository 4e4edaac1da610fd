#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/selectors.h"

namespace injector {

// What a pattern of payload paths (glob.h) says of the entries that match it. The parts that it names are selectors
// too.
struct SelectorRule {
  std::string pattern;
  Selectors selectors;
};

// Applies rules to the paths of a payload. Rules must outlive it.
class Selecting {
 public:
  explicit Selecting(const std::vector<SelectorRule>& rules);

  // Those of an entry; none where no rule matches. Throws unsafe_entry where two do, and for a libc or a python that
  // cannot be one: a value that no machine has would leave the entry out everywhere.
  std::optional<Selectors> selectors_of(const std::string& path);
  // Once all paths have been asked for: throws unsafe_entry for a rule that none matched.
  void check_all_matched() const;

 private:
  const std::vector<SelectorRule>& rules_;
  std::set<std::string> unmatched_;  // patterns
};

}  // namespace injector
