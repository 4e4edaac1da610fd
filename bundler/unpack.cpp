#include "bundler/unpack.h"

#include <algorithm>
#include <set>

#include "bundler/glob.h"
#include "core/error.h"
#include "core/tree_path.h"

namespace injector {
namespace {

enum class Kind { wheel, npm, plain };

Kind kind_of(const std::string& archive) {
  if (archive.ends_with(".whl")) return Kind::wheel;
  return archive.ends_with(".tgz") ? Kind::npm : Kind::plain;
}

// Where an entry belongs, below the place that its archive is unpacked to; empty for what has none.
std::optional<std::string> place_of(Kind kind, const std::string& path) {
  if (kind == Kind::wheel) return place_of_wheel_file(path);
  if (kind == Kind::plain) return path;
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? std::nullopt : std::optional(path.substr(slash + 1));
}

std::string parent_path_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// As much of a path as leaves room for what is wrong with it.
std::string shown(const std::string& path) {
  constexpr std::size_t most = 256;
  return path.size() <= most ? path : path.substr(0, most) + "...";
}

}  // namespace

struct Unpacker::Job {
  const std::string& path;  // of the archive
  std::string at;
  Kind kind;
  Archive archive;
  std::set<std::string> seen;  // paths of entries, as they are written in the archive
  std::set<std::string> dist_infos;
  std::map<std::string, WheelFile> files;
  std::string record;
  std::vector<char> buffer;

  [[noreturn]] void refuse(const std::string& problem) const { throw Error(Reason::unsafe_entry, path, problem); }

  // npm itself has packed package/./main.js beside package/main.js: unpack_file sees to it that both are the same.
  bool may_repeat(const ArchiveEntry& entry) const {
    return kind == Kind::npm && entry.type == EntryType::file && entry.hard_link.empty();
  }

