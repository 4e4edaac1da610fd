#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "injector/compare.h"

namespace injector {

// How much an install may write: what --size-limit says, and where the volume is in memory what the memory limit does.
struct Room {
  std::optional<std::uint64_t> size_limit;  // bytes
  std::optional<std::uint64_t> memory;      // bytes, of the control group
};

// What has to be staged so that every entry of the target becomes right: each top-level entry in which anything is
// not right, whole. What is right already is linked, each other distinct content copied once and linked for the rest.
class StagePlan {
 public:
  StagePlan(const Manifest& manifest, const Comparison& found);

  // Positions in Manifest::top() of what is staged, in the order of publishing.
  const std::vector<std::size_t>& tops() const { return tops_; }
  // The directories, those at the top level first, then those one level below, and so on.
  const std::vector<std::vector<std::uint32_t>>& levels() const { return levels_; }
  // What is staged, in the manifest's order: a file is linked from the target where that may be, else copied.
  const std::vector<std::uint32_t>& entries() const { return entries_; }
  // The files that are linked to another entry of the stage instead.
  const std::vector<std::uint32_t>& twins() const { return twins_; }
  std::uint32_t original_of(std::uint32_t twin) const { return originals_[twin]; }

  std::uint64_t bytes_to_copy() const { return bytes_; }
  // Throws no_space, no_inodes or out_of_memory where the target lacks room for this plan, or a declared limit does.
  void check_room(const std::string& target, const FreeSpace& free, std::size_t record_bytes, const Room& room) const;
  // The bytes that this plan needs besides the contents that are copied: the record, and the directories.
  std::uint64_t other_bytes(std::size_t record_bytes, const FreeSpace& space) const;

 private:
  void add_directory(const Manifest& manifest, std::uint32_t index);
  void group_by_content(const Manifest& manifest, const Comparison& found, std::vector<std::uint32_t> files);

  std::vector<std::size_t> tops_;
  std::vector<std::vector<std::uint32_t>> levels_;
  std::vector<std::uint32_t> entries_, twins_;
  std::vector<std::uint32_t> originals_;
  std::vector<std::uint64_t> sizes_;  // of what is copied
  std::uint64_t directories_ = 0;
  std::uint64_t symlinks_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace injector
