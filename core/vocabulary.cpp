#include "core/vocabulary.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/catalog.h"
#include "core/manifest_json.h"
#include "core/selectors.h"
#include "core/utf8.h"

namespace injector {
namespace {

using Json = nlohmann::json;
using Meaning = Vocabulary::Meaning;
using Names = std::set<std::string>;

constexpr std::array<std::pair<std::string_view, Meaning>, 4> meanings = {
    {{"version", Meaning::version}, {"image", Meaning::image}, {"profile", Meaning::profile}, {"all", Meaning::all}}};

const Names facts{"service", "env", "version"};

// A name or a value of a Pod: nothing that could forge a line of a log.
std::string printable_of(const JsonValue& value) {
  std::string text = value.text();
  if (text.empty() || !utf8::valid(text) || utf8::has_control(text)) value.refuse("is empty or not printable UTF-8");
  return text;
}

// What stands in {} in text, each one of allowed and there once.
Names placeholders_of(const JsonValue& value, std::string_view text, const Names& allowed) {
  Names names;
  while (true) {
    const std::size_t open = text.find_first_of("{}");
    if (open == std::string_view::npos) return names;
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (text[open] == '}' || close == std::string_view::npos || text[close] == '{') value.refuse("has a brace alone");
    const std::string name(text.substr(open + 1, close - open - 1));
    if (!allowed.contains(name)) value.refuse("has {" + name + "}, which cannot stand there");
    if (!names.insert(name).second) value.refuse("has {" + name + "} twice");
    text.remove_prefix(close + 1);
  }
}

std::string pattern_of(const JsonValue& value, const Names& allowed) {
  std::string text = printable_of(value);
  placeholders_of(value, text, allowed);
  return text;
}

std::vector<std::string> patterns_of(const JsonValue& list, const Names& allowed) {
  std::vector<std::string> patterns;
  for (const JsonValue& value : list.list()) {
    patterns.push_back(pattern_of(value, allowed));
    if (std::count(patterns.begin(), patterns.end(), patterns.back()) > 1) value.refuse("is there twice");
  }
  return patterns;
}

Vocabulary::Switch switch_of(const JsonValue& object) {
  object.check_keys({"label", "on", "off"});
  Vocabulary::Switch power{printable_of(object.at("label")), printable_of(object.at("on")),
                           printable_of(object.at("off"))};
  if (power.on == power.off) object.refuse("has one value for on and off");
  return power;
}

Vocabulary::Request request_of(const JsonValue& object) {
  object.check_keys({"annotation", "value"});
  const JsonValue annotation = object.at("annotation");
  Vocabulary::Request request{pattern_of(annotation, {"library", "container"}), Meaning::version};
  const std::string text = object.at("value").text();
  const auto meaning =
      std::find_if(meanings.begin(), meanings.end(), [&](const auto& known) { return known.first == text; });
  if (meaning == meanings.end()) object.at("value").refuse("is not version, image, profile or all");
  request.meaning = meaning->second;
  const bool names_one = request.annotation.find("{library}") != std::string::npos;
  if (names_one == (request.meaning == Meaning::all)) {
    annotation.refuse(names_one ? "has {library}, and asks for all" : "needs {library}");
  }
  return request;
}

void read_requests(Vocabulary& vocabulary, const JsonValue& list) {
  Names annotations;
  for (const JsonValue& value : list.list()) {
    vocabulary.requests.push_back(request_of(value));
    if (!annotations.insert(vocabulary.requests.back().annotation).second) value.refuse("is there twice");
  }
}

void read_containers(Vocabulary& vocabulary, const JsonValue& object) {
  object.check_keys({"default", "annotations"});
  const std::string text = object.at("default").text();
  if (text != "all" && text != "first") object.at("default").refuse("is neither all nor first");
  vocabulary.all_containers = text == "all";
  vocabulary.container_annotations = patterns_of(object.at("annotations"), {"library"});
}

Vocabulary::Selection selection_of(const JsonValue& object) {
  object.check_keys({"annotation", "library", "values"});
  Vocabulary::Selection selection{pattern_of(object.at("annotation"), {}), read_word(object.at("library")), {}};
  for (const auto& [key, value] : object.at("values").members()) {
    const std::string choice = printable_of(value);
    if (!Choice::parse(choice)) value.refuse("is not what --select takes");
    selection.values[key] = choice;
  }
  return selection;
}

std::map<std::string, std::vector<std::string>> labels_of(const JsonValue& object) {
  object.check_keys({}, facts);
  std::map<std::string, std::vector<std::string>> labels;
  for (const auto& [key, value] : object.members()) labels[key] = patterns_of(value, {"container"});
  return labels;
}

// Each by itself: of two with the same name one may come without the other, for what it says may be unknown.
Variable variable_of(const JsonValue& object) {
  Variable variable = parse_environment('[' + object.dump() + ']', object.path()).front();
  placeholders_of(object, variable.value, facts);
  return variable;
}

std::string_view text_of(Meaning meaning) {
  return std::find_if(meanings.begin(), meanings.end(), [&](const auto& known) { return known.second == meaning; })
      ->first;
}

}  // namespace

std::string read_name(const JsonValue& value) {
  std::string text = value.text();
  if (!is_library_name(text)) value.refuse("is not [a-z0-9][a-z0-9._-]{0,63}");
  return text;
}

std::string read_word(const JsonValue& value) {
  std::string text = value.text();
  if (!is_library_name(text) || text.find_first_of("._") != std::string::npos) {
    value.refuse("is not [a-z0-9][a-z0-9-]{0,63}");
  }
  return text;
}

Vocabulary read_vocabulary(const JsonValue& value) {
  value.check_keys(
      {"name", "requests", "containers", "selections", "unsupported", "served", "sidecars", "labels", "variables"},
      {"switch", "executable"});
  Vocabulary vocabulary;
  vocabulary.name = read_name(value.at("name"));
  if (value.has("switch")) vocabulary.power = switch_of(value.at("switch"));
  read_requests(vocabulary, value.at("requests"));
  read_containers(vocabulary, value.at("containers"));
  for (const JsonValue& selection : value.at("selections").list()) {
    vocabulary.selections.push_back(selection_of(selection));
  }
  if (value.has("executable")) vocabulary.executable = pattern_of(value.at("executable"), {"library"});
  vocabulary.unsupported = patterns_of(value.at("unsupported"), {"library", "container"});
  vocabulary.served = patterns_of(value.at("served"), {});
  vocabulary.sidecars = patterns_of(value.at("sidecars"), {});
  vocabulary.labels = labels_of(value.at("labels"));
  for (const JsonValue& variable : value.at("variables").list()) {
    vocabulary.variables.push_back(variable_of(variable));
  }
  return vocabulary;
}

Vocabulary parse_vocabulary(std::string_view bytes, const std::string& path) {
  const Json document = parse_json(bytes, path, Catalog::limits);
  return read_vocabulary(JsonValue(document, path));
}

Json json_of(const std::vector<Variable>& environment) { return Json::parse(print_environment(environment)); }

Json json_of(const Vocabulary& vocabulary) {
  Json requests = Json::array();
  for (const auto& request : vocabulary.requests) {
    requests.push_back({{"annotation", request.annotation}, {"value", text_of(request.meaning)}});
  }
  Json selections = Json::array();
  for (const auto& selection : vocabulary.selections) {
    selections.push_back(
        {{"annotation", selection.annotation}, {"library", selection.library}, {"values", selection.values}});
  }
  Json json{
      {"name", vocabulary.name},
      {"requests", requests},
      {"containers",
       {{"default", vocabulary.all_containers ? "all" : "first"}, {"annotations", vocabulary.container_annotations}}},
      {"selections", selections},
      {"unsupported", vocabulary.unsupported},
      {"served", vocabulary.served},
      {"sidecars", vocabulary.sidecars},
      {"labels", vocabulary.labels},
      {"variables", json_of(vocabulary.variables)}};
  if (const auto& power = vocabulary.power) {
    json["switch"] = {{"label", power->label}, {"on", power->on}, {"off", power->off}};
  }
  if (!vocabulary.executable.empty()) json["executable"] = vocabulary.executable;
  return json;
}

}  // namespace injector
