#include "core/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/process.h"
#include "core/status.h"

namespace injector {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

bool is_elsewhere_or_closed(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES || error == ENXIO || error == EISDIR;
}

// EPERM: what an old container runtime answers for a call that it does not know. Where it is meant, plain rename(2)
// says so again.
bool is_unsupported(int error) { return error == ENOSYS || error == EINVAL || error == EOPNOTSUPP || error == EPERM; }

}  // namespace

std::optional<Directory> Directory::try_open(const std::string& path, Access access) {
  Fd fd(retry([&] { return ::open(path.c_str(), directory_flags); }, On::name));
  if (fd) return Directory(std::move(fd), path);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, "open", path, access);
}

bool Directory::exists(const std::string& path) {
  struct stat buffer {};
  return retry([&] { return ::stat(path.c_str(), &buffer); }, On::name) == 0;
}

std::string Directory::path_of(const std::string& name) const {
  return path_ == "/" ? path_ + name : path_ + '/' + name;
}

void Directory::fail(const char* call, const std::string& name, bool writes) const {
  const int error = errno;
  throw_errno(error, call, name.empty() ? path_ : path_of(name), writes ? Access::write : Access::read);
}

Status Directory::status() const {
  struct stat buffer {};
  if (retry([&] { return ::fstat(fd_.get(), &buffer); }) != 0) fail("fstat", "", false);
  return to_status(buffer);
}

std::optional<Directory> Directory::try_open_directory(const std::string& name, Use use) const {
  const int flags = directory_flags | O_NOFOLLOW | (use == Use::names ? O_PATH : 0);
  Fd fd(retry([&] { return ::openat(fd_.get(), name.c_str(), flags); }, On::name));
  if (fd) return Directory(std::move(fd), path_of(name));
  if (is_elsewhere_or_closed(errno)) return std::nullopt;
  fail("openat", name, false);
}

std::optional<File> Directory::try_open_file(const std::string& name) const {
  // O_NONBLOCK: a FIFO that somebody put there must not hang us.
  constexpr int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(retry([&] { return ::openat(fd_.get(), name.c_str(), flags); }, On::name));
  if (fd) return File(std::move(fd), path_of(name));
  if (is_elsewhere_or_closed(errno)) return std::nullopt;
  fail("openat", name, false);
}

std::optional<Status> Directory::try_status(const std::string& name) const {
  struct stat buffer {};
  const auto look = [&] { return ::fstatat(fd_.get(), name.c_str(), &buffer, AT_SYMLINK_NOFOLLOW); };
  if (retry(look, On::name) == 0) return to_status(buffer);
  if (errno == ENOENT) return std::nullopt;
  fail("fstatat", name, false);
}

std::optional<std::string> Directory::try_read_link(const std::string& name) const {
  std::array<char, 4096> buffer;
  const auto read = [&] { return ::readlinkat(fd_.get(), name.c_str(), buffer.data(), buffer.size()); };
  const auto length = retry(read, On::name);
  if (length >= 0) return std::string(buffer.data(), static_cast<std::size_t>(length));
  if (errno == ENOENT || errno == EINVAL) return std::nullopt;  // EINVAL: it is no link
  fail("readlinkat", name, false);
}

void Directory::list(const std::function<void(std::string)>& visit) const {
  list_while([&](std::string name) {
    visit(std::move(name));
    return true;
  });
}

bool Directory::list_while(const std::function<bool(std::string)>& visit) const {
  alignas(dirent64) std::array<char, 32768> buffer;
  if (retry([&] { return ::lseek(fd_.get(), 0, SEEK_SET); }) != 0) fail("lseek", "", false);
  for (;;) {
    const ssize_t size = retry([&] { return ::getdents64(fd_.get(), buffer.data(), buffer.size()); });
    if (size < 0 && errno != ENOENT) fail("getdents64", "", false);
    if (size <= 0) return true;  // ENOENT: the directory itself is gone, and has no names
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(at);
      at += entry->d_reclen;
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != ".." && !visit(std::string(name))) return false;
    }
  }
}

File Directory::create_file(const std::string& name, std::uint32_t mode) const {
  auto file = try_create_file(name, mode);
  if (!file) fail("openat", name, true);
  return std::move(*file);
}

std::optional<File> Directory::try_create_file(const std::string& name, std::uint32_t mode) const {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(retry([&] { return ::openat(fd_.get(), name.c_str(), flags, mode); }, On::name));
  if (fd) return File(std::move(fd), path_of(name));
  if (errno == EEXIST) return std::nullopt;
  fail("openat", name, true);
}

