#include <algorithm>
#include <filesystem>

#include "bundler/collect.h"
#include "bundler/elf_check.h"
#include "bundler/unpack.h"
#include "core/manifest_json.h"
#include "tests/fuzz/target.h"
#include "tests/temp_directory.h"

namespace injector::fuzz {
namespace {

std::ptrdiff_t entries_below(const std::string& path) {
  return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
}

// What `bundler pack --unpack` does, but for the writing of the bundle.
void unpack(std::string_view bytes, const std::string& name) {
  const TempDirectory place;
  place.write(name, std::string(bytes));
  std::filesystem::create_directories(place.path("1/2/root"));
  accepts([&] {
    const Directory root = *Directory::try_open(place.path("1/2/root"));
    Unpacker(root, {"**/*.exe"}).unpack(place.path(name), "");
    Collection collection;
    collect(collection, root.path(), "");
    const Manifest manifest = describe(collection, "fuzz", "1", {});
    check_elf_files(manifest, collection);
    require(print_manifest(parse_manifest(print_manifest(manifest), "m")) == print_manifest(manifest),
            "the manifest of an archive is not read as it was written");
  });
  for (const char* const above : {"1", "1/2"})
    require(entries_below(place.path(above)) == 1, "an archive wrote beside its root");
  require(entries_below(place.path()) == 2, "an archive wrote beside its root");
}

}  // namespace

void run_archive(std::string_view bytes) { unpack(bytes, "a.zip"); }
void run_npm(std::string_view bytes) { unpack(bytes, "a.tgz"); }
void run_wheel(std::string_view bytes) { unpack(bytes, "a.whl"); }

}  // namespace injector::fuzz
