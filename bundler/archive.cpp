#include "bundler/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "bundler/zip_directory.h"
#include "core/error.h"
#include "core/file.h"

namespace injector {
namespace {

// Without the components that mean the directory they are in: some npm tarballs have package/./index.js. In one pass,
// for a tar's name may have a mebibyte.
std::string without_dots(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size() - 1) + 1;  // with the "/"
    const std::string_view component = path.substr(0, end);
    path.remove_prefix(end);
    if (component != "./" && component != ".") result += component;
  }
  while (result.ends_with('/')) result.pop_back();
  return result;
}

bool is_ascii(const char* text) {
  if (text == nullptr) return true;
  return std::all_of(text, text + std::strlen(text), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Whether a warning can mean nothing but that a name could not be converted to the locale's encoding, which is what
// keeps its bytes as they are.
bool has_names_to_convert(archive_entry* header) {
  return !is_ascii(archive_entry_pathname(header)) || !is_ascii(archive_entry_hardlink(header)) ||
         !is_ascii(archive_entry_symlink(header)) || !is_ascii(archive_entry_uname(header)) ||
         !is_ascii(archive_entry_gname(header));
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
  const Status status = file->status();
  if (status.type != FileType::file) throw Error(Reason::archive_invalid, path, "is no file");
  size_ = status.size;
  std::array<char, 4> magic{};
  const std::string_view start(magic.data(), file->read(magic));
  is_zip_ = start == "PK\x03\x04" || start == "PK\x05\x06";
  archive* handle = reader_->handle;
  // One by one: every further format is code that strangers' bytes can reach. And never a zip's and a tar's at once,
  // for a file can be both.
  const auto need = [&](int result) {
    if (result != ARCHIVE_OK) throw Error(Reason::internal, path, "a format of archives is missing in this build");
  };
  if (is_zip_) {
    zip_entries_ = read_zip_directory(path, size_);
    need(archive_read_support_format_zip_seekable(handle));
  } else {
    need(archive_read_support_filter_gzip(handle));
    need(archive_read_support_filter_xz(handle));
    need(archive_read_support_filter_zstd(handle));
    need(archive_read_support_format_tar(handle));
  }
  if (archive_read_open_filename(handle, path.c_str(), File::buffer_size) != ARCHIVE_OK) {
    fail("is no zip, and no tar as it is or with gzip, xz or zstd");
  }
}

Archive::~Archive() = default;

std::optional<ArchiveEntry> Archive::next() {
  const int result = archive_read_next_header(reader_->handle, &reader_->entry);
  check_amount();
  if (result == ARCHIVE_EOF) {
    if (zip_position_ != zip_entries_.size()) fail("ends too early");
    return std::nullopt;
  }
  archive_entry* header = reader_->entry;
  const bool harmless = result == ARCHIVE_WARN && (is_zip_ || has_names_to_convert(header));
  if (result != ARCHIVE_OK && !harmless) fail("cannot be read");
  ArchiveEntry entry;
  entry.path = without_dots(is_zip_ ? zip_name() : tar_name());
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
      // Of a zip's name it has the bytes from zip_directory.h, of a zip's target it would keep "?" for each letter.
      if (is_zip_ && entry.link_target.find('?') != std::string::npos)
        fail(entry.path + ": the link's target is not ASCII");
      break;
    }
    default:
      throw Error(Reason::unsafe_entry, path_, entry.path + " is a device, a FIFO or a socket");
  }
  return entry;
}

std::string Archive::tar_name() const {
  const char* name = archive_entry_pathname(reader_->entry);
  if (name == nullptr) fail("has an entry whose name cannot be read");
  return name;
}

// libarchive reads the entries in the order of their offsets, and would take names from where no other program does.
std::string Archive::zip_name() {
  if (zip_position_ == zip_entries_.size()) fail("has more entries than its directory");
  ZipEntry& entry = zip_entries_[zip_position_++];
  // Whoever wrote it meant a directory, and here it would be a letter of a name.
  if (entry.name.find('\\') != std::string::npos)
    throw Error(Reason::unsafe_entry, path_, entry.name + ": the path has a \\, a zip's names are divided by /");
  const bool directory = archive_entry_filetype(reader_->entry) == AE_IFDIR;
  if (directory != entry.name.ends_with('/')) fail(entry.name + " is a directory and a file at once");
  return std::move(entry.name);
}

std::size_t Archive::read(std::span<char> buffer) {
  const la_ssize_t count = archive_read_data(reader_->handle, buffer.data(), buffer.size());
  if (count < 0) fail("is damaged");
  add_unpacked(static_cast<std::uint64_t>(count));
  return static_cast<std::size_t>(count);
}

void Archive::add_unpacked(std::uint64_t bytes) {
  unpacked_ += bytes;
  check_amount();
}

// Of content, and of all that came out of the decompression: headers alone can be a bomb too.
void Archive::check_amount() const {
  const auto passed = archive_filter_bytes(reader_->handle, 0);
  const std::uint64_t amount = std::max(unpacked_, static_cast<std::uint64_t>(std::max<la_int64_t>(passed, 0)));
  if (amount <= max_bytes && (amount <= free_bytes || amount / max_ratio <= size_)) return;
  throw Error(Reason::unsafe_entry, path_,
              "holds more than " + std::to_string(amount) + " bytes, itself it has " + std::to_string(size_));
}

}  // namespace injector