std::optional<File> Directory::try_open_for_lock(const std::string& name) const {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(retry([&] { return ::openat(fd_.get(), name.c_str(), flags); }, On::name));
  if (!fd && (errno == ENOENT || errno == EACCES || errno == EPERM)) return std::nullopt;
  if (!fd && (errno == ELOOP || errno == EISDIR || errno == ENXIO)) {
    throw Error(Reason::target_unsafe, path_of(name), "is not a regular file");
  }
  if (!fd) fail("openat", name, true);
  File file(std::move(fd), path_of(name));
  if (file.status().type != FileType::file) {
    throw Error(Reason::target_unsafe, path_of(name), "is not a regular file");
  }
  return file;
}

bool Directory::try_create_directory(const std::string& name, std::uint32_t mode) const {
  if (retry([&] { return ::mkdirat(fd_.get(), name.c_str(), mode); }, On::name) == 0) return true;
  if (errno == EEXIST) return false;
  fail("mkdirat", name, true);
}

void Directory::create_symlink(const std::string& name, const std::string& target) const {
  const auto link = [&] { return ::symlinkat(target.c_str(), fd_.get(), name.c_str()); };
  if (retry(link, On::name) != 0) fail("symlinkat", name, true);
}

bool Directory::try_link(const Directory& from, const std::string& from_name, const std::string& name) const {
  // Not On::name: a copy does as well as what would have to be waited for.
  return retry([&] { return ::linkat(from.fd_.get(), from_name.c_str(), fd_.get(), name.c_str(), 0); }) == 0;
}

// How rename(2) is made is said by the flags: without any it is the plain one, which every kernel has.
int Directory::rename(const Directory& from, const std::string& from_name, const std::string& name,
                      unsigned flags) const {
  const auto call = [&] {
    return flags == 0 ? ::renameat(from.fd_.get(), from_name.c_str(), fd_.get(), name.c_str())
                      : ::renameat2(from.fd_.get(), from_name.c_str(), fd_.get(), name.c_str(), flags);
  };
  return retry(call, On::name);
}

void Directory::rename_from(const Directory& from, const std::string& from_name, const std::string& name) const {
  if (rename(from, from_name, name, 0) != 0) fail("renameat", name, true);
}

bool Directory::try_rename_from(const Directory& from, const std::string& from_name, const std::string& name) const {
  if (rename(from, from_name, name, 0) == 0) return true;
  if (errno == EXDEV) return false;
  from.fail("renameat", from_name, true);
}

