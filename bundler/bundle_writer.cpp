#include "bundler/bundle_writer.h"

#include <map>
#include <utility>
#include <vector>

#include "bundler/draft.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {
namespace {

class Writer {
 public:
  Writer(const Manifest& manifest, const Collection& collection, std::int64_t time)
      : manifest_(manifest), collection_(collection), time_(time), buffer_(File::buffer_size) {}

  // A directory's time changes with its entries: it is set when all of them are there.
  void write_entries(const Directory& directory, std::uint32_t begin, std::uint32_t end, std::uint32_t parent) {
    for (std::uint32_t i = begin; i < end; ++i) {
      if (manifest_[i].parent == parent) write_entry(directory, i, end);
    }
    directory.set_modification_time(time_);
  }

 private:
  void write_entry(const Directory& directory, std::uint32_t index, std::uint32_t end) {
    const std::string name = manifest_.name_of(index);
    switch (manifest_[index].type) {
      case EntryType::directory:
        write_entries(create_fresh(directory, name), index + 1, end_of(index, end), index);
        break;
      case EntryType::file:
        write_file(directory, name, index);
        break;
      case EntryType::symlink:
        directory.create_symlink(name, manifest_.link_target_of(index));
        directory.set_modification_time_of_link(name, time_);
        break;
    }
  }

  // The next neighbour of a directory is the first entry behind it that is not below it.
  std::uint32_t end_of(std::uint32_t index, std::uint32_t end) const {
    std::uint32_t next = index + 1;
    while (next < end && manifest_[next].parent >= index && manifest_[next].parent != Entry::no_parent) ++next;
    return next;
  }

  void write_file(const Directory& directory, const std::string& name, std::uint32_t index) {
    const Entry& entry = manifest_[index];
    const auto key = std::pair(entry.digest, entry.mode);
    if (const auto twin = twins_.find(key); twin != twins_.end()) {
      auto from = Directory::try_open(twin->second.parent);
      if (from && directory.try_link(*from, twin->second.name, name)) return;
    } else {
      twins_[key] = {directory.path(), name};
    }
    copy(directory, name, index);
  }

  void copy(const Directory& directory, const std::string& name, std::uint32_t index) {
    const Entry& entry = manifest_[index];
    const std::string& source = collection_.at(manifest_.path_of(index)).source;
    auto from = File::try_open(source);
    if (!from) throw Error(Reason::io_error, source, "vanished while it was read");
    File to = directory.create_file(name, entry.mode);
    Hasher hasher;
    while (const std::size_t count = from->read(buffer_)) {
      hasher.update({buffer_.data(), count});
      to.write_all({buffer_.data(), count});
    }
    if (hasher.finish() != entry.digest) {
      throw Error(Reason::digest_mismatch, source, "changed while it was packed", "Pack it again.");
    }
    to.set_modification_time(time_);
    to.close();
  }

  const Manifest& manifest_;
  const Collection& collection_;
  std::int64_t time_;
  std::vector<char> buffer_;
  std::map<std::pair<Digest, std::uint16_t>, Place> twins_;
};

}  // namespace

void write_bundle(const std::string& output, const Manifest& manifest, const Collection& collection,
                  std::int64_t time) {
  const std::string text = print_manifest(manifest);
  if (text.size() > Manifest::max_document) {
    throw Error(Reason::unsafe_entry, output, "would have a manifest of more than 64 MiB, which no injector reads");
  }
  const Place place = split_place(output);
  Draft draft(place.parent, place.name);
  Writer(manifest, collection, time)
      .write_entries(create_fresh(draft.root(), "payload"), 0, manifest.size(), Entry::no_parent);
  File document = draft.root().create_file("manifest.json", 0644);
  document.write_all(text);
  document.set_modification_time(time);
  document.close();
  draft.root().set_modification_time(time);
  draft.commit(place.name);
}

}  // namespace injector
