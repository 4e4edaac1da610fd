#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "injector/found.h"

namespace injector {

// A name of the target's top level, as it was seen before anything was staged, and what is to come of it.
struct Slot {
  std::string name;
  std::optional<Status> seen;
  std::optional<Directory> held;  // the directory that was seen: while it is open, its inode number is no other's
  std::size_t position = 0;       // in Manifest::top(), of a name that the manifest has
  bool foreign = false;           // it is a stranger's directory, and goes to replaced/

  static Slot look(const Directory& target, std::string name, std::optional<Status> seen);
  // Whether status is that of what was seen. One file is as good as another: a file of the name is replaced, as cp
  // would.
  bool is_what_was_seen(const std::optional<Status>& status) const;
};

// What an install has to do about names.
struct Slots {
  std::vector<Slot> fill;   // the manifest's that are not right yet, in the order of publishing
  std::vector<Slot> empty;  // those that only earlier versions had; what is a stranger's by now is not among them
};

// Each name to fill must be free, ours, or a file; throws name_taken where it is another library's, or a stranger's
// directory that replace does not give away. A stranger's that a record names is a warning.
Slots decide(const Bundle& bundle, const Directory& target, const Found& found, bool replace, const Context& context);

}  // namespace injector
