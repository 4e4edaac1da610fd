#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "injector/trust.h"

namespace injector {

// What .injector/ of a target holds (DESIGN: "Install protocol"):
//   lock                          one injector at a time (see Lock)
//   NAME/manifest.json            the record of the library NAME
//   NAME/manifest.json.sig        its signature, where it was installed with a public key
//   NAME/selection                which entries of the manifest were wanted (Choice::text), where not all were
//   NAME/previous-DIGEST.json     records of earlier versions, until what only they have is removed
//   NAME/stage-RANDOM/            only while an install runs (see Stage)
//   replaced/                     what --replace moved away, and whatever else of a stranger was found among ours
// Everybody who can write to the volume can have written it. So a record that cannot be read counts as absent, every
// look here ends at a limit, and what a record says is never enough to remove anything (see Ownership).
namespace records {

inline constexpr const char* folder = ".injector";
inline constexpr const char* document = "manifest.json";
inline constexpr const char* signature = signature_name;
inline constexpr const char* selection = "selection";
inline constexpr const char* replaced = "replaced";

// A record of an earlier version, or of another library, may have so many bytes: some 50,000 entries.
inline constexpr std::size_t max_document = std::size_t{8} << 20U;
// That of the library whose own document has so many bytes, lest a very large library forgets what it was.
std::size_t limit_for(std::size_t own_document);
// Where a record goes that another one replaces, by the digest of its content.
std::string previous_name(const std::string& digest);

// What is in the directory of one library, by the names of its entries: some of them, where there are very many.
struct Listing {
  std::vector<std::string> previous;
  std::vector<std::string> stages;
  bool signature = false;
};

// .injector of a target; empty where there is none. Anything but a directory there is target_unsafe.
std::optional<Directory> try_open(const Directory& target);
// A directory below .injector (or .injector itself), with the same rule.
std::optional<Directory> try_open_folder(const Directory& parent, const std::string& name);
// The same, created where it is absent, with the permission bits of the parent.
Directory open_or_create_folder(const Directory& parent, const std::string& name);

// The same for as long as this object lives: then it goes again, where it stayed empty.
class OwnFolder {
 public:
  OwnFolder(const Directory& parent, const std::string& name)
      : guard_{parent, name}, directory_(open_or_create_folder(parent, name)) {}

  const Directory& directory() const { return directory_; }

 private:
  struct Guard {
    const Directory& parent;
    std::string name;
    ~Guard() { parent.try_remove_directory(name); }
  };
  Guard guard_;
  Directory directory_;
};

std::optional<Manifest> try_read(const Directory& library, const std::string& name, std::size_t limit = max_document);
// Whether this volume gives files the modes that they ask for; with those of its mount (SMB, vfat), modes say nothing.
bool keeps_modes(const Directory& library);
// The text of the selection, "" where all was wanted; empty where there is something that is none.
std::optional<std::string> try_read_selection(const Directory& library);
// The bytes of the signature; empty where there is none, or something that is none.
std::string read_signature(const Directory& library);
Listing list(const Directory& library);
// The names of the libraries that have a directory in .injector, in the order of their bytes: some, of very many.
std::vector<std::string> libraries(const Directory& injector_folder);

// Moves into replaced/, under a name of its own, what is not ours to remove. Nothing in there is ever removed. Throws
// name_taken where the file system cannot move it.
void keep(const Directory& injector_folder, const Directory& from, const std::string& name);

}  // namespace records
}  // namespace injector
