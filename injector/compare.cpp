#include "injector/compare.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>

#include "injector/block_hasher.h"
#include "injector/directory_cache.h"
#include "injector/parallel.h"

namespace injector {
namespace {

constexpr std::uint32_t readable_file = 0444;
constexpr std::uint32_t executable = 0111;
constexpr std::uint32_t readable_directory = 0555;

std::string_view name_of(FileType type) {
  switch (type) {
    case FileType::file:
      return "a file";
    case FileType::directory:
      return "a directory";
    case FileType::symlink:
      return "a symbolic link";
    case FileType::other:
      return "neither file, directory nor link";
  }
  return "";
}

// What all threads share.
class Comparer {
 public:
  Comparer(const Manifest& manifest, const Directory& root, const Context& context, Comparison& result)
      : manifest_(manifest), root_(root), context_(context), result_(result) {}

  const Manifest& manifest() const { return manifest_; }
  const Directory& root() const { return root_; }
  const Context& context() const { return context_; }

  void differ(std::uint32_t index, State state, Reason reason, std::string problem) {
    differ_at(index, state, reason, root_.path_of(manifest_.path_of(index)), std::move(problem));
  }

  void differ_at(std::uint32_t index, State state, Reason reason, std::string path, std::string problem) {
    const std::lock_guard lock(mutex_);
    if (index != Entry::no_parent) result_.states[index] = state;
    if (result_.first && result_.first->index <= index) return;
    result_.first = Difference{index, reason, std::move(path), std::move(problem)};
  }

  // Each entry is one thread's, and no two entries share a byte.
  void right(std::uint32_t index, std::uint64_t linkable_inode = 0) {
    result_.states[index] = State::right;
    result_.linkable[index] = linkable_inode;
  }

 private:
  const Manifest& manifest_;
  const Directory& root_;
  const Context& context_;
  Comparison& result_;
  std::mutex mutex_;
};

// What each thread has for itself.
class Worker {
 public:
  Worker(Comparer& shared, bool thread_to_spare)
      : shared_(shared), directories_(shared.manifest(), shared.root()), hasher_(thread_to_spare) {}

  void compare_entry(std::uint32_t index) {
    const Directory* parent = directories_.try_open_parent_of(index);
    if (parent == nullptr) return shared_.differ(index, State::absent, Reason::missing_entry, "is missing");
    switch (shared_.manifest()[index].type) {
      case EntryType::directory:
        return compare_directory(*parent, index);
      case EntryType::file:
        compare_file(*parent, index);
        return;
      case EntryType::symlink:
        return compare_symlink(*parent, index);
    }
  }

  void compare_names(const Directory& directory, std::uint32_t index) {
    if (const auto surplus = find_surplus(shared_.manifest(), index, directory, Tree::installed)) {
      return shared_.differ_at(index, State::wrong, Reason::surplus_entry, *surplus, "is not in the manifest");
    }
    if (index != Entry::no_parent) shared_.right(index);
  }

  // Empty where it is not right.
  std::optional<File> open_file(std::uint32_t index) {
    const Directory* parent = directories_.try_open_parent_of(index);
    if (parent != nullptr) return compare_file(*parent, index);
    shared_.differ(index, State::absent, Reason::missing_entry, "is missing");
    return std::nullopt;
  }

 private:
  // Says what is there instead of the entry that could not be opened.
  void diagnose(const Directory& parent, std::uint32_t index, FileType expected) {
    const auto status = parent.try_status(shared_.manifest().name_of(index));
    if (!status) return shared_.differ(index, State::absent, Reason::missing_entry, "is missing");
    if (status->type == expected) {
      return shared_.differ(index, State::wrong, Reason::mode_mismatch,
                            "has mode " + mode_text(status->mode) + ": not everybody can read it");
    }
    shared_.differ(index, State::wrong, Reason::type_mismatch,
                   "is " + std::string(name_of(status->type)) + ", the manifest says " +
                       std::string(injector::name_of(shared_.manifest()[index].type)));
  }

  bool is_readable(const Status& status, std::uint32_t index, std::uint32_t bits) {
    if ((status.mode & bits) == bits) return true;
    shared_.differ(index, State::wrong, Reason::mode_mismatch,
                   "has mode " + mode_text(status.mode) + ": not everybody can read it");
    return false;
  }

  void compare_directory(const Directory& parent, std::uint32_t index) {
    const Directory* directory = directories_.try_open(index);
    if (directory == nullptr) return diagnose(parent, index, FileType::directory);
    if (!is_readable(directory->status(), index, readable_directory)) return;
    compare_names(*directory, index);
  }

