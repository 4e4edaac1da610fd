#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace injector {

// An entry of a zip (APPNOTE.TXT of PKWARE) as its central directory describes it.
struct ZipEntry {
  std::string name;
  std::uint32_t flags = 0;
  std::uint32_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;  // bytes
  std::uint64_t size = 0;    // bytes, unpacked
  std::uint64_t offset = 0;  // of its local header
};

// A zip says everything twice, in the header of each entry and in the directory behind them, and every program believes
// the one or the other. This reads the directory of a file of `size` bytes and gives its entries in the order of their
// offsets. Throws archive_invalid where anything is said that the other place does not say, where entries share bytes,
// and for more than a plain zip can hold (4 GiB, 65,534 entries: then it would be a zip64).
std::vector<ZipEntry> read_zip_directory(const std::string& path, std::uint64_t size);

}  // namespace injector
