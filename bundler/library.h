#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundler/collect.h"
#include "core/catalog.h"
#include "core/directory.h"
#include "core/manifest.h"

namespace injector {

// library.json of a library, a recipe: which artifacts make its payload, and what an application needs. docs/library.md
// specifies it.
struct Recipe {
  struct Source {
    std::string from;  // in the directory of artifacts, or in the library's own
    std::string path;  // in the payload
    bool unpack = false;
  };

  std::string directory;
  std::string name;
  std::map<std::string, std::string> names;  // vocabulary → its word
  std::optional<Sidecar> sidecar;
  std::string version;
  std::vector<Source> artifacts;
  std::vector<Source> files;
  std::vector<std::string> exclude;
  std::vector<SelectorRule> selectors;
  bool compiled = false;
  std::vector<Variable> environment;

  // Reads DIR/library.json and finds the version in the directory of artifacts. Throws manifest_invalid or
  // input_not_found.
  static Recipe read(const std::string& directory, const std::string& artifacts);
  // The library's fallback, which has name and environment in common with it. Its version is a word: one fallback
  // serves every version of the library, and whoever sees the word knows that the library is not there.
  static Recipe read_fallback(const std::string& directory);
  // What is said of it whatever its version: there need be no artifacts.
  static Recipe read_identity(const std::string& directory);
};

// The library's payload; archives are unpacked into scratch, an empty directory that must live as long as the
// collection. Where DIR has a SHA256SUMS and the library is not compiled, every artifact must be in it and have its
// digest.
Collection collect_library(const Recipe& library, const std::string& artifacts, const Directory& scratch);

}  // namespace injector
