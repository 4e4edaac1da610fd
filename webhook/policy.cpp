#include "webhook/policy.h"

#include <algorithm>

#include "core/error.h"
#include "webhook/container.h"
#include "webhook/knowledge.h"
#include "webhook/policy_rule.h"
#include "webhook/variables.h"
#include "webhook/versions.h"
#include "webhook/wishes.h"
#include "webhook/words.h"

namespace injector {
namespace {

constexpr std::string_view api = "admissionregistration.k8s.io/v1";
constexpr int indentation = 2;

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(Reason::usage, path, problem);
}

const Library& library_named(const Catalog& catalog, const PolicyOptions& options) {
  const auto found = std::find_if(catalog.libraries.begin(), catalog.libraries.end(),
                                  [&](const Library& library) { return library.name == options.library; });
  if (found == catalog.libraries.end()) refuse(options.files.catalog, "has no library " + options.library);
  if (found->sidecar) refuse(options.library, "runs beside an application, which no policy adds");
  return *found;
}

PolicyRule rule_for(const PolicyOptions& options, const Knowledge& knowledge) {
  const auto& [configuration, catalog] = knowledge;
  const Library& library = library_named(catalog, options);
  const LibraryVersion* version = resolve(library, options.version);
  if (version == nullptr) {
    refuse(options.library, "has no version " + options.version + "; there is " + versions_of(library));
  }
  const Vocabulary* vocabulary = vocabulary_of(library, catalog);
  if (vocabulary == nullptr) refuse(options.library, "has a name in no vocabulary of the catalog");
  const Rule* rule = configuration.rule(options.rule);
  if (rule == nullptr && !options.rule.empty()) {
    refuse(options.files.configuration, "has no rule " + options.rule);
  }
  const Profile& profile = *configuration.profile(rule == nullptr ? "default" : rule->profile);
  return {configuration, catalog, library, *version,
          *vocabulary,   profile, rule,    environment_of(*version, profile, configuration)};
}

// Never in namespaces that keep the cluster going; that this looks at the name alone needs no label of ours.
Json namespace_selector(const PolicyRule& rule) {
  Json never = words::system_namespaces;
  if (!rule.configuration.own_namespace.empty()) never.push_back(rule.configuration.own_namespace);
  Json selector = rule.rule == nullptr ? Json::object() : rule.rule->namespace_selector;
  selector["matchExpressions"].push_back({{"key", words::namespace_name}, {"operator", "NotIn"}, {"values", never}});
  return selector;
}

Json constraints(const PolicyRule& rule) {
  const Json pods = {{"apiGroups", {""}},
                     {"apiVersions", {"v1"}},
                     {"operations", {"CREATE"}},
                     {"resources", {"pods"}},
                     {"scope", "Namespaced"}};
  return {{"matchPolicy", "Equivalent"},
          {"namespaceSelector", namespace_selector(rule)},
          {"objectSelector", rule.rule == nullptr ? Json::object() : rule.rule->object_selector},
          {"resourceRules", Json::array({pods})}};
}

Json object(const std::string& kind, const std::string& name, const Json& spec) {
  return {{"apiVersion", api}, {"kind", kind}, {"metadata", {{"name", name}}}, {"spec", spec}};
}

}  // namespace

std::string policy(const PolicyOptions& options) {
  const Knowledge knowledge = read_knowledge(options.files);
  const PolicyRule rule = rule_for(options, knowledge);
  const std::string name = container_name(rule.library) + (options.rule.empty() ? "" : '.' + options.rule);
  const Json patch = {{"patchType", "JSONPatch"}, {"jsonPatch", {{"expression", policy_patch(rule)}}}};
  const Json spec = {{"failurePolicy", "Ignore"},
                     {"reinvocationPolicy", "IfNeeded"},
                     {"matchConstraints", constraints(rule)},
                     {"matchConditions", policy_conditions(rule)},
                     {"variables", policy_variables(rule)},
                     {"mutations", Json::array({patch})}};
  const Json items = {object("MutatingAdmissionPolicy", name, spec),
                      object("MutatingAdmissionPolicyBinding", name, {{"policyName", name}})};
  const Json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
  return list.dump(indentation) + '\n';
}

}  // namespace injector
