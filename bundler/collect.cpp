#include "bundler/collect.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/directory.h"
#include "core/error.h"

namespace injector {
namespace {

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + '/' + name;
}

void check_path(const std::string& source, const std::string& path) {
  if (const auto problem = TreePath::problem_of(path))
    throw Error(Reason::unsafe_entry, source, "the path " + *problem);
}

Collected read_file(File file, const std::string& source) {
  const Status status = file.status();
  if (status.type != FileType::file) {
    throw Error(Reason::unsafe_entry, source, "is a device, a FIFO or a socket");
  }
  Collected entry;
  entry.mode = (status.mode & 0111U) != 0 ? 0755 : 0644;
  entry.source = source;
  Hasher hasher;
  std::vector<char> buffer(File::buffer_size);
  while (const std::size_t count = file.read(buffer)) {
    hasher.update({buffer.data(), count});
    entry.size += count;
  }
  entry.digest = hasher.finish();
  return entry;
}

void collect_entry(Collection& collection, const Directory& directory, const std::string& name,
                   const std::string& path) {
  const std::string source = directory.path_of(name);
  check_path(source, path);
  const auto status = directory.try_status(name);
  if (!status) throw Error(Reason::io_error, source, "vanished while it was read");
  if (status->type == FileType::symlink) {
    Collected link;
    link.type = EntryType::symlink;
    link.target = directory.try_read_link(name).value_or("");  // an empty target is refused
    collection[path] = std::move(link);
    return;
  }
  if (status->type == FileType::directory) {
    collect(collection, source, path);
    return;
  }
  if (status->type == FileType::other) {
    throw Error(Reason::unsafe_entry, source, "is a device, a FIFO or a socket");
  }
  auto file = directory.try_open_file(name);
  if (!file) throw Error(Reason::io_error, source, "cannot be read", "Make it readable for this user.");
  collection[path] = read_file(std::move(*file), source);
}

// The order of a manifest: directories first at the top level, then by bytes, a directory before what is below it.
bool stands_before(const Collection::value_type& a, const Collection::value_type& b) {
  const auto key = [](const Collection::value_type& entry) {
    const bool below_directory = entry.first.find('/') != std::string::npos;
    return !below_directory && entry.second.type != EntryType::directory;
  };
  if (key(a) != key(b)) return key(b);
  return std::lexicographical_compare(
      a.first.begin(), a.first.end(), b.first.begin(), b.first.end(), [](char x, char y) {
        const auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)) + 1; };
        return rank(x) < rank(y);
      });
}

void add(Manifest& manifest, const std::string& path, const Collected& entry) {
  switch (entry.type) {
    case EntryType::directory:
      manifest.add_directory(path, 0755);
      break;
    case EntryType::file:
      manifest.add_file(path, entry.mode, entry.size, entry.digest);
      break;
    case EntryType::symlink:
      manifest.add_symlink(path, entry.target);
      break;
  }
}

}  // namespace

void collect(Collection& collection, const std::string& source, const std::string& prefix) {
  const auto directory = Directory::try_open(source);
  if (!directory) throw Error(Reason::io_error, source, "is no directory");
  if (!prefix.empty()) {
    Collected entry;
    entry.type = EntryType::directory;
    collection[prefix] = std::move(entry);
  }
  std::vector<std::string> names;
  directory->list([&](std::string name) { names.push_back(std::move(name)); });
  for (const std::string& name : names) collect_entry(collection, *directory, name, joined(prefix, name));
}

void collect_file(Collection& collection, const std::string& source, const std::string& path) {
  check_path(source, path);
  auto file = File::try_open(source);
  if (!file) throw Error(Reason::input_not_found, source, "does not exist");
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto [parent, fresh] = collection.try_emplace(path.substr(0, slash));
    if (fresh) parent->second.type = EntryType::directory;
    if (parent->second.type != EntryType::directory) {
      throw Error(Reason::unsafe_entry, source, "has no place below " + parent->first + ", which is a file");
    }
  }
  if (!collection.try_emplace(path, read_file(std::move(*file), source)).second) {
    throw Error(Reason::unsafe_entry, source, "is the second entry that is to become " + path);
  }
}

Manifest describe(const Collection& collection, const std::string& name, const std::string& version,
                  const std::vector<Variable>& environment, const std::vector<SelectorRule>& rules) {
  Manifest manifest(Reason::unsafe_entry);
  manifest.set_identity(name, version);
  for (const Variable& variable : environment) manifest.add_variable(variable);
  std::vector<const Collection::value_type*> ordered;
  for (const auto& entry : collection) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return stands_before(*a, *b); });
  Selecting selecting(rules);
  for (const auto* entry : ordered) {
    add(manifest, entry->first, entry->second);
    if (const auto selectors = selecting.selectors_of(entry->first)) manifest.set_selectors(*selectors);
  }
  selecting.check_all_matched();
  manifest.finish();
  return manifest;
}

}  // namespace injector
