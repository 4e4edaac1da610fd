#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "webhook/configuration.h"
#include "webhook/reason.h"

namespace injector {

// One library that a Pod asks for.
struct Wish {
  const Library* library = nullptr;
  const Vocabulary* vocabulary = nullptr;
  std::string version;  // as somebody wrote it
  std::string image;    // or a whole image reference instead
  std::string profile = "default";
  std::vector<std::string> select;      // KEY=VALUE
  std::vector<std::string> containers;  // names
};

struct Wishes {
  std::vector<Wish> all;
  std::vector<Note> notes;
};

// What the labels and annotations of a Pod ask for in any vocabulary of the catalog, and, where they ask for nothing
// and refuse nothing, what the rule's profile has. rule: empty, or the last component of the path that was called.
Wishes wishes_of(const Json& pod, std::string_view rule, const Configuration& configuration, const Catalog& catalog);

// In whose words a library is meant that a rule has: the first that has one for it; nullptr where none has.
const Vocabulary* vocabulary_of(const Library& library, const Catalog& catalog);

}  // namespace injector
