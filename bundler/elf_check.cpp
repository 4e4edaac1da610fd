#include "bundler/elf_check.h"

#include <string>
#include <vector>

#include "bundler/elf.h"
#include "core/error.h"
#include "core/file.h"

namespace injector {
namespace {

constexpr std::size_t max_elf = std::size_t{2} << 30U;

std::string claim_of(const Selectors& selectors, const char* key) {
  const auto claim = selectors.find(key);
  return claim == selectors.end() ? "" : claim->second;
}

void check(const std::string& path, const std::string& source, const Selectors& claims) {
  auto file = File::try_open(source);
  if (!file) throw Error(Reason::io_error, source, "vanished while it was read");
  const auto elf = read_elf(file->read_all(max_elf), path);
  if (!elf) return;
  const auto refuse = [&](const std::string& found, const std::string& claim) {
    throw Error(Reason::unsafe_entry, path, "is an ELF file for " + found + ", its selectors claim " + claim,
                "Correct the selectors of library.json, or the input.");
  };
  const std::string arch = claim_of(claims, "arch");
  const std::string libc = claim_of(claims, "libc");
  if (!arch.empty() && elf->arch != arch) refuse(elf->arch, arch);
  if (!libc.empty() && !elf->libc.empty() && elf->libc != libc) refuse(elf->libc, libc);
}

}  // namespace

void check_elf_files(const Manifest& manifest, const Collection& collection) {
  std::vector<Selectors> claims(manifest.size());  // with those from above
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    const Entry& entry = manifest[i];
    claims[i] = manifest.selectors_of(i);
    if (entry.parent != Entry::no_parent) claims[i].insert(claims[entry.parent].begin(), claims[entry.parent].end());
    const bool claimed = claims[i].contains("arch") || claims[i].contains("libc");
    if (entry.type != EntryType::file || !claimed) continue;
    const std::string path = manifest.path_of(i);
    check(path, collection.at(path).source, claims[i]);
  }
}

}  // namespace injector
