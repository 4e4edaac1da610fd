#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bundler/zip_directory.h"
#include "core/manifest.h"

namespace injector {

// What the header of an archive's entry says.
struct ArchiveEntry {
  std::string path;  // as it is written there, without components "." and without "/" behind
  EntryType type = EntryType::file;
  bool executable = false;
  std::string link_target;  // of a symlink
  std::string hard_link;    // of a file: the path of the earlier entry that it shares its content with
};

// Reads a zip (wheel, nupkg) or a tar, the latter as it is or with gzip, xz or zstd around it. Names and targets of
// links are the bytes that stand there, as long as the process is in the C locale: in another one libarchive converts
// them. Throws archive_invalid for what is none of these, damaged, truncated, encrypted or says two things at once, and
// unsafe_entry for entries that cannot be in a payload, or for more bytes than an archive of this size should hold.
class Archive {
 public:
  static constexpr std::uint64_t max_bytes = std::uint64_t{8} << 30U;  // unpacked
  // An archive may hold this many times its own size, once it holds more than free_bytes.
  static constexpr std::uint64_t max_ratio = 200;
  static constexpr std::uint64_t free_bytes = std::uint64_t{64} << 20U;

  explicit Archive(const std::string& path);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // Skips what was not read of the entry before, however long that takes: read first.
  std::optional<ArchiveEntry> next();
  // The content of the entry that next gave last; 0 at its end.
  std::size_t read(std::span<char> buffer);
  // Counts bytes that come out of the archive in another way: copies of what was there already.
  void add_unpacked(std::uint64_t bytes);

 private:
  struct Reader;
  [[noreturn]] void fail(const std::string& what) const;
  std::string tar_name() const;
  std::string zip_name();
  void check_amount() const;

  std::string path_;
  std::uint64_t size_ = 0;
  bool is_zip_ = false;
  std::vector<ZipEntry> zip_entries_;
  std::size_t zip_position_ = 0;
  std::uint64_t unpacked_ = 0;
  std::unique_ptr<Reader> reader_;
};

}  // namespace injector
