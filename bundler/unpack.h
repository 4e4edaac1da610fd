#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/archive.h"
#include "bundler/wheel.h"
#include "core/digest.h"
#include "core/directory.h"

namespace injector {

// Unpacks archives into a directory in which nobody else writes. Throws what Archive throws, unsafe_entry for paths
// that break a rule of TreePath, lead through a link, are there twice or differ in nothing but the case of their
// letters, and for a wheel what check_record throws.
//
// In one library, all its archives together, there are at most max_paths entries of archives and directories that they
// lead through, and at most max_path_bytes of their paths, for each is kept; max_record bytes for a wheel's RECORD. The
// largest library here has 16,000 entries, with paths of 2 MiB. unsafe_entry says which limit was reached.
class Unpacker {
 public:
  static constexpr std::size_t max_paths = 200'000;
  static constexpr std::size_t max_path_bytes = std::size_t{16} << 20U;
  static constexpr std::size_t max_record = std::size_t{16} << 20U;

  // excluded: patterns (glob.h) of paths in root that are left out.
  Unpacker(const Directory& root, std::vector<std::string> excluded) : root_(root), excluded_(std::move(excluded)) {}

  // Everything below `at` of root (empty: root itself), as the ecosystem's own client would lay it out: *.whl into
  // site-packages (see wheel.h), *.tgz (npm) without the first component of its paths, all else as it is.
  void unpack(const std::string& archive, const std::string& at);

 private:
  struct Job;
  // ASCII letters alone: more would need Unicode's tables.
  struct FoldedLess {
    bool operator()(std::string_view a, std::string_view b) const;
  };

  void unpack_entry(Job& job, const ArchiveEntry& entry);
  void unpack_file(Job& job, const ArchiveEntry& entry, const std::optional<std::string>& path);
  void make_link(const Job& job, const ArchiveEntry& entry, const std::string& path);
  void link_file(Job& job, const ArchiveEntry& entry, const std::string& path);
  bool excluded(const std::string& path) const;
  void count(const Job& job, const std::string& path);
  // Refuses what cannot be there beside what is there already; whether it is new.
  bool add_path(const Job& job, const std::string& path);
  const Directory& parent_of(const std::string& path);

  const Directory& root_;
  std::vector<std::string> excluded_;
  std::map<std::string, Digest> files_;
  std::set<std::string, FoldedLess> known_;  // paths, with the directories that they lead through
  std::size_t paths_ = 0;
  std::size_t path_bytes_ = 0;
  std::optional<Directory> parent_;
  std::string parent_path_;
};

}  // namespace injector
