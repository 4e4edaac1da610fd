#include "bundler/catalog.h"

#include <algorithm>

#include "bundler/draft.h"
#include "bundler/library.h"
#include "core/catalog.h"
#include "core/error.h"
#include "core/manifest_json.h"
#include "core/process.h"
#include "core/version_order.h"

namespace injector {
namespace {

std::string read_input(const std::string& path, std::size_t limit) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::input_not_found, path, "does not exist");
  return file->read_all(limit);
}

Catalog read_present(const std::string& path) {
  auto file = File::try_open(path);
  return file ? parse_catalog(file->read_all(Catalog::limits.bytes), path) : Catalog();
}

// The place of a name in what is in the order of names, where a new element has it if there was none.
template <typename Named>
Named& by_name(std::vector<Named>& all, const std::string& name) {
  auto at = std::lower_bound(all.begin(), all.end(), name,
                             [](const Named& one, const std::string& wanted) { return one.name < wanted; });
  if (at == all.end() || at->name != name) at = all.insert(at, Named());
  at->name = name;
  return *at;
}

// What uname -m calls it is what Kubernetes does but for these two.
std::string this_architecture() {
  const std::string machine(process::architecture());
  if (machine == "x86_64") return "amd64";
  return machine == "aarch64" ? "arm64" : machine;
}

LibraryVersion version_of(const CatalogOptions& options, const Manifest& manifest) {
  LibraryVersion version{manifest.version(), *options.image,        options.digest, options.architectures, 0,
                         manifest.size(),    manifest.environment()};
  if (version.architectures.empty()) version.architectures = {this_architecture()};
  std::sort(version.architectures.begin(), version.architectures.end());
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    version.bytes += manifest[i].size;
    if (version.bytes > Manifest::max_number) {
      throw Error(Reason::manifest_invalid, *options.manifest, "has files of more than 2^53 bytes");
    }
  }
  return version;
}

// Newest first, and one that is alike goes.
void put(std::vector<LibraryVersion>& versions, LibraryVersion version) {
  std::erase_if(versions, [&](const auto& other) { return compare_versions(other.version, version.version) == 0; });
  const auto place = std::find_if(versions.begin(), versions.end(), [&](const auto& other) {
    return compare_versions(other.version, version.version) < 0;
  });
  versions.insert(place, std::move(version));
}

std::string add_version(Catalog& catalog, const CatalogOptions& options) {
  const Manifest manifest = parse_manifest(read_input(*options.manifest, Manifest::max_document), *options.manifest);
  const Recipe recipe = Recipe::read_identity(*options.library);
  if (manifest.name() != recipe.name) {
    throw Error(Reason::manifest_invalid, *options.manifest, "is of " + manifest.name() + ", not of " + recipe.name,
                "Name the library that it is of with --library.");
  }
  Library& library = by_name(catalog.libraries, manifest.name());
  library.names = recipe.names;
  library.sidecar = recipe.sidecar;
  put(library.versions, version_of(options, manifest));
  return manifest.name() + ' ' + manifest.version();
}

std::string add_vocabulary(Catalog& catalog, const std::string& path) {
  Vocabulary vocabulary = parse_vocabulary(read_input(path, Catalog::limits.bytes), path);
  std::string name = "the vocabulary " + vocabulary.name;
  by_name(catalog.vocabularies, vocabulary.name) = std::move(vocabulary);
  return name;
}

}  // namespace

std::string write_catalog(const CatalogOptions& options) {
  const Place place = split_place(options.catalog);
  const Directory directory = open_parent(place.parent);
  Catalog catalog = read_present(options.catalog);
  std::string added = options.manifest ? add_version(catalog, options) : "";
  for (const std::string& path : options.vocabularies) {
    added += (added.empty() ? "" : ", ") + add_vocabulary(catalog, path);
  }
  const std::string text = print_catalog(catalog);
  parse_catalog(text, options.catalog);
  replace_file(directory, place.name, text);
  return added;
}

}  // namespace injector
