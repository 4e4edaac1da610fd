#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "core/directory.h"
#include "core/manifest.h"

namespace injector {

// The open directories of one tree, by their number in the manifest. Keeps the most recently used ones open, so that
// a walk in the manifest's order opens each directory once. Each directory is opened from its parent and is never a
// symbolic link. Not for use by several threads at once.
class DirectoryCache {
 public:
  // use: what the directories can be used for. absence: the reason that parent_of gives.
  DirectoryCache(const Manifest& manifest, const Directory& root, Use use, Reason absence = Reason::missing_entry)
      : manifest_(manifest), root_(root), use_(use), absence_(absence) {}

  // Null where there is no such directory, or something else in its place.
  const Directory* try_open(std::uint32_t index);
  // The directory of an entry.
  const Directory* try_open_parent_of(std::uint32_t index);
  // The same where it must be there: its absence is an error.
  const Directory& parent_of(std::uint32_t index);

 private:
  static constexpr std::size_t capacity = 128;  // above the depth of any path, below any limit of open files

  struct Cached {
    std::uint32_t index;
    Directory directory;
  };

  const Manifest& manifest_;
  const Directory& root_;
  Use use_;
  Reason absence_;
  std::list<Cached> recent_;
  std::unordered_map<std::uint32_t, std::list<Cached>::iterator> by_index_;
};

}  // namespace injector
