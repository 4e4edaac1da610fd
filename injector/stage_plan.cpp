#include "injector/stage_plan.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"

namespace injector {
namespace {

constexpr std::uint64_t own_directories = 5;  // .injector, its library, the stage, new, lent or old
constexpr std::uint64_t own_files = 3;        // the record and two locks
// Bytes that an install in memory takes besides contents, measured: what fits is never refused. An inode of tmpfs with
// its name, and this process.
constexpr std::uint64_t inode_in_memory = 1024;
constexpr std::uint64_t process_in_memory = std::uint64_t{3} << 20U;

}  // namespace

StagePlan::StagePlan(const Manifest& manifest, const Comparison& found) {
  std::vector<std::uint32_t> files;
  for (std::size_t position = 0; position < manifest.top().size(); ++position) {
    const std::uint32_t begin = manifest.top()[position];
    const std::uint32_t end = manifest.end_of_top(position);
    if (found.right(begin, end)) continue;
    tops_.push_back(position);
    for (std::uint32_t i = begin; i < end; ++i) {
      const EntryType type = manifest[i].type;
      if (type == EntryType::directory) add_directory(manifest, i);
      if (type == EntryType::symlink) ++symlinks_;
      (type == EntryType::file ? files : entries_).push_back(i);
    }
  }
  originals_.assign(manifest.size(), Entry::no_parent);
  group_by_content(manifest, found, std::move(files));
}

void StagePlan::add_directory(const Manifest& manifest, std::uint32_t index) {
  std::size_t level = 0;
  for (std::uint32_t at = manifest[index].parent; at != Entry::no_parent; at = manifest[at].parent) ++level;
  if (level == levels_.size()) levels_.emplace_back();
  levels_[level].push_back(index);
  ++directories_;
}

// Hard links share their mode, so that "the same content" is digest and mode.
void StagePlan::group_by_content(const Manifest& manifest, const Comparison& found, std::vector<std::uint32_t> files) {
  std::sort(files.begin(), files.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (const auto order = manifest[a].digest <=> manifest[b].digest; order != 0) return order < 0;
    const auto rest = [&](std::uint32_t i) { return std::tuple(manifest[i].mode, found.linkable[i].inode == 0, i); };
    return rest(a) < rest(b);
  });
  std::uint32_t original = Entry::no_parent;
  for (const std::uint32_t i : files) {
    const bool same = original != Entry::no_parent && manifest[i].digest == manifest[original].digest &&
                      manifest[i].mode == manifest[original].mode;
    if (!same) original = i;
    const bool kept = found.linkable[i].inode != 0;
    if (!kept && !same) {
      sizes_.push_back(manifest[i].size);
      bytes_ += manifest[i].size;
    }
    (!kept && same ? twins_ : entries_).push_back(i);
    originals_[i] = original;
  }
  // In the manifest's order, neighbours are in the same directory.
  for (auto* list : {&entries_, &twins_}) std::sort(list->begin(), list->end());
}

std::uint64_t StagePlan::other_bytes(std::size_t record_bytes, const FreeSpace& space) const {
  return space.rounded(record_bytes) + (directories_ + own_directories) * space.block;
}

void StagePlan::check_room(const std::string& target, const FreeSpace& free, std::size_t record_bytes,
                           const Room& room) const {
  std::uint64_t bytes = other_bytes(record_bytes, free);
  for (const std::uint64_t size : sizes_) bytes += free.rounded(size);
  const std::uint64_t inodes = sizes_.size() + directories_ + symlinks_ + own_directories + own_files;
  const std::string needed = std::to_string(bytes) + " bytes are needed, ";
  if (room.size_limit && bytes > *room.size_limit) {
    throw Error(Reason::no_space, target, needed + "--size-limit is " + std::to_string(*room.size_limit));
  }
  if (free.bytes && bytes > *free.bytes) {
    throw Error(Reason::no_space, target, needed + std::to_string(*free.bytes) + " are free");
  }
  if (free.inodes && inodes > *free.inodes) {
    throw Error(Reason::no_inodes, target,
                std::to_string(inodes) + " inodes are needed, " + std::to_string(*free.inodes) + " are free");
  }
  if (free.in_memory && room.memory && bytes + inodes * inode_in_memory + process_in_memory > *room.memory) {
    throw Error(Reason::out_of_memory, target,
                needed + "the volume is in memory, and the memory limit is " + std::to_string(*room.memory),
                "Raise the memory limit of the init container, or use a volume on a disk.");
  }
}

}  // namespace injector
