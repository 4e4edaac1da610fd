#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/manifest.h"

namespace injector {

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
  std::string executable;  // the annotation that names the program beside which a sidecar runs; may be empty
  std::vector<std::string> unsupported;
  std::vector<std::string> served;
  std::vector<std::string> sidecars;
  // service, env, version → labels or annotations, those first that win
  std::map<std::string, std::vector<std::string>> labels;
  std::vector<Variable> variables;  // values hold {service}, {env}, {version}; one name may be there several times

  bool operator==(const Vocabulary&) const = default;
};

// Reads one vocabulary, a document of its own or a value of a catalog, as docs/catalog.md specifies it; path is for
// messages. Throws Error(manifest_invalid).
Vocabulary parse_vocabulary(std::string_view bytes, const std::string& path);
Vocabulary read_vocabulary(const JsonValue& value);

// The name of a library or of a vocabulary: [a-z0-9][a-z0-9._-]{0,63}.
std::string read_name(const JsonValue& value);
// A word of a vocabulary for a library: [a-z0-9][a-z0-9-]{0,63}, what {library} can stand for.
std::string read_word(const JsonValue& value);

// The same as JSON.
nlohmann::json json_of(const Vocabulary& vocabulary);
nlohmann::json json_of(const std::vector<Variable>& environment);

}  // namespace injector
