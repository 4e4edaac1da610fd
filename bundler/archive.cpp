#include "bundler/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include "core/error.h"
#include "core/file.h"

namespace injector {
namespace {

// Without the components that mean the directory they are in: some npm tarballs have package/./index.js.
std::string without_dots(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  for (std::size_t at = path.find("/./"); at != std::string::npos; at = path.find("/./", at)) path.erase(at, 2);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

struct Archive::Reader {
  Reader() : handle(archive_read_new()) {}
  ~Reader() { archive_read_free(handle); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  archive* handle;
  archive_entry* entry = nullptr;
};

void Archive::fail(const std::string& what) const {
  const char* text = archive_error_string(reader_->handle);
  throw Error(Reason::archive_invalid, path_, what + (text == nullptr ? "" : std::string(": ") + text));
}

Archive::Archive(const std::string& path) : path_(path), reader_(std::make_unique<Reader>()) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::input_not_found, path, "does not exist", "Name an existing archive.");
  size_ = file->status().size;
  archive* handle = reader_->handle;
  // One by one: every further format is code that strangers' bytes can reach. The zip of the central directory alone,
  // for a streamed one can say something else.
  for (const int result : {archive_read_support_filter_gzip(handle), archive_read_support_filter_xz(handle),
                           archive_read_support_filter_zstd(handle), archive_read_support_format_tar(handle),
                           archive_read_support_format_zip_seekable(handle)}) {
    if (result != ARCHIVE_OK) throw Error(Reason::internal, path, "a format of archives is missing in this build");
  }
  if (archive_read_open_filename(handle, path.c_str(), File::buffer_size) != ARCHIVE_OK) {
    fail("is no zip, and no tar as it is or with gzip, xz or zstd");
  }
}

Archive::~Archive() = default;

std::optional<ArchiveEntry> Archive::next() {
  const int result = archive_read_next_header(reader_->handle, &reader_->entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail("cannot be read");
  archive_entry* header = reader_->entry;
  const char* name = archive_entry_pathname(header);
  if (name == nullptr) fail("has an entry whose name cannot be read");
  ArchiveEntry entry;
  entry.path = without_dots(name);
  if (archive_entry_is_encrypted(header) != 0)
    throw Error(Reason::archive_invalid, path_, entry.path + " is encrypted");
  if (const char* linked = archive_entry_hardlink(header)) {
    entry.hard_link = without_dots(linked);
    return entry;
  }
  switch (archive_entry_filetype(header)) {
    case AE_IFREG:
      entry.executable = (archive_entry_perm(header) & 0111) != 0;
      break;
    case AE_IFDIR:
      entry.type = EntryType::directory;
      break;
    case AE_IFLNK: {
      entry.type = EntryType::symlink;
      const char* target = archive_entry_symlink(header);
      entry.link_target = target == nullptr ? "" : target;
      break;
    }
    default:
      throw Error(Reason::unsafe_entry, path_, entry.path + " is a device, a FIFO or a socket");
  }
  return entry;
}

std::size_t Archive::read(std::span<char> buffer) {
  const la_ssize_t count = archive_read_data(reader_->handle, buffer.data(), buffer.size());
  if (count < 0) fail("is damaged");
  unpacked_ += static_cast<std::uint64_t>(count);
  if (unpacked_ > max_bytes || (unpacked_ > free_bytes && unpacked_ / max_ratio > size_)) {
    throw Error(Reason::unsafe_entry, path_,
                "holds more than " + std::to_string(unpacked_) + " bytes, itself it has " + std::to_string(size_));
  }
  return static_cast<std::size_t>(count);
}

}  // namespace injector
