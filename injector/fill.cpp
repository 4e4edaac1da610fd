#include "injector/fill.h"

#include <atomic>
#include <memory>

#include "core/error.h"
#include "injector/block_hasher.h"
#include "injector/directory_cache.h"
#include "injector/parallel.h"

namespace injector {
namespace {

// Counts what all threads write against a declared limit.
class Budget {
 public:
  explicit Budget(const Allowance& allowance) : allowance_(allowance), spent_(allowance.other_bytes) {}

  void spend(std::uint64_t bytes, const Directory& where) {
    const std::uint64_t spent = spent_ += allowance_.space.rounded(bytes);
    if (!allowance_.size_limit || spent <= *allowance_.size_limit) return;
    throw Error(Reason::no_space, where.path(),
                "more than " + std::to_string(spent) + " bytes are needed without hard links, --size-limit is " +
                    std::to_string(*allowance_.size_limit));
  }

 private:
  const Allowance& allowance_;
  std::atomic<std::uint64_t> spent_;
};

// Copies one file after the other, hashing what it writes, and keeps the dirty pages of a limited memory in bounds.
class Copier {
 public:
  Copier(Budget& budget, const Context& context, bool thread_to_spare)
      : budget_(budget), context_(context), hasher_(thread_to_spare) {}

  void copy(File from, const Directory& to, const std::string& name, const Entry& entry) {
    const Status status = from.status();
    if (status.type != FileType::file) throw Error(Reason::type_mismatch, from.path(), "is not a file");
    if (status.size != entry.size) throw size_mismatch(from, status.size, entry.size);
    budget_.spend(entry.size, to);
    File file = to.create_file(name, entry.mode);
    std::uint64_t written = 0;
    hasher_.begin(entry.size);
    while (written < entry.size) {
      const std::span<char> block = hasher_.block();
      const std::size_t count = from.read(block);
      if (count == 0 || written + count > entry.size) throw size_mismatch(from, written + count, entry.size);
      hasher_.add(count);
      file.write_all({block.data(), count});
      written += count;
      bound_dirty_pages(file, from, written, count);
      context_.progress.advance(count);
      if (written < entry.size) context_.interrupt.check();
    }
    const Digest digest = hasher_.finish();
    if (digest != entry.digest) {
      throw Error(Reason::digest_mismatch, from.path(), digest_problem(digest, entry.digest));
    }
    if (context_.dirty_window && since_writeback_ >= *context_.dirty_window) start_writeback(file, written);
    file.close();
  }

 private:
  static Error size_mismatch(const File& file, std::uint64_t found, std::uint64_t expected) {
    return {Reason::size_mismatch, file.path(), size_problem(found, expected)};
  }

  // Dirty pages count against the memory limit. Two windows of a large file are in flight at most: one that is
  // being filled and one that is being written; small files only start their way to the device.
  void bound_dirty_pages(File& file, File& from, std::uint64_t written, std::size_t count) {
    since_writeback_ += count;
    if (!context_.dirty_window) return;
    const std::uint64_t window = *context_.dirty_window;
    if (written / window == (written - count) / window) return;
    const std::uint64_t begin = (written / window - 1) * window;
    file.start_writeback(begin, window);
    if (begin >= window) file.finish_writeback(begin - window, window);
    from.forget_cache(0, begin);
    since_writeback_ = 0;
  }

  void start_writeback(File& file, std::uint64_t written) {
    file.start_writeback(0, written);
    since_writeback_ = 0;
  }

  Budget& budget_;
  const Context& context_;
  BlockHasher hasher_;
  std::uint64_t since_writeback_ = 0;
};

// One thread's view of bundle, target and stage.
class Filler {
 public:
  Filler(const Bundle& bundle, const StagePlan& plan, const Comparison& found, const Directory& target,
         const Directory& fresh, Budget& budget, const Context& context)
      : manifest_(bundle.manifest),
        plan_(plan),
        found_(found),
        source_(manifest_, bundle.payload, Use::all),
        installed_(manifest_, target, Use::names),
        stage_(manifest_, fresh, Use::names, Reason::io_error),
        copier_(budget, context, has_threads_to_spare(plan.entries().size(), context)) {}

  // A directory and all that are below it.
  void create_directories(std::uint32_t index) {
    create_directory(index);
    const auto below = [&](std::uint32_t i) {
      return manifest_[i].parent >= index && manifest_[i].parent != Entry::no_parent;
    };
    for (std::uint32_t i = index + 1; i < manifest_.size() && below(i); ++i) {
      if (manifest_[i].type == EntryType::directory) create_directory(i);
    }
  }

