#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "core/error.h"
#include "core/status.h"

namespace injector {

std::string mode_text(std::uint32_t mode) {
  std::array<char, 8> text;
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

std::optional<File> File::try_open(const std::string& path) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(retry([&] { return ::open(path.c_str(), flags); }, On::name));
  if (fd) return File(std::move(fd), path);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, "open", path, Access::read);
}

std::optional<File> File::try_open_for_overwrite(const std::string& path) {
  constexpr int flags = O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(retry([&] { return ::open(path.c_str(), flags); }, On::name));
  if (!fd) return std::nullopt;
  File file(std::move(fd), path);
  if (file.status().type != FileType::file) return std::nullopt;
  return file;
}

Status File::status() const {
  struct stat buffer {};
  if (retry([&] { return ::fstat(fd_.get(), &buffer); }) != 0) throw_errno(errno, "fstat", path_, Access::read);
  return to_status(buffer);
}

std::size_t File::read(std::span<char> buffer) {
  const auto count = retry([&] { return ::read(fd_.get(), buffer.data(), buffer.size()); }, On::data);
  if (count < 0) throw_errno(errno, "read", path_, Access::read);
  return static_cast<std::size_t>(count);
}

void File::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = retry([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); }, On::data);
    if (count < 0) throw_errno(errno, "write", path_, Access::write);
    if (count == 0) throw_errno(ENOSPC, "write", path_, Access::write);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::optional<std::string> File::try_read_all(std::size_t limit) {
  const Status found = status();
  if (found.type != FileType::file || found.size > limit) return std::nullopt;
  std::string all;
  all.reserve(static_cast<std::size_t>(found.size));
  std::array<char, 65536> buffer;
  while (const std::size_t count = read(buffer)) {
    if (all.size() + count > limit) return std::nullopt;  // it grows, or its file system does not know its size
    all.append(buffer.data(), count);
  }
  return all;
}

std::string File::read_all(std::size_t limit) {
  if (auto all = try_read_all(limit)) return std::move(*all);
  throw Error(Reason::manifest_invalid, path_, "is no regular file of at most " + std::to_string(limit) + " bytes");
}

std::optional<std::string> File::try_read_hint(const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 20U;
  try {
    auto file = try_open(path);
    return file ? file->try_read_all(most) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void File::try_set_mode(std::uint32_t mode) {
  retry([&] { return ::fchmod(fd_.get(), mode); });
}

void File::set_modification_time(std::int64_t seconds) {
  const std::array<timespec, 2> times = {timespec{seconds, 0}, timespec{seconds, 0}};
  if (retry([&] { return ::futimens(fd_.get(), times.data()); }) != 0) {
    throw_errno(errno, "futimens", path_, Access::write);
  }
}

namespace {

// A file system or a seccomp profile may lack the call: then there is nothing to bound or to report.
void sync_range(int fd, const std::string& path, std::uint64_t offset, std::uint64_t length, unsigned flags) {
  const auto sync = [&] {
    return ::sync_file_range(fd, static_cast<off64_t>(offset), static_cast<off64_t>(length), flags);
  };
  if (retry(sync) == 0) return;
  if (errno == ENOSYS || errno == EINVAL || errno == ESPIPE || errno == EPERM) return;
  throw_errno(errno, "sync_file_range", path, Access::write);
}

}  // namespace

void File::start_writeback(std::uint64_t offset, std::uint64_t length) {
  sync_range(fd_.get(), path_, offset, length, SYNC_FILE_RANGE_WRITE);
}

void File::finish_writeback(std::uint64_t offset, std::uint64_t length) {
  sync_range(fd_.get(), path_, offset, length,
             SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  forget_cache(offset, length);
}

void File::forget_cache(std::uint64_t offset, std::uint64_t length) {
  ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
}

void File::sync() {
  if (retry([&] { return ::fsync(fd_.get()); }) == 0 || errno == EINVAL || errno == EROFS) return;
  throw_errno(errno, "fsync", path_, Access::write);
}

bool File::try_lock() {
  if (retry([&] { return ::flock(fd_.get(), LOCK_EX | LOCK_NB); }) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw_errno(errno, "flock", path_, Access::write);
}

void File::close() {
  // Linux closes the descriptor even where close reports EINTR.
  if (::close(fd_.release()) != 0 && errno != EINTR) throw_errno(errno, "close", path_, Access::write);
}

}  // namespace injector
