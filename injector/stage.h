#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "core/tree_guard.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/context.h"

namespace injector {

// What has to be staged so that every entry of the target becomes right: each top-level entry in which anything is
// not right, whole. What is right already is linked, each other distinct content copied once and linked for the rest.
class StagePlan {
 public:
  StagePlan(const Manifest& manifest, const Comparison& found);

  // Positions in Manifest::top() of what is staged, in the order of publishing.
  const std::vector<std::size_t>& tops() const { return tops_; }
  // The directories, those at the top level first, then those one level below, and so on.
  const std::vector<std::vector<std::uint32_t>>& levels() const { return levels_; }
  // What is staged, in the manifest's order: a file is linked from the target where it is right there, else copied.
  const std::vector<std::uint32_t>& entries() const { return entries_; }
  // The files that are linked to another entry of the stage instead.
  const std::vector<std::uint32_t>& twins() const { return twins_; }
  std::uint32_t original_of(std::uint32_t twin) const { return originals_[twin]; }

  std::uint64_t bytes_to_copy() const { return bytes_; }
  // Throws no_space or no_inodes where the target lacks room for this plan, or a declared limit does.
  void check_room(const Directory& target, std::size_t record_bytes, std::optional<std::uint64_t> limit) const;

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

// A directory .injector/NAME/stage-RANDOM with new/ (what will be published) and old/ (what was). Nothing in it is
// visible to an application. It goes with this object, and what then cannot be removed the next run removes.
class Stage {
 public:
  explicit Stage(const Directory& library);

  // Brings every entry of the plan into new/, whole and checked, and the record beside it. Throws digest_mismatch and
  // the like where the bundle is not what its manifest says.
  void fill(const Bundle& bundle, const StagePlan& plan, const Directory& target, const Comparison& found,
            const Context& context);
  void write_record(const Bundle& bundle);

  const Directory& root() const { return root_; }
  const Directory& fresh() const { return fresh_; }
  const Directory& old() const { return old_; }

 private:
  TreeGuard guard_;
  Directory root_, fresh_, old_;
};

}  // namespace injector
