#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bundler/selecting.h"
#include "core/digest.h"
#include "core/manifest.h"

namespace injector {

// One entry of a payload to be, and where its content lies now.
struct Collected {
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  Digest digest;
  std::string target;  // of a symlink
  std::string source;  // of a file: the path to read it from
};

// A payload by its paths. std::map: the same input gives the same order.
using Collection = std::map<std::string, Collected>;

// Adds a file or, below a directory, everything. prefix: where in the payload, empty for its root. Modes become 0644
// or 0755. Throws unsafe_entry for what cannot be in a payload: devices, FIFOs, sockets, paths that break a rule.
void collect(Collection& collection, const std::string& source, const std::string& prefix);
void collect_file(Collection& collection, const std::string& source, const std::string& path);

// The manifest of the collection, in the order that docs/manifest.md asks for. Throws unsafe_entry, for what Selecting
// does not accept as well.
Manifest describe(const Collection& collection, const std::string& name, const std::string& version,
                  const std::vector<Variable>& environment, const std::vector<SelectorRule>& rules = {});

}  // namespace injector
