#include "bundler/library.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/directory.h"
#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {
namespace {

using Json = nlohmann::json;

constexpr std::string_view placeholder = "${version}";
constexpr std::size_t max_document = std::size_t{1} << 20U;

std::string read_all(const std::string& path) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::io_error, path, "does not exist");
  return file->read_all(max_document);
}

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(Reason::manifest_invalid, path, problem, "Correct the file.");
}

void check_keys(const Json& object, const std::set<std::string>& keys, const std::string& path) {
  if (!object.is_object()) refuse(path, "an object is missing");
  for (const auto& member : object.items()) {
    if (!keys.contains(member.key())) refuse(path, "the key " + member.key() + " is unknown");
  }
  for (const std::string& key : keys) {
    if (!object.contains(key)) refuse(path, "the key " + key + " is missing");
  }
}

std::string text_at(const Json& object, const char* key, const std::string& path) {
  if (!object.at(key).is_string()) refuse(path, std::string(key) + " is not a string");
  return object.at(key).get<std::string>();
}

// The version that pattern has in name; empty where they do not match.
std::optional<std::string> match(const std::string& pattern, const std::string& name) {
  const std::size_t at = pattern.find(placeholder);
  const std::string head = pattern.substr(0, at);
  const std::string tail = pattern.substr(at + placeholder.size());
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  return name.substr(head.size(), name.size() - head.size() - tail.size());
}

std::string find_version(const std::vector<Library::Artifact>& wanted, const std::string& artifacts) {
  const auto directory = Directory::try_open(artifacts);
  if (!directory) throw Error(Reason::io_error, artifacts, "is no directory", "Run scripts/fetch first.");
  std::set<std::string> versions;
  directory->list([&](const std::string& name) {
    for (const auto& artifact : wanted) {
      if (artifact.file.find(placeholder) == std::string::npos) continue;
      if (auto version = match(artifact.file, name)) versions.insert(std::move(*version));
    }
  });
  if (versions.size() == 1) return *versions.begin();
  throw Error(Reason::io_error, artifacts,
              "has " + std::to_string(versions.size()) + " versions of " + wanted.front().file,
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
    if (!digest || line.size() < digits + 3) refuse(path, "has a line that is not DIGEST  NAME");
    sums[line.substr(digits + 2)] = *digest;
  }
  return sums;
}

}  // namespace

Library Library::read(const std::string& directory, const std::string& artifacts) {
  const std::string path = directory + "/library.json";
  const Json document = Json::parse(read_all(path), nullptr, false);
  if (document.is_discarded()) refuse(path, "is not JSON");
  check_keys(document, {"name", "artifacts", "environment"}, path);
  Library library;
  library.name = text_at(document, "name", path);
  if (!document.at("artifacts").is_array() || document.at("artifacts").empty()) refuse(path, "artifacts is no list");
  for (const Json& artifact : document.at("artifacts")) {
    check_keys(artifact, {"file", "path"}, path);
    library.artifacts.push_back({text_at(artifact, "file", path), text_at(artifact, "path", path)});
  }
  library.environment = parse_environment(document.at("environment").dump(), path);
  library.version = find_version(library.artifacts, artifacts);
  return library;
}

Collection collect_library(const Library& library, const std::string& directory, const std::string& artifacts) {
  const std::string sums_path = directory + "/SHA256SUMS";
  const bool locked = Directory::exists(sums_path);
  const auto sums = locked ? read_sums(sums_path) : std::map<std::string, Digest>();
  Collection collection;
  for (const Library::Artifact& artifact : library.artifacts) {
    const std::string file = with_version(artifact.file, library.version);
    const std::string source = artifacts + '/' + file;
    collect_file(collection, source, artifact.path);
    const auto expected = sums.find(file);
    if (locked && expected == sums.end()) {
      throw Error(Reason::digest_mismatch, source, "is not in " + sums_path, "Run scripts/lock or scripts/fetch.");
    }
    const Digest digest = collection.at(artifact.path).digest;
    if (locked && digest != expected->second) {
      throw Error(Reason::digest_mismatch, source,
                  "SHA-256 is " + digest.text() + ", " + sums_path + " says " + expected->second.text(),
                  "Remove the file and run scripts/fetch.");
    }
  }
  return collection;
}

}  // namespace injector
