#include "webhook/offline.h"

#include <algorithm>

#include "webhook/label_selector.h"

namespace injector {
namespace {

// Where a kind has its Pods' template; CronJobs have it deeper.
const Json* template_of(const Json& object) {
  const Json* found = find(object, {"spec", "jobTemplate", "spec", "template"});
  return found != nullptr ? found : find(object, {"spec", "template"});
}

Json pod_from(const Json& object, const Json& pattern) {
  Json pod = pattern;
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  if (!pod["metadata"].is_object()) pod["metadata"] = Json::object();
  const std::string name(text_at(object, {"metadata", "name"}));
  pod["metadata"]["generateName"] = name + '-';
  pod["metadata"]["ownerReferences"] = {{{"kind", text_at(object, {"kind"})}, {"name", name}, {"controller", true}}};
  return pod;
}

Json without_our_help(Json pod, const std::string& kind) {
  if (kind == "Pod") return pod;
  pod["metadata"].erase("ownerReferences");  // nobody wrote them
  return pod;
}

// Whether a call found more than that the Pod asks for nothing.
bool says_something(const Decision& decision) {
  return !decision.patch.empty() || std::any_of(decision.notes.begin(), decision.notes.end(),
                                                [](const Note& note) { return note.why != Why::not_asked; });
}

}  // namespace

std::vector<Candidate> candidates_of(const Json& object, const std::string& space) {
  std::vector<Candidate> all;
  for (const Json& item : list_at(object, {"items"})) {
    for (Candidate& candidate : candidates_of(item, space)) all.push_back(std::move(candidate));
  }
  const std::string kind(text_at(object, {"kind"}));
  const Json* pattern = template_of(object);
  if (kind != "Pod" && pattern == nullptr) return all;
  const std::string_view own = text_at(object, {"metadata", "namespace"});
  const std::string_view name = text_at(object, {"metadata", "name"});
  all.push_back({kind, own.empty() ? space : std::string(own),
                 std::string(name.empty() ? text_at(object, {"metadata", "generateName"}) : name),
                 kind == "Pod" ? object : pod_from(object, *pattern)});
  return all;
}

Decision decide_offline(const Candidate& candidate, const Json& namespace_labels, const Knowledge& knowledge) {
  Json labels = namespace_labels;
  labels["kubernetes.io/metadata.name"] = candidate.space;
  Decision all;
  all.pod = candidate.pod;
  const auto follow = [&](std::string_view rule) {
    Decision next = decide(all.pod, candidate.space, rule, knowledge.configuration, knowledge.catalog);
    if (next.patch.empty() && says_something(all)) return;
    if (next.patch.empty()) next.pod = all.pod;
    all = std::move(next);
  };
  for (const Rule& rule : knowledge.configuration.rules) {
    const Json& pod_labels = object_at(all.pod, {"metadata", "labels"});
    if (selects(rule.namespace_selector, labels) && selects(rule.object_selector, pod_labels)) follow(rule.name);
  }
  follow("");
  all.pod = without_our_help(std::move(all.pod), candidate.kind);
  return all;
}

}  // namespace injector
