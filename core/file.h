#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/fd.h"

namespace injector {

enum class FileType : std::uint8_t { file, directory, symlink, other };

// What stat(2) tells of an entry, as far as anything here looks at it.
struct Status {
  FileType type = FileType::other;
  std::uint32_t mode = 0;  // permission bits, 07777
  std::uint64_t size = 0;  // bytes
  std::uint64_t inode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t changed = 0;  // the last change of content or attributes, in nanoseconds since 1970
};

// Permission bits as users know them: four octal digits.
std::string mode_text(std::uint32_t mode);

// An open file and the path under which messages name it. Every failure throws Error.
class File {
 public:
  // For whoever reads a whole file: larger buffers were not faster.
  static constexpr std::size_t buffer_size = std::size_t{256} << 10U;

  File(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  // Opens path for reading, following links; empty where there is nothing.
  static std::optional<File> try_open(const std::string& path);
  // What a file says that is only a hint, as those of control groups; empty where it cannot be had, for whatever
  // reason.
  static std::optional<std::string> try_read_hint(const std::string& path);
  // Opens an existing regular file for writing and empties it; empty where that cannot be done, for whatever reason.
  static std::optional<File> try_open_for_overwrite(const std::string& path);

  const std::string& path() const { return path_; }
  const Fd& fd() const { return fd_; }
  Status status() const;
  // Reads at most buffer.size() bytes; 0 at the end of the file.
  std::size_t read(std::span<char> buffer);
  void write_all(std::string_view bytes);
  // Reads a regular file of at most limit bytes whole, and asks for no more memory than it turns out to have; empty
  // where it is anything else.
  std::optional<std::string> try_read_all(std::size_t limit);
  // The same where that is an error: manifest_invalid.
  std::string read_all(std::size_t limit);
  // A hint: on a file system without modes, or with those of its mount, nothing happens.
  void try_set_mode(std::uint32_t mode);
  void set_modification_time(std::int64_t seconds);
  // Starts to write dirty pages of the range to the device, or waits until they are there and drops them from memory.
  void start_writeback(std::uint64_t offset, std::uint64_t length);
  void finish_writeback(std::uint64_t offset, std::uint64_t length);
  // Tells the kernel that the cached pages of the range will not be read again.
  void forget_cache(std::uint64_t offset, std::uint64_t length);
  // Waits until content and name are on the device. Where the file system knows no such thing, nothing happens.
  void sync();
  // Takes an exclusive flock(2); false where another process holds it.
  bool try_lock();
  // Closes and reports what only close does (a quota, a network file system).
  void close();

 private:
  Fd fd_;
  std::string path_;
};

}  // namespace injector