  void create_directory(std::uint32_t index) {
    const Directory& parent = stage_.parent_of(index);
    if (!parent.try_create_directory(manifest_.name_of(index), manifest_[index].mode)) {
      throw Error(Reason::target_unsafe, parent.path_of(manifest_.name_of(index)), "appeared while the install ran");
    }
  }

  // Everything about an entry but what create_directory and link_twin do.
  void fill(std::uint32_t index) {
    switch (manifest_[index].type) {
      case EntryType::directory:
        return check_surplus(index);
      case EntryType::file:
        return found_.linkable[index].inode != 0 ? keep(index) : copy(index);
      case EntryType::symlink:
        return stage_.parent_of(index).create_symlink(manifest_.name_of(index), manifest_.link_target_of(index));
    }
  }

  void link_twin(std::uint32_t index) {
    const std::uint32_t original = plan_.original_of(index);
    // The cache holds more than two paths: the second does not close the first.
    const Directory& to = stage_.parent_of(index);
    if (!to.try_link(stage_.parent_of(original), manifest_.name_of(original), manifest_.name_of(index))) copy(index);
  }

  // What the bundle has beside its manifest is not installed, but a bundle that has it is not what was packed.
  void check_surplus(std::uint32_t index) {
    if (const auto surplus = find_surplus(manifest_, index, source(index), Tree::bundle)) {
      throw Error(Reason::surplus_entry, *surplus, "is not in the manifest");
    }
  }

 private:
  // A name that was right is linked, if it still is the file that was hashed.
  void keep(std::uint32_t index) {
    if (!try_keep(index)) copy(index);
  }

  // While the file is open, its inode number is no other's. The link itself changes the time that tells it apart.
  bool try_keep(std::uint32_t index) {
    const std::string name = manifest_.name_of(index);
    const Directory* from = installed_.try_open_parent_of(index);
    const auto file = from != nullptr ? from->try_open_file(name) : std::nullopt;
    if (!file || !found_.linkable[index].is(file->status())) return false;
    const Directory& to = stage_.parent_of(index);
    if (!to.try_link(*from, name, name)) return false;
    const auto linked = to.try_status(name);
    if (linked && linked->inode == found_.linkable[index].inode) return true;
    to.remove_file(name);
    return false;
  }

  void copy(std::uint32_t index) {
    const std::string name = manifest_.name_of(index);
    const Directory& from = source(manifest_[index].parent);
    auto file = from.try_open_file(name);
    if (!file) throw absent(from, name, "a file");
    copier_.copy(std::move(*file), stage_.parent_of(index), name, manifest_[index]);
  }

  // A directory of the bundle. Where several in a row are missing, the uppermost is named.
  const Directory& source(std::uint32_t index) {
    const Directory* directory = source_.try_open(index);
    if (directory != nullptr) return *directory;
    throw absent(source(manifest_[index].parent), manifest_.name_of(index), "a directory");
  }

  static Error absent(const Directory& parent, const std::string& name, const std::string& expected) {
    if (!parent.try_status(name)) return {Reason::missing_entry, parent.path_of(name), "is missing"};
    return {Reason::type_mismatch, parent.path_of(name), "is not " + expected + " that can be read"};
  }

  const Manifest& manifest_;
  const StagePlan& plan_;
  const Comparison& found_;
  DirectoryCache source_, installed_, stage_;
  Copier copier_;
};

}  // namespace

void fill(const Bundle& bundle, const StagePlan& plan, const Comparison& found, const Directory& target,
          const Directory& fresh, const Allowance& allowance, const Context& context) {
  Budget budget(allowance);
  const auto make = [&] { return std::make_shared<Filler>(bundle, plan, found, target, fresh, budget, context); };
  const auto each = [&](const std::vector<std::uint32_t>& entries, void (Filler::*step)(std::uint32_t)) {
    for_each_parallel(entries.size(), context, [&] {
      const auto filler = make();
      return [&entries, step, filler](std::size_t i) { (*filler.*step)(entries[i]); };
    });
  };
  const auto filler = make();
  filler->check_surplus(Entry::no_parent);
  // One by one until there are many on a level: then each of those with what is below it.
  constexpr std::size_t many = 64;
  auto level = plan.levels().begin();
  for (; level != plan.levels().end() && level->size() < many; ++level) {
    for (const std::uint32_t index : *level) filler->create_directory(index);
  }
  if (level != plan.levels().end()) each(*level, &Filler::create_directories);
  each(plan.entries(), &Filler::fill);
  each(plan.twins(), &Filler::link_twin);
}

}  // namespace injector
