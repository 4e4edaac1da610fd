#include "bundler/library.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "bundler/draft.h"
#include "bundler/glob.h"
#include "bundler/unpack.h"
#include "core/catalog.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/json_value.h"
#include "core/manifest_json.h"

namespace injector {
namespace {

using Json = nlohmann::json;

constexpr std::string_view placeholder = "${version}";
// The document, a list, an object in it, and some to spare.
constexpr JsonLimits limits{.bytes = std::size_t{1} << 20U, .depth = 8};
// Of all patterns together, for each is held against every path; those of one library here have 488.
constexpr std::size_t max_pattern_bytes = 8192;

std::string read_all(const std::string& path) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::input_not_found, path, "does not exist");
  return file->read_all(limits.bytes);
}

Json read_document(const std::string& path) { return parse_json(read_all(path), path, limits); }

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(Reason::manifest_invalid, path, problem, "Correct the file.");
}

// Each part that a pattern names must be one of names, and none be there twice.
void check_parts(const std::string& pattern, std::set<std::string> names, const std::string& path) {
  for (const std::string& name : part_names(pattern)) {
    if (names.erase(name) == 0) refuse(path, pattern + " has ${" + name + "}, which cannot stand there");
  }
}

// optional: "unpack", of an artifact.
Recipe::Source source_of(const JsonValue& object, const std::set<std::string>& optional) {
  object.check_keys({"from", "path"}, optional);
  return {object.at("from").text(), object.at("path").text(), object.flag_at("unpack")};
}

SelectorRule rule_of(const JsonValue& object) {
  std::set<std::string> keys{"arch", "libc", "python"};
  object.check_keys({"path"}, keys);
  SelectorRule rule{object.at("path").text(), {}};
  for (const auto& [key, value] : object.members()) {
    if (keys.erase(key) != 0) rule.selectors[key] = value.text();
  }
  check_parts(rule.pattern, keys, object.path());  // what has a value of its own is no part
  return rule;
}

// What each version of a library and its fallback have in common.
Recipe identity_of(const JsonValue& document, const std::string& directory) {
  document.check_keys({"name", "version", "artifacts", "environment"},
                      {"names", "sidecar", "licenses", "files", "exclude", "selectors", "compiled", "fallback"});
  Recipe library;
  library.directory = directory;
  library.name = document.at("name").text();
  if (document.has("names")) library.names = read_names(document.at("names"));
  if (document.has("sidecar")) library.sidecar = read_sidecar(document.at("sidecar"));
  library.environment = parse_environment(document.at("environment").dump(), document.path());
  return library;
}

void read_sources(Recipe& library, const JsonValue& object) {
  for (const JsonValue& artifact : object.list_at("artifacts")) {
    library.artifacts.push_back(source_of(artifact, {"unpack"}));
  }
  for (const JsonValue& file : object.list_at("files")) library.files.push_back(source_of(file, {}));
}

void check_patterns(const Recipe& library, const std::string& path) {
  std::size_t bytes = 0;
  for (const std::string& pattern : library.exclude) {
    check_parts(pattern, {}, path);
    bytes += pattern.size();
  }
  for (const SelectorRule& rule : library.selectors) bytes += rule.pattern.size();
  if (bytes > max_pattern_bytes) {
    refuse(path,
           "has patterns of " + std::to_string(bytes) + " bytes, the limit is " + std::to_string(max_pattern_bytes));
  }
}

// pattern: the version itself, or the path of an artifact with ${version} in its name.
std::string find_version(const std::string& pattern, const std::string& artifacts, const std::string& path) {
  check_parts(pattern, {"version"}, path);
  if (pattern.find(placeholder) == std::string::npos) return pattern;
  const Place place = split_place(artifacts + '/' + pattern);
  const auto directory = Directory::try_open(place.parent);
  if (!directory) throw Error(Reason::input_not_found, place.parent, "is no directory", "Run scripts/fetch first.");
  std::set<std::string> versions;
  directory->list([&](const std::string& name) {
    const auto parts = parts_of(place.name, name);
    if (parts && is_library_version(parts->at("version"))) versions.insert(parts->at("version"));
  });
  if (versions.size() == 1) return *versions.begin();
  throw Error(Reason::input_not_found, artifacts, "has " + std::to_string(versions.size()) + " versions of " + pattern,
              "Run scripts/fetch again.");
}

std::string with_version(std::string pattern, const std::string& version) {
  const std::size_t at = pattern.find(placeholder);
  return at == std::string::npos ? pattern : pattern.replace(at, placeholder.size(), version);
}

// SHA256SUMS as coreutils writes it: digest, two spaces (or a space and a star), name.
std::map<std::string, Digest> read_sums(const std::string& path) {
  std::map<std::string, Digest> sums;
  const std::string text = read_all(path);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    constexpr std::size_t digits = 2 * Digest::size;
    const auto digest = Digest::parse(line.substr(0, digits));
    const std::string between = line.substr(std::min(digits, line.size()), 2);
    if (!digest || line.size() < digits + 3 || (between != "  " && between != " *")) {
      refuse(path, "has a line that is not DIGEST  NAME");
    }
    sums[line.substr(digits + 2)] = *digest;
  }
  return sums;
}

