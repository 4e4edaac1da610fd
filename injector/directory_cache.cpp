#include "injector/directory_cache.h"

#include "core/error.h"

namespace injector {

const Directory* DirectoryCache::try_open(std::uint32_t index) {
  if (index == Entry::no_parent) return &root_;
  if (const auto found = by_index_.find(index); found != by_index_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return &found->second->directory;
  }
  const Directory* parent = try_open(manifest_[index].parent);
  if (parent == nullptr) return nullptr;
  auto opened = parent->try_open_directory(manifest_.name_of(index), use_);
  if (!opened) return nullptr;
  if (recent_.size() == capacity) {
    by_index_.erase(recent_.back().index);
    recent_.pop_back();
  }
  recent_.push_front({index, std::move(*opened)});
  by_index_[index] = recent_.begin();
  return &recent_.front().directory;
}

const Directory* DirectoryCache::try_open_parent_of(std::uint32_t index) { return try_open(manifest_[index].parent); }

const Directory& DirectoryCache::parent_of(std::uint32_t index) {
  const Directory* parent = try_open_parent_of(index);
  if (parent != nullptr) return *parent;
  throw Error(absence_, root_.path_of(manifest_.path_of(manifest_[index].parent)),
              "is no directory, or closed to this user");
}

}  // namespace injector