  // The file, where it is right.
  std::optional<File> compare_file(const Directory& parent, std::uint32_t index) {
    const auto wrong = [&](Reason reason, std::string problem) {
      shared_.differ(index, State::wrong, reason, std::move(problem));
      return std::nullopt;
    };
    const Entry& entry = shared_.manifest()[index];
    auto file = parent.try_open_file(shared_.manifest().name_of(index));
    const Status status = file ? file->status() : Status();
    if (status.type != FileType::file) {
      diagnose(parent, index, FileType::file);
      return std::nullopt;
    }
    if (!is_readable(status, index, readable_file)) return std::nullopt;
    if ((status.mode & executable) != (entry.mode & executable)) {
      return wrong(Reason::mode_mismatch,
                   "has mode " + mode_text(status.mode) + ", the manifest says " + mode_text(entry.mode));
    }
    if (status.size != entry.size) return wrong(Reason::size_mismatch, size_problem(status.size, entry.size));
    const Digest digest = digest_of(*file, status.size);
    if (digest != entry.digest) return wrong(Reason::digest_mismatch, digest_problem(digest, entry.digest));
    const bool linkable = (status.mode & ~0222U) == (entry.mode & ~0222U);
    shared_.right(index, linkable ? status.inode : 0);
    return file;
  }

  Digest digest_of(File& file, std::uint64_t size) {
    hasher_.begin(size);
    while (const std::size_t count = file.read(hasher_.block())) {
      hasher_.add(count);
      shared_.context().progress.advance(count);
      shared_.context().interrupt.check();
    }
    return hasher_.finish();
  }

  void compare_symlink(const Directory& parent, std::uint32_t index) {
    const std::string name = shared_.manifest().name_of(index);
    // One call: without the lock, another injector may swap the entry between two.
    const auto target = parent.try_read_link(name);
    if (!target) return diagnose(parent, index, FileType::symlink);
    const std::string expected = shared_.manifest().link_target_of(index);
    if (*target == expected) return shared_.right(index);
    shared_.differ(index, State::wrong, Reason::link_mismatch,
                   "leads to " + *target + ", the manifest says " + expected);
  }

  Comparer& shared_;
  DirectoryCache directories_;
  BlockHasher hasher_;
};

// Entries of the top level that are there, with all below them; of the others nothing needs to be opened.
std::vector<std::uint32_t> present_entries(Comparer& shared) {
  const Manifest& manifest = shared.manifest();
  std::vector<std::uint32_t> present;
  for (std::size_t position = 0; position < manifest.top().size(); ++position) {
    const std::uint32_t top = manifest.top()[position];
    if (!shared.root().try_status(manifest.name_of(top))) {
      shared.differ(top, State::absent, Reason::missing_entry, "is missing");
      continue;
    }
    for (std::uint32_t i = top; i < manifest.end_of_top(position); ++i) present.push_back(i);
  }
  return present;
}

}  // namespace

bool Comparison::right(std::uint32_t begin, std::uint32_t end) const {
  return std::all_of(states.begin() + begin, states.begin() + end, [](State s) { return s == State::right; });
}

std::string size_problem(std::uint64_t found, std::uint64_t expected) {
  return "has " + std::to_string(found) + " bytes, the manifest says " + std::to_string(expected);
}

std::string digest_problem(const Digest& found, const Digest& expected) {
  return "SHA-256 is " + found.text() + ", the manifest says " + expected.text();
}

// Counting is enough: that one of the manifest's own entries is missing shows at that entry.
std::optional<std::string> find_surplus(const Manifest& manifest, std::uint32_t index, const Directory& directory,
                                        Tree tree) {
  std::vector<std::string> names;
  directory.list([&](std::string name) { names.push_back(std::move(name)); });
  if (names.size() <= manifest.children_of(index)) return std::nullopt;
  std::set<std::string> expected;
  for (std::uint32_t i = index == Entry::no_parent ? 0 : index + 1; i < manifest.size(); ++i) {
    if (manifest[i].parent == index) expected.insert(manifest.name_of(i));
  }
  std::sort(names.begin(), names.end());
  const auto known = [&](const std::string& name) {
    return expected.contains(name) || (tree == Tree::bundle && manifest.left_out(index, name));
  };
  const auto surplus = std::find_if_not(names.begin(), names.end(), known);
  // A directory that changes while it is listed can give a name twice.
  if (surplus == names.end()) return std::nullopt;
  return directory.path_of(*surplus);
}

Comparison compare(const Manifest& manifest, const Directory& root, bool whole_root, const Context& context) {
  Comparison result;
  result.states.assign(manifest.size(), State::absent);
  result.linkable.assign(manifest.size(), 0);
  Comparer shared(manifest, root, context, result);
  const std::vector<std::uint32_t> present = present_entries(shared);
  const bool threads_to_spare = has_threads_to_spare(present.size(), context);
  for_each_parallel(present.size(), context, [&] {
    const auto worker = std::make_shared<Worker>(shared, threads_to_spare);
    return [worker, &present](std::size_t i) { worker->compare_entry(present[i]); };
  });
  if (whole_root) Worker(shared, false).compare_names(root, Entry::no_parent);
  return result;
}

File open_right(const Manifest& manifest, const Directory& root, std::uint32_t index, const Context& context) {
  Comparison result;
  result.states.assign(manifest.size(), State::absent);
  result.linkable.assign(manifest.size(), 0);
  Comparer shared(manifest, root, context, result);
  auto file = Worker(shared, has_threads_to_spare(1, context)).open_file(index);
  if (!file) throw Error(result.first->reason, result.first->path, result.first->problem);
  return std::move(*file);
}

}  // namespace injector
