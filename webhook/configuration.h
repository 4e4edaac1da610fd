#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/json.h"

namespace injector {

// What Pods of a profile get beside their libraries.
struct Profile {
  std::map<std::string, std::string> libraries;  // for Pods of a rule that name none: library → version
  // As a container's env has them, in the order in which they may refer to each other; an empty vocabulary: for
  // libraries of any.
  struct ForVocabulary {
    std::string vocabulary;
    Json entry;
  };
  std::vector<ForVocabulary> variables;
  std::map<std::string, std::string> rename;  // a library's variable → the name under which it is set

  std::vector<Json> variables_for(const std::string& vocabulary) const;
};

// Which Pods get a profile without asking. The API server matches the selectors (metav1.LabelSelector) before it calls;
// here they serve whoever has no API server to ask.
struct Rule {
  std::string name;
  std::string profile;
  Json namespace_selector = Json::object();
  Json object_selector = Json::object();
  bool sidecars = false;                    // Pods that it selects may get what runs beside an application
  Json sidecar_resources = Json::object();  // of each of those, as Kubernetes writes them; empty: nobody said
};

// What an image sets by itself, which no Pod shows.
struct ImageVariables {
  std::string image;  // with *
  std::map<std::string, std::string> variables;
};

// The webhook's configuration; docs/webhook.md says what each field means.
struct Configuration {
  static constexpr std::size_t max_document = std::size_t{1} << 20U;  // bytes

  std::string registry;
  std::string mount_path = "/injector";
  std::vector<std::string> image_pull_secrets;
  bool wait_for_library = false;  // onFailure: fail
  bool host_network = false;
  std::string own_namespace;
  std::vector<std::string> architectures;  // of the cluster's nodes; empty: not told
  std::map<std::string, Profile> profiles;
  std::vector<Rule> rules;  // in the order in which they are called
  std::vector<ImageVariables> images;

  // The value that an image sets for a variable; empty where nobody said so.
  std::string_view image_variable(std::string_view image, const std::string& name) const;
  // nullptr where there is none of the name; an empty one is default, if nobody wrote that.
  const Profile* profile(const std::string& name) const;
  const Rule* rule(std::string_view name) const;
};

// Reads a configuration; path is for messages. Throws Error(manifest_invalid) with the key that is wrong.
Configuration read_configuration(const Json& document, const std::string& path);

}  // namespace injector
