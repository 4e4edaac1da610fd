#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/directory.h"
#include "core/tree_guard.h"

namespace injector {

// A directory that is being filled, under a name of its own in its parent; it goes again unless commit was called.
class Draft {
 public:
  // parent: the path of a directory. label: a part of the name, for people who find what a killed run left.
  Draft(const std::string& parent, const std::string& label);

  const Directory& parent() const { return parent_; }
  const Directory& root() const { return root_; }
  // Gives it its final name. Throws name_taken.
  void commit(const std::string& name);

 private:
  Directory parent_;
  TreeGuard guard_;
  Directory root_;
};

// A directory that was not there before. Throws name_taken.
Directory create_fresh(const Directory& parent, const std::string& name);

// Whoever reads the name meanwhile finds the old file or the new one, whole. time, in seconds since the epoch: of the
// last modification.
void replace_file(const Directory& directory, const std::string& name, std::string_view text,
                  std::optional<std::int64_t> time = {});

// Throws target_missing.
Directory open_parent(const std::string& path);

// Where the last component of a path is.
struct Place {
  std::string parent;
  std::string name;
};
Place split_place(std::string path);

}  // namespace injector