  std::optional<std::string> place(const std::string& entry) const {
    auto place = place_of(kind, entry);
    if (place && !at.empty()) place = at + '/' + *place;
    return place;
  }
};

void Unpacker::unpack(const std::string& archive, const std::string& at) {
  Job job{archive, at, kind_of(archive), Archive(archive), {}, {}, {}, "", std::vector<char>(File::buffer_size)};
  while (const auto entry = job.archive.next()) {
    if (entry->type == EntryType::directory && (entry->path.empty() || entry->path == ".")) continue;
    unpack_entry(job, *entry);
  }
  if (job.kind != Kind::wheel) return;
  if (job.dist_infos.size() > 1) {
    throw Error(Reason::archive_invalid, archive,
                "has " + *job.dist_infos.begin() + " and " + *job.dist_infos.rbegin() + ", a wheel has one of them");
  }
  if (job.record.empty()) throw Error(Reason::missing_entry, archive, "has no RECORD", "Fetch it again.");
  check_record(archive, job.record, job.files);
}

void Unpacker::unpack_entry(Job& job, const ArchiveEntry& entry) {
  if (const auto problem = TreePath::problem_of(entry.path)) job.refuse(shown(entry.path) + ": the path " + *problem);
  count(job, entry.path);
  const bool directory = entry.type == EntryType::directory;
  const bool plain = entry.type == EntryType::file && entry.hard_link.empty();
  if (!plain && job.archive.read(job.buffer) != 0) job.refuse(entry.path + " is no file and has content");
  const bool again = !job.seen.insert(entry.path).second;
  if (again && !directory && !job.may_repeat(entry)) job.refuse(entry.path + " is there twice");
  if (job.kind == Kind::wheel) {
    const std::string top = entry.path.substr(0, entry.path.find('/'));
    if (is_dist_info(top)) job.dist_infos.insert(top);
  }
  auto path = job.place(entry.path);
  if (path && excluded(*path)) path.reset();
  const bool is_new = path && add_path(job, *path);
  if (directory) return;  // made where something is in it
  if (entry.type == EntryType::symlink) {
    if (job.kind == Kind::wheel) job.refuse(entry.path + " is a symbolic link, in a wheel");
    if (path && !is_new) job.refuse(entry.path + " is there already");
    if (path) make_link(job, entry, *path);
  } else if (plain) {
    unpack_file(job, entry, path);
  } else if (path) {
    link_file(job, entry, *path);
  }
}

void Unpacker::make_link(const Job& job, const ArchiveEntry& entry, const std::string& path) {
  // Before the kernel sees it, which has other limits.
  const std::string problem = steps_of_link(*TreePath::parse(path), entry.link_target).problem;
  if (!problem.empty()) job.refuse(entry.path + ": the link's target " + problem);
  parent_of(path).create_symlink(name_in(path), entry.link_target);
}

void Unpacker::unpack_file(Job& job, const ArchiveEntry& entry, const std::optional<std::string>& path) {
  std::optional<File> file;
  const auto there = path ? files_.find(*path) : files_.end();
  if (path && there == files_.end()) {
    file = parent_of(*path).try_create_file(name_in(*path), entry.executable ? 0755 : 0644);
    if (!file) job.refuse(entry.path + " is there already, as a directory or a link");
  }
  const bool keep = job.kind == Kind::wheel && is_record(entry.path);
  WheelFile found;
  Hasher hasher;
  while (const std::size_t count = job.archive.read(job.buffer)) {
    const std::string_view bytes(job.buffer.data(), count);
    hasher.update(bytes);
    found.size += count;
    if (file) file->write_all(bytes);
    if (!keep) continue;
    if (job.record.size() + count > max_record) job.refuse(entry.path + " has more than 16 MiB");
    job.record += bytes;
  }
  if (file) file->close();
  found.digest = hasher.finish();
  // Two wheels may bring the same file, of a namespace say; they may not bring two.
  if (there != files_.end() && there->second != found.digest) job.refuse(entry.path + " is there already, and differs");
  if (path) files_[*path] = found.digest;
  if (job.kind == Kind::wheel) job.files[entry.path] = found;
}

void Unpacker::link_file(Job& job, const ArchiveEntry& entry, const std::string& path) {
  const auto original = job.place(entry.hard_link);
  const auto there = original ? files_.find(*original) : files_.end();
  if (there == files_.end() || !job.seen.contains(entry.hard_link)) {
    job.refuse(entry.path + " shares its content with " + entry.hard_link + ", which is not there before it");
  }
  const Directory& from = parent_of(*original);
  auto source = from.try_open_file(name_in(*original));
  if (!source) job.refuse(entry.hard_link + " vanished while it was read");
  const std::uint32_t mode = source->status().mode & 0777U;
  auto file = parent_of(path).try_create_file(name_in(path), mode);
  if (!file) job.refuse(entry.path + " is there already");
  std::vector<char> buffer(File::buffer_size);
  while (const std::size_t count = source->read(buffer)) {
    job.archive.add_unpacked(count);
    file->write_all({buffer.data(), count});
  }
  file->close();
  files_[path] = there->second;
}

bool Unpacker::excluded(const std::string& path) const {
  return std::any_of(excluded_.begin(), excluded_.end(),
                     [&](const std::string& pattern) { return is_within_glob(pattern, path); });
}

void Unpacker::count(const Job& job, const std::string& path) {
  path_bytes_ += path.size();
  if (++paths_ > max_paths) job.refuse("has more than " + std::to_string(max_paths) + " files and directories");
  if (path_bytes_ > max_path_bytes) job.refuse("has paths of more than 16 MiB in all");
}

bool Unpacker::add_path(const Job& job, const std::string& path) {
  if (const auto problem = TreePath::problem_of(path)) job.refuse(path + ": the path " + *problem);
  if (root_.path().size() + 1 + path.size() > TreePath::max_bytes) {
    job.refuse("has a path of more than 4095 bytes below " + root_.path() + ": " + path);
  }
  bool is_new = false;
  // From the whole path up to the first directory that is known: those above it are known as well.
  for (std::size_t end = path.size(); end != std::string::npos; end = path.rfind('/', end - 1)) {
    const auto [there, added] = known_.insert(path.substr(0, end));
    if (!added) {
      if (std::string_view(path).substr(0, end) == *there) break;
      job.refuse(path.substr(0, end) + " and " + *there + " differ in the case of their letters alone");
    }
    is_new |= end == path.size();
    if (end != path.size()) count(job, *there);
  }
  return is_new;
}

bool Unpacker::FoldedLess::operator()(std::string_view a, std::string_view b) const {
  const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return folded(x) < folded(y); });
}

const Directory& Unpacker::parent_of(const std::string& path) {
  const std::string parent = parent_path_of(path);
  if (parent_ && parent_path_ == parent) return *parent_;
  parent_.reset();
  if (parent.empty()) return root_;
  for (std::size_t begin = 0; begin < parent.size();) {
    const std::size_t end = std::min(parent.find('/', begin), parent.size());
    const std::string name = parent.substr(begin, end - begin);
    const Directory& above = parent_ ? *parent_ : root_;
    above.try_create_directory(name, 0755);
    auto next = above.try_open_directory(name);
    if (!next)
      throw Error(Reason::unsafe_entry, path, "leads through " + parent.substr(0, end) + ", which is no directory");
    parent_ = std::move(next);
    begin = end + 1;
  }
  parent_path_ = parent;
  return *parent_;
}

}  // namespace injector
