#include "webhook/configuration.h"

#include <algorithm>
#include <functional>
#include <set>

#include "core/error.h"
#include "webhook/image_reference.h"
#include "webhook/pattern.h"
#include "webhook/resources.h"
#include "webhook/variable_source.h"

namespace injector {
namespace {

// Where in the document a value stands, for the one line that says what is wrong with it.
class Node {
 public:
  Node(const Json& value, const std::string& file, std::string key)
      : value_(value), file_(file), key_(std::move(key)) {}

  [[noreturn]] void refuse(const std::string& problem) const {
    throw Error(Reason::manifest_invalid, file_, (key_.empty() ? "the document" : key_) + ' ' + problem,
                "Correct the file.");
  }

  const Json& json() const { return value_; }

  std::string text() const {
    if (!value_.is_string()) refuse("is not a text");
    return value_.get<std::string>();
  }

  bool flag() const {
    if (!value_.is_boolean()) refuse("is neither true nor false");
    return value_.get<bool>();
  }

  void each_member(const std::function<void(const std::string&, const Node&)>& member) const {
    if (!value_.is_object()) refuse("is not a mapping");
    for (const auto& [name, value] : value_.items()) member(name, Node(value, file_, join(name)));
  }

  void each_item(const std::function<void(const Node&)>& item) const {
    if (!value_.is_array()) refuse("is not a list");
    for (std::size_t at = 0; at < value_.size(); ++at) {
      item(Node(value_[at], file_, key_ + '[' + std::to_string(at) + ']'));
    }
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    each_item([&](const Node& item) { all.push_back(item.text()); });
    return all;
  }

  std::map<std::string, std::string> map_of_texts() const {
    std::map<std::string, std::string> all;
    each_member([&](const std::string& name, const Node& value) { all[name] = value.text(); });
    return all;
  }

 private:
  std::string join(const std::string& name) const { return key_.empty() ? name : key_ + '.' + name; }

  const Json& value_;
  const std::string& file_;
  std::string key_;
};

using Reader = std::function<void(const Node&)>;

void read_keys(const Node& node, const std::map<std::string, Reader>& readers) {
  node.each_member([&](const std::string& name, const Node& value) {
    const auto reader = readers.find(name);
    if (reader == readers.end()) value.refuse("is unknown");
    reader->second(value);
  });
}

std::map<std::string, std::string> renamed(const Node& node) {
  std::map<std::string, std::string> names = node.map_of_texts();
  const bool good =
      std::all_of(names.begin(), names.end(), [](const auto& name) { return is_variable_name(name.second); });
  if (!good) node.refuse("has no name of a variable");
  return names;
}

std::string registry(const Node& node) {
  std::string name = node.text();
  while (name.ends_with('/')) name.pop_back();
  if (!name.empty() && !is_image_reference(name + "/image")) node.refuse("is not what may stand in front of an image");
  return name;
}

Profile::ForVocabulary variable(const Node& node) {
  Json entry = node.json();
  const std::string vocabulary(text_at(entry, {"vocabulary"}));
  if (!vocabulary.empty()) entry.erase("vocabulary");
  if (!is_variable_name(text_at(entry, {"name"}))) node.refuse("has no name of a variable");
  const Json* value = find(entry, {"value"});
  const bool elsewhere = !object_at(entry, {"valueFrom"}).empty();
  if (entry.size() != 2 || (value != nullptr) == elsewhere) {
    node.refuse("has not exactly name, and value or valueFrom, and for which vocabulary");
  }
  if (value != nullptr && !value->is_string()) node.refuse("has a value that is not a text: write it in quotes");
  const std::string problem = elsewhere ? problem_of_source(entry["valueFrom"]) : "";
  if (!problem.empty()) node.refuse(problem);
  return {vocabulary, std::move(entry)};
}

Profile read_profile(const Node& node) {
  Profile profile;
  std::set<std::pair<std::string, std::string>> names;
  read_keys(node, {
                      {"libraries", [&](const Node& at) { profile.libraries = at.map_of_texts(); }},
                      {"rename", [&](const Node& at) { profile.rename = renamed(at); }},
                      {"variables",
                       [&](const Node& at) {
                         at.each_item([&](const Node& item) {
                           profile.variables.push_back(variable(item));
                           const auto& [vocabulary, entry] = profile.variables.back();
                           if (!names.emplace(vocabulary, text_at(entry, {"name"})).second)
                             item.refuse("is there twice");
                         });
                       }},
                  });
  return profile;
}

Json resources(const Node& node) {
  const std::string problem = problem_of_resources(node.json());
  if (!problem.empty()) node.refuse(problem);
  return node.json();
}

Rule read_rule(const Node& node) {
  Rule rule;
  read_keys(node, {{"name", [&](const Node& at) { rule.name = at.text(); }},
                   {"profile", [&](const Node& at) { rule.profile = at.text(); }},
                   {"namespaceSelector", [&](const Node& at) { rule.namespace_selector = at.json(); }},
                   {"objectSelector", [&](const Node& at) { rule.object_selector = at.json(); }},
                   {"sidecars", [&](const Node& at) { rule.sidecars = at.flag(); }},
                   {"sidecarResources", [&](const Node& at) { rule.sidecar_resources = resources(at); }}});
  if (!match("{library}", rule.name)) node.refuse("has a name that is not of a-z, 0-9 and -");
  return rule;
}

ImageVariables read_image(const Node& node) {
  ImageVariables image;
  read_keys(node, {{"image", [&](const Node& at) { image.image = at.text(); }},
                   {"variables", [&](const Node& at) { image.variables = at.map_of_texts(); }}});
  if (image.image.empty()) node.refuse("names no image");
  return image;
}

// A path that every kind of variable can hold: the characters at which one is cut, or quoted, are not among these.
std::string mount_path(const Node& node) {
  std::string path = node.text();
  const bool plain = std::all_of(path.begin(), path.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_' || byte == '.' || byte == '/';
  });
  if (!plain || !path.starts_with('/') || path.ends_with('/') || path.find("/.") != std::string::npos ||
      path.find("//") != std::string::npos) {
    node.refuse("is not an absolute path of letters, digits, '-', '_' and '.'");
  }
  return path;
}

bool waits(const Node& node) {
  const std::string mode = node.text();
  if (mode != "continue" && mode != "fail") node.refuse("is neither continue nor fail");
  return mode == "fail";
}

void check(const Configuration& configuration, const Node& document) {
  for (const Rule& rule : configuration.rules) {
    if (configuration.profile(rule.profile) == nullptr) document.refuse("has a rule " + rule.name + " of no profile");
    if (configuration.rule(rule.name) != &rule) document.refuse("has two rules " + rule.name);
  }
}

}  // namespace

