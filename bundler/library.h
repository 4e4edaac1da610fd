#pragma once

#include <string>
#include <vector>

#include "bundler/collect.h"
#include "core/manifest.h"

namespace injector {

// What library.json of a library says: which artifacts make its payload, and what an application needs.
// {"name": NAME, "artifacts": [{"file": "agent-${version}.jar", "path": "agent.jar"}], "environment": [...]}
struct Library {
  struct Artifact {
    std::string file;  // in the directory of artifacts; ${version} stands for the library's version
    std::string path;  // in the payload
  };

  std::string name;
  std::string version;  // what ${version} matched
  std::vector<Artifact> artifacts;
  std::vector<Variable> environment;

  // Reads DIR/library.json and finds the version in the directory of artifacts. Throws manifest_invalid or io_error.
  static Library read(const std::string& directory, const std::string& artifacts);
};

// The library's payload. Where DIR has a SHA256SUMS, every artifact must be in it and have its digest.
Collection collect_library(const Library& library, const std::string& directory, const std::string& artifacts);

}  // namespace injector
