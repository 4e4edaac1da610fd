#pragma once

#include <array>
#include <string>
#include <string_view>

// Names in a Pod that are Kubernetes' own, and ours. Those of vocabularies and libraries are in the catalog.
namespace injector::words {

// Ours. A prefix is a DNS subdomain (Kubernetes: "Labels and Selectors"), and one without a dot belongs to nobody.
constexpr std::string_view prefix = "injector/";
constexpr std::string_view status = "injector/status";        // injected, or partial
constexpr std::string_view libraries = "injector/libraries";  // a JSON object: library → version
constexpr std::string_view reasons = "injector/reasons";      // why not everything that was asked for
constexpr std::string_view env_from = "injector/env-from";    // variables that envFrom is known to set
constexpr std::string_view volume = "injector";
constexpr std::string_view renamed = "INJECTOR_";         // in front of a variable that is referred to
constexpr std::string_view init_container = "injector-";  // in front of a library's name
constexpr std::string_view target = "/target";            // where an init container sees the volume
constexpr std::string_view program = "/injector";         // in each of our images
constexpr std::string_view run = "run";                   // its command by which a library runs beside an application
constexpr int unprivileged_user = 65532;                  // of our images

// Kubernetes'.
constexpr std::string_view default_container = "kubectl.kubernetes.io/default-container";
constexpr std::string_view namespace_name = "kubernetes.io/metadata.name";  // a label that each namespace has
constexpr std::string_view mirror = "kubernetes.io/config.mirror";
constexpr std::string_view evictable = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
constexpr std::array<std::string_view, 2> os_labels = {"kubernetes.io/os", "beta.kubernetes.io/os"};
constexpr std::array<std::string_view, 2> architecture_labels = {"kubernetes.io/arch", "beta.kubernetes.io/arch"};
constexpr std::array<std::string_view, 3> system_namespaces = {"kube-system", "kube-node-lease", "kube-public"};

}  // namespace injector::words
