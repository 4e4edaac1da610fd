#include "webhook/pod.h"

#include <algorithm>

namespace injector {
namespace {

const Json& terms_of(const Json& pod) {
  return list_at(
      pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
}

bool has_value(const Json& expression, std::string_view value) {
  const Json& values = list_at(expression, {"values"});
  return std::any_of(values.begin(), values.end(), [&](const Json& known) { return known == value; });
}

bool allows_expression(const Json& expression, std::string_view label, std::string_view value) {
  if (text_at(expression, {"key"}) != label) return true;
  const std::string_view by = text_at(expression, {"operator"});
  if (by == "In") return has_value(expression, value);
  if (by == "NotIn") return !has_value(expression, value);
  return by != "DoesNotExist";
}

bool allows_term(const Json& term, std::string_view label, std::string_view value) {
  const Json& expressions = list_at(term, {"matchExpressions"});
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const Json& expression) { return allows_expression(expression, label, value); });
}

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  if (!suffix.empty() && name.size() > suffix.size() + 1 && name.ends_with(suffix) &&
      name[name.size() - suffix.size() - 1] == '-') {
    name.remove_suffix(suffix.size() + 1);
  }
  return name;
}

// What a CronJob puts behind its Jobs' names: the scheduled time, in minutes since 1970.
std::string_view without_schedule(std::string_view name) {
  constexpr std::size_t fewest_digits = 8;
  const std::size_t last = name.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last == 0 || name[last] != '-') return name;
  return name.size() - last - 1 < fewest_digits ? name : name.substr(0, last);
}

const Json* owner_of(const Json& pod) {
  const Json& owners = list_at(pod, {"metadata", "ownerReferences"});
  for (const Json& owner : owners) {
    const Json* controls = find(owner, {"controller"});
    if (controls != nullptr && *controls == true) return &owner;
  }
  return owners.empty() ? nullptr : &owners.front();
}

}  // namespace

std::string ContainerPlace::pointer() const {
  return (init ? "/spec/initContainers/" : "/spec/containers/") + std::to_string(number);
}

const Json& ContainerPlace::in(const Json& pod) const {
  return list_at(pod, {"spec", init ? "initContainers" : "containers"})[number];
}

bool find_container(const Json& pod, std::string_view name, ContainerPlace& place) {
  for (const bool init : {false, true}) {
    const Json& containers = list_at(pod, {"spec", init ? "initContainers" : "containers"});
    for (std::size_t number = 0; number < containers.size(); ++number) {
      if (text_at(containers[number], {"name"}) != name) continue;
      place = {init, number};
      return true;
    }
  }
  return false;
}

const Json* container_named(const Json& pod, std::string_view name) {
  ContainerPlace place;
  return find_container(pod, name, place) ? &place.in(pod) : nullptr;
}

std::vector<std::string> names_in(std::string_view list, std::string_view separator) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    std::string_view name = list.substr(0, end);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    list.remove_prefix(std::min(end + separator.size(), list.size()));
  }
  return names;
}

std::string_view annotation(const Json& pod, std::string_view name) {
  return text_at(pod, {"metadata", "annotations", name});
}

std::string_view label(const Json& pod, std::string_view name) { return text_at(pod, {"metadata", "labels", name}); }

bool Placement::allows(std::string_view label, std::string_view value) const {
  const Json* selected = find(pod_, {"spec", "nodeSelector", label});
  if (selected != nullptr && *selected != value) return false;
  const Json& terms = terms_of(pod_);
  return terms.empty() ||
         std::any_of(terms.begin(), terms.end(), [&](const Json& term) { return allows_term(term, label, value); });
}

std::set<std::string> Placement::named(std::string_view label) const {
  std::set<std::string> values;
  const std::string_view selected = text_at(pod_, {"spec", "nodeSelector", label});
  if (!selected.empty()) values.emplace(selected);
  for (const Json& term : terms_of(pod_)) {
    for (const Json& expression : list_at(term, {"matchExpressions"})) {
      if (text_at(expression, {"key"}) != label || text_at(expression, {"operator"}) != "In") continue;
      for (const Json& value : list_at(expression, {"values"})) {
        if (value.is_string()) values.insert(value.get<std::string>());
      }
    }
  }
  return values;
}

std::string workload_of(const Json& pod) {
  const Json* owner = owner_of(pod);
  if (owner != nullptr) {
    const std::string_view name = text_at(*owner, {"name"});
    const std::string_view kind = text_at(*owner, {"kind"});
    if (kind == "ReplicaSet") return std::string(without_suffix(name, label(pod, "pod-template-hash")));
    return std::string(kind == "Job" ? without_schedule(name) : name);
  }
  const std::string_view name = text_at(pod, {"metadata", "name"});
  if (!name.empty()) return std::string(name);
  std::string_view generated = text_at(pod, {"metadata", "generateName"});
  while (generated.ends_with('-')) generated.remove_suffix(1);
  return std::string(generated);
}

}  // namespace injector
