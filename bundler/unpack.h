#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundler/archive.h"
#include "bundler/wheel.h"
#include "core/digest.h"
#include "core/directory.h"

namespace injector {

// Unpacks archives into a directory in which nobody else writes. Throws what Archive throws, unsafe_entry for paths
// that break a rule of TreePath, lead through a link, are there twice or differ in nothing but the case of their
// letters, and for a wheel what check_record throws.
class Unpacker {
 public:
  // excluded: patterns (glob.h) of paths in root that are left out.
  Unpacker(const Directory& root, std::vector<std::string> excluded) : root_(root), excluded_(std::move(excluded)) {}

  // Everything below `at` of root (empty: root itself), as the ecosystem's own client would lay it out: *.whl into
  // site-packages (see wheel.h), *.tgz (npm) without the first component of its paths, all else as it is.
  void unpack(const std::string& archive, const std::string& at);

 private:
  struct Job;

  void unpack_entry(Job& job, const ArchiveEntry& entry);
  void unpack_file(Job& job, const ArchiveEntry& entry, const std::optional<std::string>& path);
  void link_file(const Job& job, const ArchiveEntry& entry, const std::string& path);
  bool excluded(const std::string& path) const;
  // Refuses what cannot be there beside what is there already.
  void check(const Job& job, const std::string& path);
  const Directory& parent_of(const std::string& path);

  const Directory& root_;
  std::vector<std::string> excluded_;
  std::map<std::string, Digest> files_;
  std::map<std::string, std::string> by_folded_;
  std::optional<Directory> parent_;
  std::string parent_path_;
};

}  // namespace injector
