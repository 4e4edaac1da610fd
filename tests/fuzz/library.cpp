#include "bundler/library.h"

#include <algorithm>
#include <filesystem>

#include "core/manifest_json.h"
#include "tests/fuzz/target.h"
#include "tests/temp_directory.h"

namespace injector::fuzz {
namespace {

// library.json is the project's own and may name what is beside its folder: here nothing but the scratch is read.
bool stays_inside(const Recipe& library) {
  const auto inside = [](const Recipe::Source& source) { return source.from.find("..") == std::string::npos; };
  return std::all_of(library.artifacts.begin(), library.artifacts.end(), inside) &&
         std::all_of(library.files.begin(), library.files.end(), inside);
}

void describe_library(const Recipe& library, const TempDirectory& place) {
  std::filesystem::create_directories(place.path("scratch"));
  const Directory scratch = *Directory::try_open(place.path("scratch"));
  const Collection collection = collect_library(library, place.path("artifacts"), scratch);
  const Manifest manifest = describe(collection, library.name, library.version, library.environment, library.selectors);
  require(print_manifest(parse_manifest(print_manifest(manifest), "m")) == print_manifest(manifest),
          "the manifest of a library is not read as it was written");
}

}  // namespace

// library.json, and SHA256SUMS where there is more.
void run_library(std::string_view bytes) {
  const auto texts = parts(bytes, 2);
  const TempDirectory place;
  place.write("library/library.json", texts[0]);
  if (!texts[1].empty()) place.write("library/SHA256SUMS", texts[1]);
  place.write("library/start.py", "start");
  place.write("artifacts/agent-1.0.jar", "jar");
  place.write("artifacts/py312/one-2.0-py3-none-any.whl", "no wheel");
  accepts([&] {
    const Recipe library = Recipe::read(place.path("library"), place.path("artifacts"));
    if (stays_inside(library)) describe_library(library, place);
  });
}

}  // namespace injector::fuzz
