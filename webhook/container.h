#pragma once

#include <cstdint>
#include <string>

#include "webhook/configuration.h"
#include "webhook/wishes.h"

namespace injector {

// The name of the init container that installs a library, or runs it: a DNS label.
std::string container_name(const Library& library);

// What a namespace that enforces the restricted Pod Security Standard wants of a container.
Json restricted_security_context();

// Installs it: as a namespace that enforces the restricted Pod Security Standard takes it.
Json init_container(const Json& pod, const Wish& wish, const std::string& image, const Json& resources,
                    const Configuration& configuration);

// Runs a library of that kind beside the application, from its own image, to the Pod's end. It is what the baseline Pod
// Security Standard refuses: root, with the library's capabilities, whatever the Pod says of its containers' user.
Json sidecar_container(const Library& library, const std::string& image, const Json& resources);

// The volume for payloads of so many bytes and entries together, and how a container of the application mounts it.
Json volume_for(std::uint64_t bytes, std::uint64_t entries);
Json mount_in_application(const Configuration& configuration);

// Whether a container is one of these two, whatever else was made of it since.
bool is_ours(const Json& container);

// Whether it is the second.
bool runs_beside(const Json& container);

// Whether the Pod has our volume, or one that only has its name.
enum class VolumeThere { no, ours, foreign };
VolumeThere volume_in(const Json& pod);

}  // namespace injector