Configuration read_configuration(const Json& json, const std::string& path) {
  Configuration all;
  const Node document(json, path, "");
  if (json.is_null()) return all;
  const auto profiles = [&](const Node& at) {
    at.each_member([&](const std::string& name, const Node& node) { all.profiles[name] = read_profile(node); });
  };
  read_keys(document,
            {{"registry", [&](const Node& at) { all.registry = registry(at); }},
             {"mountPath", [&](const Node& at) { all.mount_path = mount_path(at); }},
             {"imagePullSecrets", [&](const Node& at) { all.image_pull_secrets = at.texts(); }},
             {"onFailure", [&](const Node& at) { all.wait_for_library = waits(at); }},
             {"hostNetwork", [&](const Node& at) { all.host_network = at.flag(); }},
             {"namespace", [&](const Node& at) { all.own_namespace = at.text(); }},
             {"architectures", [&](const Node& at) { all.architectures = at.texts(); }},
             {"profiles", profiles},
             {"rules",
              [&](const Node& at) { at.each_item([&](const Node& rule) { all.rules.push_back(read_rule(rule)); }); }},
             {"images", [&](const Node& at) {
                at.each_item([&](const Node& image) { all.images.push_back(read_image(image)); });
              }}});
  check(all, document);
  return all;
}

std::vector<Json> Profile::variables_for(const std::string& vocabulary) const {
  std::vector<Json> entries;
  for (const auto& [meant, entry] : variables) {
    if (meant.empty() || meant == vocabulary) entries.push_back(entry);
  }
  return entries;
}

std::string_view Configuration::image_variable(std::string_view image, const std::string& name) const {
  for (const ImageVariables& known : images) {
    if (!like(known.image, image)) continue;
    const auto found = known.variables.find(name);
    if (found != known.variables.end()) return found->second;
  }
  return {};
}

const Rule* Configuration::rule(std::string_view name) const {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

const Profile* Configuration::profile(const std::string& name) const {
  static const Profile nothing;
  const auto found = profiles.find(name);
  if (found != profiles.end()) return &found->second;
  return name == "default" ? &nothing : nullptr;
}

}  // namespace injector
