#include "webhook/guards.h"

#include <algorithm>

#include "webhook/pattern.h"
#include "webhook/pod.h"
#include "webhook/resources.h"
#include "webhook/words.h"

namespace injector {
namespace {

bool is_on_windows(const Json& pod) {
  const Placement placement(pod);
  const auto excludes_linux = [&](std::string_view label) { return !placement.allows(label, "linux"); };
  return text_at(pod, {"spec", "os", "name"}) == "windows" ||
         std::any_of(words::os_labels.begin(), words::os_labels.end(), excludes_linux);
}

// The init container by which another injector shows that it was here.
std::string_view other_injector(const Json& pod, const Catalog& catalog) {
  for (const Json& container : list_at(pod, {"spec", "initContainers"})) {
    const std::string_view name = text_at(container, {"name"});
    for (const Vocabulary& vocabulary : catalog.vocabularies) {
      for (const std::string& served : vocabulary.served) {
        if (like(served, name)) return name;
      }
    }
  }
  return {};
}

bool is_system(std::string_view space) {
  return std::find(words::system_namespaces.begin(), words::system_namespaces.end(), space) !=
         words::system_namespaces.end();
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

std::optional<Note> refusal(const Json& pod, std::string_view space, const Configuration& configuration,
                            const Catalog& catalog) {
  if (is_system(space)) return Note{Why::system_namespace, std::string(space)};
  if (!configuration.own_namespace.empty() && space == configuration.own_namespace) {
    return Note{Why::own_namespace, std::string(space) + " is where the webhook runs"};
  }
  if (find(pod, {"metadata", "annotations", words::mirror}) != nullptr) {
    return Note{Why::mirror_pod, "the kubelet's own copy of a static Pod"};
  }
  if (is_on_windows(pod)) return Note{Why::windows, "the init container is for Linux"};
  const Json* host_network = find(pod, {"spec", "hostNetwork"});
  if (host_network != nullptr && *host_network == true && !configuration.host_network) {
    return Note{Why::host_network, "hostNetwork is true, and the configuration does not allow that"};
  }
  const std::string_view other = other_injector(pod, catalog);
  if (!other.empty()) return Note{Why::other_injector, "the init container " + std::string(other) + " is another's"};
  return {};
}

std::optional<Note> misfit(const Json& pod, const std::vector<std::string>& architectures,
                           const Configuration& configuration) {
  const Placement placement(pod);
  std::set<std::string> possible;
  for (const std::string_view label : words::architecture_labels) possible.merge(placement.named(label));
  if (possible.empty()) possible.insert(configuration.architectures.begin(), configuration.architectures.end());
  for (const std::string& architecture : possible) {
    const bool allowed = std::all_of(words::architecture_labels.begin(), words::architecture_labels.end(),
                                     [&](std::string_view label) { return placement.allows(label, architecture); });
    if (!allowed || contains(architectures, architecture)) continue;
    return Note{Why::architecture, "it may run on " + architecture + ", for which there is no image"};
  }
  return {};
}

std::optional<Note> obstacle_beside(const Json& pod, const Library& library, const Rule* rule) {
  const auto note = [&](const std::string& text) {
    return Note{Why::sidecar, library.name + " runs beside an application" + text};
  };
  const auto is = [&](std::string_view key, bool value) {
    const Json* said = find(pod, {"spec", key});
    return said != nullptr && *said == value;
  };
  if (rule == nullptr || !rule->sidecars)
    return note(", as root: it takes a rule with sidecars: true that selects the Pod");
  if (is("hostPID", true)) return note(" whose processes it sees: those of the host are too many");
  if (is("shareProcessNamespace", false)) return note(" whose processes it sees: shareProcessNamespace is false");
  if (rule->sidecar_resources.empty() && says_amounts(pod)) {
    return note(": a LimitRange or a quota may want amounts of it, and the rule has no sidecarResources");
  }
  if (!rule->sidecar_resources.empty() && !object_at(pod, {"spec", "resources"}).empty()) {
    return note(": what it takes may be more than the Pod's own resources leave");
  }
  if (is_guaranteed(pod)) return note(": the Pod would no longer be Guaranteed");
  return {};
}

}  // namespace injector
