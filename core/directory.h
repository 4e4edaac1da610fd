#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace injector {

// What statfs(2) says is left for this user: a hint, empty where the file system does not say, or has no bound.
struct FreeSpace {
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> inodes;
  std::uint64_t block = 1;  // bytes that a file is rounded up to
  bool in_memory = false;   // what is written counts against the memory limit of who writes it

  // What so many bytes of a file take.
  std::uint64_t rounded(std::uint64_t length) const { return (length + block - 1) / block * block; }
};

// What a directory is opened for. With names alone (O_PATH) it can be neither listed nor given a mode, times or a sync,
// but to open it the kernel asks nobody: no file system in user space, no NFS server, no security module.
enum class Use { all, names };

// An open directory and the path under which messages name it. Every operation below takes one name, never a path,
// and follows no symbolic link. try_ returns what is to be expected, all else throws Error.
class Directory {
 public:
  Directory(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  // Opens the path that a user named, following links; empty where there is no directory.
  // access: how a directory that is closed to this user is reported.
  static std::optional<Directory> try_open(const std::string& path, Access access = Access::read);
  // Whether there is anything at all under path.
  static bool exists(const std::string& path);

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const;
  Status status() const;

  // Empty where name is absent, of another type, or closed to this user; try_status tells which.
  std::optional<Directory> try_open_directory(const std::string& name, Use use = Use::all) const;
  std::optional<File> try_open_file(const std::string& name) const;
  std::optional<Status> try_status(const std::string& name) const;
  std::optional<std::string> try_read_link(const std::string& name) const;
  // Calls visit with each name in the directory but . and .., in no order. Not for use by several threads at once, nor
  // by visit: the position is the descriptor's own.
  void list(const std::function<void(std::string)>& visit) const;
  // The same for as long as visit says true; false where it ended the listing.
  bool list_while(const std::function<bool(std::string)>& visit) const;

  File create_file(const std::string& name, std::uint32_t mode) const;
  std::optional<File> try_create_file(const std::string& name, std::uint32_t mode) const;  // empty: the name is taken
  // An existing regular file, for flock(2); empty where it is absent or cannot be written. Anything but a regular file
  // under that name is target_unsafe.
  std::optional<File> try_open_for_lock(const std::string& name) const;
  bool try_create_directory(const std::string& name, std::uint32_t mode) const;  // false: the name is taken
  void create_symlink(const std::string& name, const std::string& target) const;
  // Gives a file of another directory a second name here; false where that cannot be, for whatever reason: a copy does
  // as well, and says better what is wrong.
  bool try_link(const Directory& from, const std::string& from_name, const std::string& name) const;

  // Renames into this directory, replacing as rename(2) does.
  void rename_from(const Directory& from, const std::string& from_name, const std::string& name) const;
  // The same; false where the file system cannot move it: overlayfs, a directory that a lower layer has. What fails is
  // named by what was to be moved.
  bool try_rename_from(const Directory& from, const std::string& from_name, const std::string& name) const;
  // Renames onto a free name: false where it is taken.
  bool try_rename_to_free(const Directory& from, const std::string& from_name, const std::string& name) const;
  // Swaps two entries; false where the file system cannot swap, or not these.
  bool try_exchange(const Directory& from, const std::string& from_name, const std::string& name) const;

  void remove_file(const std::string& name) const;
  void remove_directory(const std::string& name) const;               // it must be empty
  void try_remove_directory(const std::string& name) const noexcept;  // where it is empty, and may go
  // Whatever name is, with all below it; absent is fine. What is mounted below it stays, and is an error.
  void remove_tree(const std::string& name) const;

  void try_set_mode(std::uint32_t mode) const;  // a hint, see File
  void set_modification_time(std::int64_t seconds) const;
  void set_modification_time_of_link(const std::string& name, std::int64_t seconds) const;
  // What is created below no longer inherits an access control list, where it did.
  void try_remove_default_acl() const;

  FreeSpace free_space() const;
  // Throws target_not_writable or target_read_only where the kernel says that this user cannot create entries here.
  // What it says is a hint: before the fact for a dry run, and after it for a better message.
  void check_writable() const;
  // The same where this user cannot reach what is in here.
  void check_searchable() const;
  void sync_file_system() const;

 private:
  int rename(const Directory& from, const std::string& from_name, const std::string& name, unsigned flags) const;
  int unlink(const std::string& name, int flags) const;
  void check_access(int mode_bits) const;
  bool is_mount_root() const;
  bool try_remove(const std::string& name) const;  // false: a directory that is not empty
  Directory open_to_empty(const std::string& name) const;
  bool remove_or_empty(const Directory& top, unsigned level, const std::string& name) const;
  bool remove_content(const Directory& top, unsigned level) const;
  [[noreturn]] void fail(const char* call, const std::string& name, bool writes) const;

  Fd fd_;
  std::string path_;
};

}  // namespace injector
