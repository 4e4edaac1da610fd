#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest.h"

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

struct Library {
  std::string name;
  std::map<std::string, std::string> names;  // vocabulary → its word
  bool sidecar = false;
  std::vector<LibraryVersion> versions;  // newest first

  bool operator==(const Library&) const = default;
};

// With which labels and annotations a Pod asks for a library. Names hold {library} and {container}.
struct Vocabulary {
  struct Switch {
    std::string label;
    std::string on;
    std::string off;

    bool operator==(const Switch&) const = default;
  };
  enum class Meaning : std::uint8_t { version, image, profile, all };
  struct Request {
    std::string annotation;
    Meaning meaning = Meaning::version;

    bool operator==(const Request&) const = default;
  };
  struct Selection {
    std::string annotation;
    std::string library;                        // the vocabulary's word
    std::map<std::string, std::string> values;  // the annotation's value → KEY=VALUE of --select

    bool operator==(const Selection&) const = default;
  };

  std::string name;
  std::optional<Switch> power;
  std::vector<Request> requests;  // those first that win
  bool all_containers = true;     // else the first
  std::vector<std::string> container_annotations;
  std::vector<Selection> selections;
  std::vector<std::string> unsupported;
  std::vector<std::string> served;
  std::vector<std::string> sidecars;
  std::map<std::string, std::vector<std::string>> labels;  // service, env, version → labels, those first that win
  std::vector<Variable> variables;                         // values hold {service}, {env}, {version}

  bool operator==(const Vocabulary&) const = default;
};

// What the admission webhook knows of libraries, and of the words in which people ask for them.
struct Catalog {
  static constexpr std::size_t max_document = std::size_t{4} << 20U;  // bytes

  std::vector<Library> libraries;  // by name
  std::vector<Vocabulary> vocabularies;

  bool operator==(const Catalog&) const = default;
};

// Reads catalog.json as docs/catalog.md specifies it; path is for messages. Throws Error(manifest_invalid).
Catalog parse_catalog(std::string_view bytes, const std::string& path);

// Reads one vocabulary, a document of its own.
Vocabulary parse_vocabulary(std::string_view bytes, const std::string& path);

// Writes it; parse_catalog of the result gives an equal catalog.
std::string print_catalog(const Catalog& catalog);

}  // namespace injector
