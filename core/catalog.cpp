#include "core/catalog.h"

#include <algorithm>
#include <compare>
#include <nlohmann/json.hpp>
#include <set>

#include "core/digest.h"
#include "core/manifest_json.h"
#include "core/tree_path.h"
#include "core/version_order.h"

namespace injector {
namespace {

using Json = nlohmann::json;

// Bytes, as OCI's distribution specification has it.
constexpr std::size_t max_repository = 255;
constexpr std::size_t max_tag = 128;

bool is_lower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_between(char c) { return c == '.' || c == '_' || c == '-'; }

bool is_component(std::string_view text) {
  const auto any = [](char c) { return is_lower(c) || is_between(c); };
  return !text.empty() && is_lower(text.front()) && is_lower(text.back()) && std::all_of(text.begin(), text.end(), any);
}

bool is_repository(std::string_view text) {
  if (text.size() > max_repository) return false;
  while (true) {
    const std::size_t end = text.find('/');
    if (!is_component(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_tag(std::string_view text) {
  const auto word = [](char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && text.size() <= max_tag && word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return word(c) || is_between(c); });
}

std::string image_of(const JsonValue& value) {
  std::string text = value.text();
  if (!is_image_name(text)) value.refuse("is not NAME or NAME:TAG of an image, without registry and digest");
  return text;
}

std::string digest_of(const JsonValue& value) {
  std::string text = value.text();
  if (!is_image_digest(text)) value.refuse("is not sha256: and 64 lower-case hexadecimal digits");
  return text;
}

std::vector<std::string> architectures_of(const JsonValue& value) {
  std::vector<std::string> architectures;
  for (const JsonValue& architecture : value.list()) {
    architectures.push_back(read_name(architecture));
    if (architectures.size() > 1 && architectures.rbegin()[1] >= architectures.back()) {
      architecture.refuse("stands out of order, or twice");
    }
  }
  if (architectures.empty()) value.refuse("is empty");
  return architectures;
}

LibraryVersion version_of(const JsonValue& object) {
  object.check_keys({"version", "image", "architectures", "bytes", "entries", "environment"}, {"digest"});
  LibraryVersion version;
  version.version = object.at("version").text();
  if (!is_library_version(version.version)) object.at("version").refuse("is not [A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
  version.image = image_of(object.at("image"));
  if (object.has("digest")) version.digest = digest_of(object.at("digest"));
  version.architectures = architectures_of(object.at("architectures"));
  version.bytes = object.at("bytes").number();
  version.entries = object.at("entries").number();
  const JsonValue environment = object.at("environment");
  version.environment = parse_environment(environment.dump(), environment.path());
  return version;
}

std::string capability_of(const JsonValue& value) {
  std::string text = value.text();
  const auto any = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  // The runtime would refuse what is none, and Kubernetes itself lets it pass.
  if (text.empty() || text.starts_with("CAP_") || !std::all_of(text.begin(), text.end(), any)) {
    value.refuse("is no capability as Kubernetes writes them, without CAP_");
  }
  return text;
}

Library library_of(const JsonValue& object) {
  object.check_keys({"name", "names", "versions"}, {"sidecar"});
  Library library{read_name(object.at("name")), read_names(object.at("names")), {}, {}};
  if (object.has("sidecar")) library.sidecar = read_sidecar(object.at("sidecar"));
  for (const JsonValue& value : object.at("versions").list()) {
    LibraryVersion version = version_of(value);
    if (!library.versions.empty() && compare_versions(library.versions.back().version, version.version) <= 0) {
      value.refuse("is no older than the one above it");
    }
    library.versions.push_back(std::move(version));
  }
  if (library.versions.empty()) object.at("versions").refuse("is empty");
  return library;
}

// Libraries and vocabularies stand in the order of their names, none twice.
template <typename Named>
void add_in_order(std::vector<Named>& all, Named next, const JsonValue& value) {
  if (!all.empty() && all.back().name >= next.name) value.refuse("stands out of order, or twice");
  all.push_back(std::move(next));
}

// One word of a vocabulary means one library.
void check_words(const Catalog& catalog, const JsonValue& libraries) {
  std::set<std::pair<std::string, std::string>> words;
  for (const Library& library : catalog.libraries) {
    for (const auto& word : library.names) {
      if (words.insert(word).second) continue;
      libraries.refuse("has two that are called " + word.second + " in " + word.first);
    }
  }
}

Json json_of(const LibraryVersion& version) {
  Json json{{"version", version.version}, {"image", version.image},     {"architectures", version.architectures},
            {"bytes", version.bytes},     {"entries", version.entries}, {"environment", json_of(version.environment)}};
  if (!version.digest.empty()) json["digest"] = version.digest;
  return json;
}

Json json_of(const Library& library) {
  Json versions = Json::array();
  for (const LibraryVersion& version : library.versions) versions.push_back(json_of(version));
  Json json{{"name", library.name}, {"names", library.names}, {"versions", versions}};
  if (const auto& sidecar = library.sidecar) {
    json["sidecar"] = {
        {"program", sidecar->program}, {"capabilities", sidecar->capabilities}, {"variable", sidecar->variable}};
  }
  return json;
}

}  // namespace

bool is_image_name(std::string_view text) {
  const std::size_t colon = text.find(':');
  return is_repository(text.substr(0, colon)) && (colon == std::string_view::npos || is_tag(text.substr(colon + 1)));
}

bool is_image_digest(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  return text.starts_with(prefix) && Digest::parse(text.substr(prefix.size()));
}

std::map<std::string, std::string> read_names(const JsonValue& object) {
  std::map<std::string, std::string> names;
  for (const auto& [vocabulary, word] : object.members()) {
    if (!is_library_name(vocabulary)) object.refuse('"' + vocabulary + "\" is no vocabulary's name");
    names[vocabulary] = read_word(word);
  }
  return names;
}

Sidecar read_sidecar(const JsonValue& object) {
  object.check_keys({"program", "capabilities", "variable"});
  Sidecar sidecar{object.at("program").text(), {}, object.at("variable").text()};
  if (!TreePath::parse(sidecar.program)) object.at("program").refuse("is no path in a payload");
  const Json variable{{"name", sidecar.variable}, {"value", "a program"}, {"merge", "set"}};
  parse_environment(Json::array({variable}).dump(), object.path());  // refuses what is no variable's name
  for (const JsonValue& capability : object.at("capabilities").list()) {
    sidecar.capabilities.push_back(capability_of(capability));
    if (sidecar.capabilities.size() > 1 && sidecar.capabilities.rbegin()[1] >= sidecar.capabilities.back()) {
      capability.refuse("stands out of order, or twice");
    }
  }
  return sidecar;
}

Catalog parse_catalog(std::string_view bytes, const std::string& path) {
  const Json json = parse_json(bytes, path, Catalog::limits);
  const JsonValue document(json, path);
  document.check_keys({"schemaVersion", "libraries", "vocabularies"});
  if (document.at("schemaVersion").number() != 1)
    document.at("schemaVersion").refuse("is not 1, which this program reads");
  Catalog catalog;
  for (const JsonValue& value : document.at("libraries").list()) {
    add_in_order(catalog.libraries, library_of(value), value);
  }
  for (const JsonValue& value : document.at("vocabularies").list()) {
    add_in_order(catalog.vocabularies, read_vocabulary(value), value);
  }
  check_words(catalog, document.at("libraries"));
  return catalog;
}

std::string print_catalog(const Catalog& catalog) {
  Json json{{"schemaVersion", 1}, {"libraries", Json::array()}, {"vocabularies", Json::array()}};
  for (const Library& library : catalog.libraries) json["libraries"].push_back(json_of(library));
  for (const Vocabulary& vocabulary : catalog.vocabularies) json["vocabularies"].push_back(json_of(vocabulary));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace injector
