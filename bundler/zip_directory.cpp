#include "bundler/zip_directory.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "core/error.h"

namespace injector {
namespace {

constexpr std::string_view local_signature = "PK\x03\x04";
constexpr std::string_view central_signature = "PK\x01\x02";
constexpr std::string_view end_signature = "PK\x05\x06";
constexpr std::string_view descriptor_signature = "PK\x07\x08";
constexpr std::size_t local_size = 30;
constexpr std::size_t central_size = 46;
constexpr std::size_t end_size = 22;
constexpr std::size_t max_comment = 65535;
// Read in one piece; the largest package of the libraries here has 0.2 MiB.
constexpr std::uint64_t max_directory = std::uint64_t{16} << 20U;
constexpr std::uint32_t descriptor_flag = 8;  // digest and sizes stand behind the content
constexpr std::uint64_t all_ones = 0xFFFFFFFF;
constexpr std::uint64_t zip64_field = 0x0001;
constexpr std::uint64_t attributes_field = 0x6C78;  // libarchive's own: another type and mode than the directory's

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint32_t number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 2));
}
std::uint32_t number32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 4));
}

void append(std::string& bytes, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
}

class Reader {
 public:
  Reader(const std::string& path, std::uint64_t size)
      : path_(path), size_(size), file_(std::fopen(path.c_str(), "rbe"), &std::fclose) {
    if (!file_) throw Error(Reason::io_error, path, "vanished while it was read");
  }

  std::vector<ZipEntry> entries() {
    std::vector<ZipEntry> entries = read_directory();
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::uint64_t end = i + 1 < entries.size() ? entries[i + 1].offset : directory_;
      if (end_of(entries[i]) > end) refuse(entries[i], "shares bytes with what follows it");
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw Error(Reason::archive_invalid, path_, problem); }
  [[noreturn]] void refuse(const ZipEntry& entry, const std::string& problem) const {
    fail(entry.name + ' ' + problem);
  }