bool Directory::try_rename_to_free(const Directory& from, const std::string& from_name, const std::string& name) const {
  if (rename(from, from_name, name, RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (!is_unsupported(errno)) fail("renameat2", name, true);
  if (try_status(name)) return false;
  if (rename(from, from_name, name, 0) == 0) return true;
  // Somebody was faster. A file that he made is replaced, as without us.
  if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR || errno == EISDIR) return false;
  fail("renameat", name, true);
}

bool Directory::try_exchange(const Directory& from, const std::string& from_name, const std::string& name) const {
  if (rename(from, from_name, name, RENAME_EXCHANGE) == 0) return true;
  if (is_unsupported(errno) || errno == EXDEV) return false;
  fail("renameat2", name, true);
}

int Directory::unlink(const std::string& name, int flags) const {
  return retry([&] { return ::unlinkat(fd_.get(), name.c_str(), flags); }, On::name);
}

void Directory::remove_file(const std::string& name) const {
  if (unlink(name, 0) != 0) fail("unlinkat", name, true);
}

void Directory::remove_directory(const std::string& name) const {
  if (unlink(name, AT_REMOVEDIR) != 0) fail("unlinkat", name, true);
}

void Directory::try_remove_directory(const std::string& name) const noexcept { unlink(name, AT_REMOVEDIR); }

bool Directory::try_remove(const std::string& name) const {
  if (unlink(name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR) fail("unlinkat", name, true);
  if (unlink(name, AT_REMOVEDIR) == 0) return true;
  if (errno != ENOTEMPTY && errno != EACCES) fail("unlinkat", name, true);
  return false;
}

Directory Directory::open_to_empty(const std::string& name) const {
  auto directory = try_open_directory(name);
  if (!directory) fail("openat", name, true);
  if (directory->is_mount_root()) throw Error(Reason::io_error, path_of(name), "is a mount point", "Unmount it.");
  // The owner may have taken away its own right to remove what is inside; another user's directory stays.
  directory->try_set_mode(0700);
  return std::move(*directory);
}

bool Directory::remove_or_empty(const Directory& top, unsigned level, const std::string& name) const {
  constexpr unsigned most = 16;
  if (try_remove(name)) return false;
  const Directory directory = open_to_empty(name);
  if (level == most) {
    top.rename_from(*this, name, process::random_name());
    return true;
  }
  const bool moved = directory.remove_content(top, level + 1);
  remove_directory(name);
  return moved;
}

// Every level of the tree holds a descriptor. What is deeper than they may go moves up to top, which true says.
bool Directory::remove_content(const Directory& top, unsigned level) const {
  constexpr std::size_t batch = 1024;  // somebody else may have made any number of names
  bool moved = false;
  for (bool all = false; !all;) {
    std::vector<std::string> names;
    all = list_while([&](std::string name) {
      names.push_back(std::move(name));
      return names.size() < batch;
    });
    for (const std::string& name : names) {
      if (remove_or_empty(top, level, name)) moved = true;
    }
  }
  return moved;
}

void Directory::remove_tree(const std::string& name) const {
  if (try_remove(name)) return;
  const Directory top = open_to_empty(name);
  while (top.remove_content(top, 1)) {
  }
  remove_directory(name);
}

void Directory::try_set_mode(std::uint32_t mode) const {
  retry([&] { return ::fchmod(fd_.get(), mode); });
}

void Directory::set_modification_time(std::int64_t seconds) const {
  const std::array<timespec, 2> times = {timespec{seconds, 0}, timespec{seconds, 0}};
  if (retry([&] { return ::futimens(fd_.get(), times.data()); }) != 0) fail("futimens", "", true);
}

void Directory::set_modification_time_of_link(const std::string& name, std::int64_t seconds) const {
  const std::array<timespec, 2> times = {timespec{seconds, 0}, timespec{seconds, 0}};
  const auto set = [&] { return ::utimensat(fd_.get(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW); };
  if (retry(set, On::name) != 0) fail("utimensat", name, true);
}

void Directory::try_remove_default_acl() const {
  retry([&] { return ::fremovexattr(fd_.get(), "system.posix_acl_default"); });
}

FreeSpace Directory::free_space() const {
  constexpr std::uint64_t tmpfs = 0x01021994, ramfs = 0x858458f6;  // statfs(2) has these numbers
  struct statfs buffer {};
  FreeSpace space;
  if (retry([&] { return ::fstatfs(fd_.get(), &buffer); }) != 0) return space;
  const auto block = static_cast<std::uint64_t>(buffer.f_frsize);
  space.block = std::max<std::uint64_t>(block, 1);
  // A tmpfs without a limit says 0 of 0.
  if (block != 0 && buffer.f_blocks != 0) space.bytes = buffer.f_bavail * block;
  if (buffer.f_files != 0) space.inodes = buffer.f_ffree;
  const auto type = static_cast<std::uint64_t>(buffer.f_type);
  space.in_memory = type == tmpfs || type == ramfs;
  return space;
}

void Directory::check_writable() const { check_access(W_OK | X_OK); }
void Directory::check_searchable() const { check_access(X_OK); }

// A kernel without this attribute (before 5.8) has the device number alone, which a bind mount does not change.
bool Directory::is_mount_root() const {
  struct statx buffer {};
  if (retry([&] { return ::statx(fd_.get(), "", AT_EMPTY_PATH, 0, &buffer); }) != 0) return false;
  return (buffer.stx_attributes_mask & buffer.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

void Directory::check_access(int mode_bits) const {
  if (retry([&] { return ::faccessat(fd_.get(), ".", mode_bits, AT_EACCESS); }) == 0) return;
  if (errno == EROFS) throw Error(Reason::target_read_only, path_, "is mounted read-only");
  if (errno != EACCES) return;
  const Status found = status();
  throw Error(Reason::target_not_writable, path_,
              "uid " + std::to_string(::geteuid()) + ", gid " + std::to_string(::getegid()) +
                  " cannot write here: the directory belongs to " + std::to_string(found.uid) + ':' +
                  std::to_string(found.gid) + " and has mode " + mode_text(found.mode),
              "Run as a user who can write there (docker run --user \"$(id -u):$(id -g)\"; in a Pod: fsGroup), or "
              "chown it");
}

void Directory::sync_file_system() const {
  if (retry([&] { return ::syncfs(fd_.get()); }) != 0) fail("syncfs", "", true);
}

}  // namespace injector
