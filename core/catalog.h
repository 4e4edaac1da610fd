#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/manifest.h"
#include "core/vocabulary.h"

namespace injector {

// One image of a library. docs/catalog.md says what each field may hold.
struct LibraryVersion {
  std::string version;
  std::string image;   // without registry
  std::string digest;  // "sha256:…", or empty where it is not known
  std::vector<std::string> architectures;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::vector<Variable> environment;

  bool operator==(const LibraryVersion&) const = default;
};

// How a library runs that is beside the application instead of in it: as root, in a container of its own.
struct Sidecar {
  std::string program;                    // a path in the payload, what injector run starts
  std::vector<std::string> capabilities;  // as Kubernetes writes them, sorted
  std::string variable;                   // the one that names the application's program

  bool operator==(const Sidecar&) const = default;
};

struct Library {
  std::string name;
  std::map<std::string, std::string> names;  // vocabulary → its word
  std::optional<Sidecar> sidecar;
  std::vector<LibraryVersion> versions;  // newest first

  bool operator==(const Library&) const = default;
};

// What the admission webhook knows of libraries, and of the words in which people ask for them.
struct Catalog {
  // Four times what a ConfigMap holds, and twice as deep as a catalog is.
  static constexpr JsonLimits limits{.bytes = std::size_t{4} << 20U, .depth = 16};

  std::vector<Library> libraries;  // by name
  std::vector<Vocabulary> vocabularies;

  bool operator==(const Catalog&) const = default;
};

// What an image is called: NAME or NAME:TAG, without registry; and its digest: sha256: and 64 hexadecimal digits.
bool is_image_name(std::string_view text);
bool is_image_digest(std::string_view text);

// The value of `names`, here and in library.json: for each vocabulary its word. Throws Error(manifest_invalid).
std::map<std::string, std::string> read_names(const JsonValue& object);

// The value of `sidecar`, here and in library.json. Throws the same.
Sidecar read_sidecar(const JsonValue& object);

// Reads catalog.json as docs/catalog.md specifies it; path is for messages. Throws Error(manifest_invalid).
Catalog parse_catalog(std::string_view bytes, const std::string& path);

// Writes it; parse_catalog of the result gives an equal catalog.
std::string print_catalog(const Catalog& catalog);

}  // namespace injector
