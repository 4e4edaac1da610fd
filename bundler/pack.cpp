#include "bundler/pack.h"

#include "bundler/bundle_writer.h"
#include "bundler/collect.h"
#include "bundler/draft.h"
#include "bundler/elf_check.h"
#include "bundler/library.h"
#include "bundler/unpack.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {
namespace {

std::vector<Variable> read_environment(const std::string& path) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::input_not_found, path, "does not exist", "Name the file of --environment.");
  return parse_environment(file->read_all(Manifest::max_document), path);
}

std::string base_name(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

Collection collect_input(const std::string& input) {
  Collection collection;
  if (Directory::try_open(input)) {
    collect(collection, input, "");
  } else {
    collect_file(collection, input, base_name(input));
  }
  return collection;
}

Collection collect_archive(const std::string& input, const Directory& scratch) {
  Unpacker(scratch, {}).unpack(input, "");
  Collection collection;
  collect(collection, scratch.path(), "");
  return collection;
}

std::string write(const PackOptions& options, const Manifest& manifest, const Collection& collection) {
  check_elf_files(manifest, collection);
  write_bundle(options.output, manifest, collection, options.time);
  return manifest.name() + ' ' + manifest.version() + ", " + std::to_string(manifest.size()) +
         (manifest.size() == 1 ? " entry" : " entries");
}

std::string pack_input(const PackOptions& options, const Collection& collection) {
  if (collection.empty()) throw Error(Reason::unsafe_entry, *options.input, "holds nothing to pack", "Fill it.");
  const std::vector<Variable> environment =
      options.environment ? read_environment(*options.environment) : std::vector<Variable>();
  return write(options, describe(collection, *options.name, *options.version, environment), collection);
}

}  // namespace

std::string pack(const PackOptions& options) {
  if (!options.library && !options.unpack) return pack_input(options, collect_input(*options.input));
  const Place place = split_place(options.output);
  const Draft scratch(place.parent, place.name + ".unpacked");
  if (!options.library) return pack_input(options, collect_archive(*options.input, scratch.root()));
  const Recipe library =
      options.fallback ? Recipe::read_fallback(*options.library) : Recipe::read(*options.library, *options.artifacts);
  const Collection collection = collect_library(library, *options.artifacts, scratch.root());
  return write(options, describe(collection, library.name, library.version, library.environment, library.selectors),
               collection);
}

}  // namespace injector
