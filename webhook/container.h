#pragma once

#include <cstdint>
#include <string>

#include "webhook/configuration.h"
#include "webhook/wishes.h"

namespace injector {

// The name of the init container that installs a library: a DNS label.
std::string container_name(const Library& library);

// What a namespace that enforces the restricted Pod Security Standard wants of a container.
Json restricted_security_context();

// That container, as a namespace that enforces the restricted Pod Security Standard takes it.
Json init_container(const Json& pod, const Wish& wish, const std::string& image, const Json& resources,
                    const Configuration& configuration);

// The volume for payloads of so many bytes and entries together, and how a container of the application mounts it.
Json volume_for(std::uint64_t bytes, std::uint64_t entries);
Json mount_in_application(const Configuration& configuration);

// Whether a container is one of init_container(), whatever else was made of it since.
bool is_ours(const Json& container);

// Whether the Pod has our volume, or one that only has its name.
enum class VolumeThere { no, ours, foreign };
VolumeThere volume_in(const Json& pod);

}  // namespace injector
