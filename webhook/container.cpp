#include "webhook/container.h"

#include <algorithm>

#include "webhook/resources.h"
#include "webhook/words.h"

namespace injector {
namespace {

constexpr std::size_t longest_label = 63;

Json security_context(const Json& pod) {
  Json context = restricted_security_context();
  // The Pod's user would else be ours, and no root container starts under runAsNonRoot.
  const Json* user = find(pod, {"spec", "securityContext", "runAsUser"});
  if (user != nullptr && *user == 0) context["runAsUser"] = words::unprivileged_user;
  return context;
}

Json command(const Wish& wish, const Configuration& configuration) {
  Json words = {words::program, "install", "--target=" + std::string(words::target)};
  words.push_back(std::string("--on-failure=") + (configuration.wait_for_library ? "fail" : "continue"));
  if (!wish.select.empty()) {
    std::string select;
    for (const std::string& choice : wish.select) select += (select.empty() ? "" : ",") + choice;
    words.push_back("--select=" + select);
  }
  return words;
}

// What both kinds of containers have.
Json container_of(const Library& library, const std::string& image, const Json& resources) {
  Json container = {{"name", container_name(library)},
                    {"image", image},
                    {"imagePullPolicy", "IfNotPresent"},
                    {"terminationMessagePolicy", "FallbackToLogsOnError"}};
  if (!resources.empty()) container["resources"] = resources;
  return container;
}

bool has_our_name(const Json& container) { return text_at(container, {"name"}).starts_with(words::init_container); }

bool installs(const Json& container) {
  const Json& mounts = list_at(container, {"volumeMounts"});
  return has_our_name(container) && std::any_of(mounts.begin(), mounts.end(), [](const Json& mount) {
           return text_at(mount, {"name"}) == words::volume;
         });
}

}  // namespace

std::string container_name(const Library& library) {
  std::string name = std::string(words::init_container) + library.name;
  std::replace_if(
      name.begin(), name.end(), [](char byte) { return byte == '.' || byte == '_'; }, '-');
  name.resize(std::min(name.size(), longest_label));
  while (name.ends_with('-')) name.pop_back();
  return name;
}

Json restricted_security_context() {
  return {{"allowPrivilegeEscalation", false},
          {"capabilities", {{"drop", {"ALL"}}}},
          {"readOnlyRootFilesystem", true},
          {"runAsNonRoot", true},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

Json init_container(const Json& pod, const Wish& wish, const std::string& image, const Json& resources,
                    const Configuration& configuration) {
  Json container = container_of(*wish.library, image, resources);
  container["command"] = command(wish, configuration);
  container["securityContext"] = security_context(pod);
  container["volumeMounts"] = {{{"name", words::volume}, {"mountPath", words::target}}};
  return container;
}

Json sidecar_container(const Library& library, const std::string& image, const Json& resources) {
  Json container = container_of(library, image, resources);
  container["restartPolicy"] = "Always";
  container["command"] = {words::program, words::run, "--on-failure=continue", library.sidecar->program};
  container["securityContext"] = {{"capabilities", {{"add", library.sidecar->capabilities}, {"drop", {"ALL"}}}},
                                  {"readOnlyRootFilesystem", true},
                                  {"runAsNonRoot", false},
                                  {"runAsUser", 0},
                                  {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  return container;
}

Json volume_for(std::uint64_t bytes, std::uint64_t entries) {
  const std::string size = std::to_string(volume_size(bytes, entries) >> 20U) + "Mi";
  return {{"name", words::volume}, {"emptyDir", {{"sizeLimit", size}}}};
}

Json mount_in_application(const Configuration& configuration) {
  return {{"name", words::volume}, {"mountPath", configuration.mount_path}, {"readOnly", true}};
}

bool runs_beside(const Json& container) {
  const Json& command = list_at(container, {"command"});
  return has_our_name(container) && command.size() > 1 && command[0] == words::program && command[1] == words::run;
}

bool is_ours(const Json& container) { return installs(container) || runs_beside(container); }

VolumeThere volume_in(const Json& pod) {
  const Json& containers = list_at(pod, {"spec", "initContainers"});
  const bool ours = std::any_of(containers.begin(), containers.end(), installs);
  for (const Json& volume : list_at(pod, {"spec", "volumes"})) {
    if (text_at(volume, {"name"}) != words::volume) continue;
    return ours && find(volume, {"emptyDir"}) != nullptr ? VolumeThere::ours : VolumeThere::foreign;
  }
  return VolumeThere::no;
}

}  // namespace injector
