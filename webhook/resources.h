#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "webhook/json.h"
#include "webhook/pod.h"
#include "webhook/reason.h"

namespace injector {

// What an install needs at the least, whatever the library (README.md, "Cost").
constexpr std::int64_t least_memory = std::int64_t{32} << 20U;  // bytes

// What an init container copies of a container's requests and limits: all other names are of devices.
constexpr std::array<std::string_view, 3> copied_resources = {"cpu", "memory", "ephemeral-storage"};

// What a volume takes for a payload, in bytes: each entry takes whole blocks, and an install leaves something to spare.
std::uint64_t volume_size(std::uint64_t bytes, std::uint64_t entries);

// The resources of an init container: a copy of those of one of the containers, cpu, memory and ephemeral-storage
// alone, so that a LimitRange, a ResourceQuota, Pod-level resources and the QoS class, which the Pod passes and has
// without it, are the same with it. It is the one with the largest memory limit, none being the largest.
Json resources_from(const Json& pod, const std::vector<ContainerPlace>& containers);

// Why the API server would refuse these as a container's resources, or as more than copied_resources; empty where it
// takes them.
std::string problem_of_resources(const Json& resources);

// Whether any container of the Pod says how much it takes. Where none does, the namespace has no LimitRange and no
// quota that asks for it: the API server fills in a LimitRange's own amounts before it calls anybody.
bool says_amounts(const Json& pod);

// Whether the Pod is Guaranteed by what its containers say, which one without limits would end.
bool is_guaranteed(const Json& pod);

// Why an init container with these resources would not come to its end in this Pod; empty where it would.
std::optional<Note> shortage(const Json& pod, const Json& resources, std::uint64_t payload);

}  // namespace injector