  std::string read(std::uint64_t offset, std::uint64_t count) {
    if (offset > size_ || size_ - offset < count) fail("ends too early");
    std::string bytes(static_cast<std::size_t>(count), '\0');
    const bool read = std::fseek(file_.get(), static_cast<long>(offset), SEEK_SET) == 0 &&
                      std::fread(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size();
    if (!read) throw Error(Reason::io_error, path_, "cannot be read");
    return bytes;
  }

  std::vector<ZipEntry> read_directory() {
    const std::string tail = read(size_ - std::min<std::uint64_t>(size_, end_size + max_comment),
                                  std::min<std::uint64_t>(size_, end_size + max_comment));
    const std::size_t at = tail.rfind(end_signature);
    if (at == std::string::npos || tail.size() - at < end_size ||
        tail.size() - at - end_size != number16(tail, at + 20)) {
      fail("is a zip without a directory at its end");
    }
    const std::uint64_t end = size_ - (tail.size() - at);
    const std::uint64_t count = number16(tail, at + 10);
    const std::uint64_t length = number32(tail, at + 12);
    directory_ = number32(tail, at + 16);
    if (count == 0xFFFF || length == all_ones || directory_ == all_ones) {
      fail("is a zip64, of more than 4 GiB or 65534 entries");
    }
    if (length > max_directory) fail("has a directory of more than 16 MiB");
    if (number32(tail, at + 4) != 0 || number16(tail, at + 8) != count || directory_ + length != end) {
      fail("has a directory that is not where its end says");
    }
    return parse_directory(read(directory_, length), count);
  }

  std::vector<ZipEntry> parse_directory(std::string_view bytes, std::uint64_t count) {
    std::vector<ZipEntry> entries;
    while (!bytes.empty()) {
      if (bytes.size() < central_size || !bytes.starts_with(central_signature)) fail("has a damaged directory");
      const std::size_t name = number16(bytes, 28);
      const std::size_t extra = number16(bytes, 30);
      const std::size_t whole = central_size + name + extra + number16(bytes, 32);
      if (bytes.size() < whole || number16(bytes, 34) != 0) fail("has a damaged directory");
      ZipEntry entry{std::string(bytes.substr(central_size, name)),
                     number16(bytes, 8),
                     number16(bytes, 10),
                     number32(bytes, 16),
                     number32(bytes, 20),
                     number32(bytes, 24),
                     number32(bytes, 42)};
      read_extra(entry, bytes.substr(central_size + name, extra), {&entry.size, &entry.packed, &entry.offset});
      entries.push_back(std::move(entry));
      bytes.remove_prefix(whole);
    }
    if (entries.size() != count) fail("has a directory that is not where its end says");
    return entries;
  }

  // values: those that can be too large for 32 bits, in the order in which they then stand in the field for zip64.
  void read_extra(const ZipEntry& entry, std::string_view extra, std::initializer_list<std::uint64_t*> values) const {
    bool wide = false;
    while (extra.size() >= 4) {
      const std::uint64_t id = number(extra, 0, 2);
      const std::size_t length = number16(extra, 2);
      if (extra.size() - 4 < length) break;
      if (id == attributes_field || (id == zip64_field && wide)) refuse(entry, "has a type or a size of its own");
      if (id == zip64_field) {
        wide = true;
        widen(extra.substr(4, length), values);
      }
      extra.remove_prefix(4 + length);
    }
  }

  static void widen(std::string_view field, std::initializer_list<std::uint64_t*> values) {
    for (std::uint64_t* value : values) {
      if (*value != all_ones || field.size() < 8) continue;
      *value = number(field, 0, 8);
      field.remove_prefix(8);
    }
  }

  // Holds what stands before and behind the content against the directory.
  std::uint64_t end_of(const ZipEntry& entry) {
    const std::string header = read(entry.offset, local_size);
    if (!header.starts_with(local_signature)) refuse(entry, "is not where the directory says");
    const std::size_t name = number16(header, 26);
    const std::size_t extra = number16(header, 28);
    const std::string more = read(entry.offset + local_size, name + extra);
    ZipEntry local{more.substr(0, name), number16(header, 6),  number16(header, 8), number32(header, 14),
                   number32(header, 18), number32(header, 22), entry.offset};
    read_extra(entry, std::string_view(more).substr(name), {&local.size, &local.packed});
    compare(entry, local);
    const std::uint64_t end = entry.offset + local_size + name + extra + entry.packed;
    return (entry.flags & descriptor_flag) == 0 ? end : end + length_of_descriptor(entry, end);
  }

  void compare(const ZipEntry& entry, const ZipEntry& local) const {
    const bool later = (entry.flags & descriptor_flag) != 0;
    const auto same = [&](std::uint64_t here, std::uint64_t there) { return here == there || (later && there == 0); };
    if (local.name != entry.name) refuse(entry, "is called " + local.name + " in its own header");
    if (local.flags != entry.flags || local.method != entry.method) {
      refuse(entry, "is packed in another way by its own header");
    }
    if (!same(entry.crc, local.crc) || !same(entry.packed, local.packed) || !same(entry.size, local.size)) {
      refuse(entry, "has another size or CRC by its own header");
    }
  }

  // The signature may be absent, and the sizes may have 32 or 64 bits.
  std::uint64_t length_of_descriptor(const ZipEntry& entry, std::uint64_t at) {
    for (const std::string_view signature : {descriptor_signature, std::string_view()}) {
      for (const std::size_t width : {4U, 8U}) {
        std::string expected(signature);
        append(expected, entry.crc, 4);
        append(expected, entry.packed, width);
        append(expected, entry.size, width);
        if (at + expected.size() <= directory_ && read(at, expected.size()) == expected) return expected.size();
      }
    }
    refuse(entry, "has another size or CRC behind its content");
  }

  const std::string& path_;
  std::uint64_t size_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::uint64_t directory_ = 0;  // its offset
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(const std::string& path, std::uint64_t size) {
  return Reader(path, size).entries();
}

}  // namespace injector
