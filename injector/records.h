#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"

namespace injector {

// What .injector/ of a target holds (DESIGN: "Install protocol"):
//   lock                          one injector at a time
//   NAME/manifest.json            the record of the library NAME
//   NAME/selection                which entries of the manifest were wanted (Choice::text), where not all were
//   NAME/previous-DIGEST.json     records of earlier versions, until what only they have is removed
//   NAME/stage-RANDOM/            only while an install runs
//   replaced/                     what --replace moved away
// Everybody who can write to the volume can have written it, so a record that cannot be read counts as absent.
namespace records {

inline constexpr const char* folder = ".injector";
inline constexpr const char* document = "manifest.json";
inline constexpr const char* selection = "selection";
inline constexpr const char* replaced = "replaced";

// What is in the directory of one library, by the names of its entries.
struct Listing {
  std::vector<std::string> previous;
  std::vector<std::string> stages;

  bool tidy() const { return previous.empty() && stages.empty(); }
};

// .injector of a target; empty where there is none. Anything but a directory there is target_unsafe.
std::optional<Directory> try_open(const Directory& target);
// A directory below .injector (or .injector itself), with the same rule.
std::optional<Directory> try_open_folder(const Directory& parent, const std::string& name);
// The same, created where it is absent, with the permission bits of the parent.
Directory open_or_create_folder(const Directory& parent, const std::string& name);

std::optional<Manifest> try_read(const Directory& library, const std::string& name);
// The text of the selection; empty where all was wanted.
std::string read_selection(const Directory& library);
Listing list(const Directory& library);
// The names of all libraries that have a directory in .injector, in the order of their bytes.
std::vector<std::string> libraries(const Directory& injector_folder);

}  // namespace records
}  // namespace injector
