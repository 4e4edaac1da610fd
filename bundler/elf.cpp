#include "bundler/elf.h"

#include <elf.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace injector {
namespace {

// Far more than any linker writes: a dozen, some hundreds, and the length of a path. Without them a file could name
// the same long string a billion times.
constexpr std::size_t max_segments = 128;
constexpr std::size_t max_records = 10'000;  // entries of dynamic segments, and versions that are needed
constexpr std::size_t max_string = 4096;

constexpr std::array<std::pair<unsigned, std::string_view>, 7> machines = {{{EM_X86_64, "x86_64"},
                                                                            {EM_AARCH64, "aarch64"},
                                                                            {EM_386, "i686"},
                                                                            {EM_ARM, "armv7l"},
                                                                            {EM_PPC64, "ppc64le"},
                                                                            {EM_S390, "s390x"},
                                                                            {EM_RISCV, "riscv64"}}};

std::string name_of_machine(unsigned machine) {
  for (const auto& [number, name] : machines) {
    if (number == machine) return std::string(name);
  }
  return "machine-" + std::to_string(machine);
}

template <typename Value>
std::optional<Value> read_at(const std::string& bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
  Value value;
  std::memcpy(&value, bytes.data() + offset, sizeof(Value));
  return value;
}

std::string string_at(const std::string& bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return "";
  const std::string_view text = std::string_view(bytes).substr(offset, max_string);
  return std::string(text.substr(0, text.find('\0')));
}

std::string libc_of(std::string_view needed) {
  const std::string_view name = needed.substr(needed.rfind('/') + 1);
  if (name.starts_with("libc.musl-") || name.starts_with("ld-musl-") || name == "libc.so") return "musl";
  // Not libc.so.6: musl takes that name for itself, so a library that needs no GLIBC_ version of it runs with both.
  return name.starts_with("ld-linux") ? "glibc" : "";
}

// A 64-bit file of this machine's byte order; of others the libc stays unknown.
template <typename Header, typename Segment, typename Dynamic>
class Reader {
 public:
  Reader(const std::string& bytes, const std::string& path) : bytes_(bytes), path_(path) {
    const auto header = read_at<Header>(bytes, 0);
    if (!header) return;
    if (header->e_phnum > max_segments) refuse("segments", max_segments);
    for (unsigned i = 0; i < header->e_phnum; ++i) {
      const auto segment = read_at<Segment>(bytes, header->e_phoff + std::uint64_t{i} * header->e_phentsize);
      if (segment) segments_.push_back(*segment);
    }
  }

  std::string libc() {
    for (const Segment& segment : segments_) {
      if (segment.p_type == PT_INTERP) {
        if (auto libc = libc_of(string_at(bytes_, segment.p_offset)); !libc.empty()) return libc;
      }
    }
    for (const Segment& segment : segments_) {
      if (segment.p_type != PT_DYNAMIC) continue;
      const std::vector<Dynamic> entries = entries_of(segment);
      if (auto libc = libc_of_needed(entries); !libc.empty()) return libc;
      if (needs_version_of_glibc(entries)) return "glibc";
    }
    return "";
  }

 private:
  [[noreturn]] void refuse(const std::string& what, std::size_t limit) const {
    throw Error(Reason::unsafe_entry, path_, "is an ELF file with more than " + std::to_string(limit) + ' ' + what);
  }

  void count_record() {
    if (++records_ > max_records) refuse("records of what it needs", max_records);
  }

  std::vector<Dynamic> entries_of(const Segment& segment) {
    std::vector<Dynamic> entries;
    for (std::uint64_t at = 0; at + sizeof(Dynamic) <= segment.p_filesz; at += sizeof(Dynamic)) {
      const auto entry = read_at<Dynamic>(bytes_, segment.p_offset + at);
      if (!entry || entry->d_tag == DT_NULL) break;
      count_record();
      entries.push_back(*entry);
    }
    return entries;
  }

  static std::uint64_t value_of(const std::vector<Dynamic>& entries, std::int64_t tag) {
    for (const Dynamic& entry : entries) {
      if (entry.d_tag == tag) return entry.d_un.d_val;
    }
    return 0;
  }

  std::string libc_of_needed(const std::vector<Dynamic>& entries) const {
    const std::uint64_t strings = offset_of(value_of(entries, DT_STRTAB));
    for (const Dynamic& entry : entries) {
      if (entry.d_tag != DT_NEEDED) continue;
      if (auto libc = libc_of(string_at(bytes_, strings + entry.d_un.d_val)); !libc.empty()) return libc;
    }
    return "";
  }

  // Of each library that symbols are needed from, the versions of these symbols.
  bool needs_version_of_glibc(const std::vector<Dynamic>& entries) {
    const std::uint64_t strings = offset_of(value_of(entries, DT_STRTAB));
    std::uint64_t at = offset_of(value_of(entries, DT_VERNEED));
    const std::uint64_t libraries = value_of(entries, DT_VERNEEDNUM);
    for (std::uint64_t i = 0; i < libraries; ++i) {
      count_record();
      const auto library = read_at<Elf64_Verneed>(bytes_, at);  // as in 32 bits
      if (!library) return false;
      std::uint64_t version_at = at + library->vn_aux;
      for (unsigned j = 0; j < library->vn_cnt; ++j) {
        const auto version = read_at<Elf64_Vernaux>(bytes_, version_at);
        if (!version) return false;
        count_record();
        if (string_at(bytes_, strings + version->vna_name).starts_with("GLIBC_")) return true;
        if (version->vna_next == 0) break;
        version_at += version->vna_next;
      }
      if (library->vn_next == 0) break;
      at += library->vn_next;
    }
    return false;
  }

  std::uint64_t offset_of(std::uint64_t address) const {
    for (const Segment& segment : segments_) {
      const bool here =
          segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz;
      if (here) return address - segment.p_vaddr + segment.p_offset;
    }
    return bytes_.size();
  }

  const std::string& bytes_;
  const std::string& path_;
  std::vector<Segment> segments_;
  std::size_t records_ = 0;
};

}  // namespace

std::optional<Elf> read_elf(const std::string& bytes, const std::string& path) {
  // e_machine has the same place in both classes.
  const auto machine = read_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine));
  if (!bytes.starts_with(ELFMAG) || !machine) return std::nullopt;
  Elf elf{name_of_machine(*machine), ""};
  if (bytes[EI_CLASS] == ELFCLASS64) elf.libc = Reader<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(bytes, path).libc();
  if (bytes[EI_CLASS] == ELFCLASS32) elf.libc = Reader<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(bytes, path).libc();
  return elf;
}

}  // namespace injector