// What a `from` names: files and directories, in the order of their bytes.
std::vector<std::string> resolve(const std::string& root, const std::string& from) {
  if (from == ".") return {root};
  const Place place = split_place(root + '/' + from);
  std::vector<std::string> paths;
  const auto directory = Directory::try_open(place.parent);
  if (directory) {
    directory->list([&](const std::string& name) {
      if (matches_glob(place.name, name)) paths.push_back(place.parent + '/' + name);
    });
  }
  std::sort(paths.begin(), paths.end());
  if (paths.empty())
    throw Error(Reason::input_not_found, root + '/' + from, "does not exist", "Run scripts/fetch again.");
  return paths;
}

// Every file that path is or has below it.
void add_files(std::vector<std::string>& files, const std::string& path) {
  const auto directory = Directory::try_open(path);
  if (!directory) {
    files.push_back(path);
    return;
  }
  std::vector<std::string> names;
  directory->list([&](std::string name) { names.push_back(std::move(name)); });
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) add_files(files, path + '/' + name);
}

Digest digest_of(const std::string& path) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::io_error, path, "vanished while it was read");
  Hasher hasher;
  std::vector<char> buffer(File::buffer_size);
  while (const std::size_t count = file->read(buffer)) hasher.update({buffer.data(), count});
  return hasher.finish();
}

// Holds artifacts against SHA256SUMS of the library, where it has one.
class Lock {
 public:
  Lock(const Recipe& library, std::string root) : path_(library.directory + "/SHA256SUMS"), root_(std::move(root)) {
    if (!library.compiled && Directory::exists(path_)) sums_ = read_sums(path_);
  }

  void check(const std::string& artifact) const {
    if (!sums_) return;
    const auto expected = sums_->find(artifact.substr(root_.size() + 1));
    if (expected == sums_->end()) {
      throw Error(Reason::digest_mismatch, artifact, "is not in " + path_, "Run scripts/lock or scripts/fetch.");
    }
    const Digest digest = digest_of(artifact);
    if (digest == expected->second) return;
    throw Error(Reason::digest_mismatch, artifact,
                "SHA-256 is " + digest.text() + ", " + path_ + " says " + expected->second.text(),
                "Remove the file and run scripts/fetch.");
  }

 private:
  std::string path_;
  std::string root_;
  std::optional<std::map<std::string, Digest>> sums_;
};

// A file's place when the directory `from` becomes the directory `to`.
std::string moved(const std::string& file, const std::string& from, const std::string& to) {
  return file == from ? to : to + file.substr(from.size());
}

// What archives hold comes to lie where they lie; an npm tarball has a directory of its own there.
std::string unpacked_to(const std::string& file, const std::string& from, const std::string& to) {
  constexpr std::string_view npm = ".tgz";
  if (file == from) return to;
  return moved(file.ends_with(npm) ? file.substr(0, file.size() - npm.size()) : split_place(file).parent, from, to);
}

}  // namespace

Recipe Recipe::read(const std::string& directory, const std::string& artifacts) {
  const std::string path = directory + "/library.json";
  const Json json = read_document(path);
  const JsonValue document(json, path);
  Recipe library = identity_of(document, directory);
  read_sources(library, document);
  for (const JsonValue& pattern : document.list_at("exclude")) library.exclude.push_back(pattern.text());
  for (const JsonValue& rule : document.list_at("selectors")) library.selectors.push_back(rule_of(rule));
  check_patterns(library, path);
  library.compiled = document.flag_at("compiled");
  library.version = find_version(document.at("version").text(), artifacts, path);
  return library;
}

Recipe Recipe::read_identity(const std::string& directory) {
  const std::string path = directory + "/library.json";
  const Json json = read_document(path);
  return identity_of(JsonValue(json, path), directory);
}

Recipe Recipe::read_fallback(const std::string& directory) {
  const std::string path = directory + "/library.json";
  const Json json = read_document(path);
  const JsonValue document(json, path);
  Recipe library = identity_of(document, directory);
  if (!document.has("fallback")) refuse(path, "the key fallback is missing");
  const JsonValue fallback = document.at("fallback");
  fallback.check_keys({}, {"artifacts", "files"});
  read_sources(library, fallback);
  library.compiled = true;
  library.version = "fallback";
  return library;
}

Collection collect_library(const Recipe& library, const std::string& artifacts, const Directory& scratch) {
  const Lock lock(library, artifacts);
  Unpacker unpacker(scratch, library.exclude);
  std::vector<std::pair<std::string, std::string>> plain;  // a file and its path in the payload
  for (const Recipe::Source& source : library.artifacts) {
    for (const std::string& from : resolve(artifacts, with_version(source.from, library.version))) {
      std::vector<std::string> files;
      add_files(files, from);
      for (const std::string& file : files) {
        lock.check(file);
        if (source.unpack) unpacker.unpack(file, unpacked_to(file, from, source.path));
        if (!source.unpack) plain.emplace_back(file, moved(file, from, source.path));
      }
    }
  }
  for (const Recipe::Source& source : library.files) {
    for (const std::string& from : resolve(library.directory, source.from)) plain.emplace_back(from, source.path);
  }
  Collection collection;
  collect(collection, scratch.path(), "");
  for (const auto& [file, path] : plain) collect_file(collection, file, path);
  std::erase_if(collection, [&](const auto& entry) {
    return std::any_of(library.exclude.begin(), library.exclude.end(),
                       [&](const std::string& pattern) { return is_within_glob(pattern, entry.first); });
  });
  return collection;
}

}  // namespace injector
