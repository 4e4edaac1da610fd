#include "injector/compare.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>

#include "core/process.h"
#include "injector/block_hasher.h"
#include "injector/directory_cache.h"
#include "injector/parallel.h"

namespace injector {
namespace {

constexpr std::uint32_t readable_file = 0444;
constexpr std::uint32_t executable = 0111;
constexpr std::uint32_t readable_directory = 0555;
constexpr std::uint32_t writable_by_others = 0022;
constexpr std::uint32_t writable = 0222;

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
  Comparer(const Manifest& manifest, const Directory& root, Modes modes, const Context& context)
      : manifest_(manifest), root_(root), modes_(modes), context_(context) {
    result_.states.assign(manifest.size(), State::absent);
    result_.linkable.resize(manifest.size());
    result_.top.resize(manifest.top().size());
  }

  const Manifest& manifest() const { return manifest_; }
  const Directory& root() const { return root_; }
  const Context& context() const { return context_; }
  Comparison& result() { return result_; }

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
  void right(std::uint32_t index) { result_.states[index] = State::right; }

  void right_file(std::uint32_t index, const Status& status) {
    right(index);
    const bool as_installed = (status.mode & ~writable) == (manifest_[index].mode & ~writable);
    if (!as_installed || status.uid != user_ || (status.mode & writable_by_others) != 0) return;
    result_.linkable[index] = {status.inode, status.changed};
  }

  bool has_bits(const Status& status, std::uint32_t bits) const {
    return modes_ == Modes::of_the_mount || (status.mode & bits) == bits;
  }
  bool is_as_executable(const Status& status, std::uint32_t index) const {
    return modes_ == Modes::of_the_mount || (status.mode & executable) == (manifest_[index].mode & executable);
  }

 private:
  const Manifest& manifest_;
  const Directory& root_;
  Modes modes_;
  const Context& context_;
  std::uint32_t user_ = process::effective_user();
  Comparison result_;
  std::mutex mutex_;
};

// What each thread has for itself.
class Worker {
 public:
  Worker(Comparer& shared, bool thread_to_spare)
      : shared_(shared), directories_(shared.manifest(), shared.root(), Use::all), hasher_(thread_to_spare) {}

  // What a bad disk no longer gives is as wrong as other bytes: an install brings it anew.
  void compare_entry(std::uint32_t index) {
    try {
      compare_readable_entry(index);
    } catch (const Error& error) {
      if (error.reason() != Reason::io_error) throw;
      hasher_.finish();  // what the file gave before
      shared_.differ_at(index, State::wrong, Reason::io_error, error.path(), error.problem());
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
  void compare_readable_entry(std::uint32_t index) {
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
    if (shared_.has_bits(status, bits)) return true;
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
    if (!shared_.is_as_executable(status, index)) {
      return wrong(Reason::mode_mismatch,
                   "has mode " + mode_text(status.mode) + ", the manifest says " + mode_text(entry.mode));
    }
    if (status.size != entry.size) return wrong(Reason::size_mismatch, size_problem(status.size, entry.size));
    const auto [size, digest] = hash(*file, status.size);
    if (size != entry.size) return wrong(Reason::size_mismatch, size_problem(size, entry.size));
    if (digest != entry.digest) return wrong(Reason::digest_mismatch, digest_problem(digest, entry.digest));
    shared_.right_file(index, status);
    return file;
  }

  // Of a file that is being written to, one byte more than it had tells enough: it may grow without end.
  std::pair<std::uint64_t, Digest> hash(File& file, std::uint64_t expected) {
    std::uint64_t size = 0;
    hasher_.begin(expected);
    while (size <= expected) {
      const std::span<char> block = hasher_.block();
      const std::size_t count = file.read(block.first(std::min<std::uint64_t>(block.size(), expected + 1 - size)));
      if (count == 0) break;
      hasher_.add(count);
      size += count;
      shared_.context().progress.advance(count);
      shared_.context().interrupt.check();
    }
    return {size, hasher_.finish()};
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

// An entry of the top level, where it is there, with all below it; else nothing below it needs to be opened.
void add_present(Comparer& shared, std::size_t position, std::vector<std::uint32_t>& present) {
  const Manifest& manifest = shared.manifest();
  const std::uint32_t top = manifest.top()[position];
  const auto status = shared.root().try_status(manifest.name_of(top));
  shared.result().top[position] = status;
  if (!status) return shared.differ(top, State::absent, Reason::missing_entry, "is missing");
  for (std::uint32_t i = top; i < manifest.end_of_top(position); ++i) present.push_back(i);
}

void compare_entries(Comparer& shared, const std::vector<std::uint32_t>& entries) {
  const bool threads_to_spare = has_threads_to_spare(entries.size(), shared.context());
  for_each_parallel(entries.size(), shared.context(), [&] {
    const auto worker = std::make_shared<Worker>(shared, threads_to_spare);
    return [worker, &entries](std::size_t i) { worker->compare_entry(entries[i]); };
  });
}

}  // namespace

bool Comparison::right(std::uint32_t begin, std::uint32_t end) const {
  return std::all_of(states.begin() + begin, states.begin() + end, [](State s) { return s == State::right; });
}

void Comparison::forget_links(std::uint32_t begin, std::uint32_t end) {
  std::fill(linkable.begin() + begin, linkable.begin() + end, Hashed{});
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
  std::size_t count = 0;
  if (directory.list_while([&](const std::string&) { return ++count <= manifest.children_of(index); }))
    return std::nullopt;
  std::set<std::string> expected;
  for (std::uint32_t i = index == Entry::no_parent ? 0 : index + 1; i < manifest.size(); ++i) {
    if (manifest[i].parent == index) expected.insert(manifest.name_of(i));
  }
  std::optional<std::string> surplus;
  directory.list_while([&](const std::string& name) {
    const bool known = expected.contains(name) || (tree == Tree::bundle && manifest.left_out(index, name));
    if (!known) surplus = directory.path_of(name);
    return known;
  });
  return surplus;  // none: a directory that changes while it is listed can give a name twice
}

Comparison compare(const Manifest& manifest, const Directory& root, Modes modes, bool whole_root,
                   const Context& context) {
  Comparer shared(manifest, root, modes, context);
  std::vector<std::uint32_t> present;
  for (std::size_t position = 0; position < manifest.top().size(); ++position) add_present(shared, position, present);
  compare_entries(shared, present);
  if (whole_root) Worker(shared, false).compare_names(root, Entry::no_parent);
  return std::move(shared.result());
}

bool is_right(const Manifest& manifest, const std::string& top_name, const Directory& root, Modes modes,
              const Context& context) {
  const std::size_t position = manifest.position_of(top_name);
  if (position == manifest.top().size()) return false;
  Comparer shared(manifest, root, modes, context);
  std::vector<std::uint32_t> present;
  add_present(shared, position, present);
  compare_entries(shared, present);
  return shared.result().all_right();
}

File open_right(const Manifest& manifest, const Directory& root, Modes modes, std::uint32_t index,
                const Context& context) {
  Comparer shared(manifest, root, modes, context);
  auto file = Worker(shared, has_threads_to_spare(1, context)).open_file(index);
  if (file) return std::move(*file);
  const Difference& first = *shared.result().first;
  throw Error(first.reason, first.path, first.problem);
}

}  // namespace injector
