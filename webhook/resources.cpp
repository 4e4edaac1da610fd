#include "webhook/resources.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "webhook/quantity.h"

namespace injector {
namespace {

constexpr std::uint64_t block = 4096;
constexpr std::uint64_t mebi = std::uint64_t{1} << 20U;

std::optional<Quantity> quantity_at(const Json& from, std::initializer_list<std::string_view> path) {
  const Json* found = find(from, path);
  if (found == nullptr) return {};
  // A client may write a bare number.
  return parse_quantity(found->is_string() ? found->get_ref<const std::string&>() : found->dump());
}

std::optional<Quantity> memory_limit(const Json& container) {
  return quantity_at(container, {"resources", "limits", "memory"});
}

bool is_roomier(const Json& one, const Json& other) {
  const auto limit = memory_limit(one);
  const auto known = memory_limit(other);
  return known && (!limit || *known < *limit);
}

// Of the containers that run together, as the kubelet adds them up: those without a limit count nothing.
std::optional<Quantity> storage_limit(const Json& pod) {
  std::optional<Quantity> sum;
  for (const Json& container : list_at(pod, {"spec", "containers"})) {
    const auto limit = quantity_at(container, {"resources", "limits", "ephemeral-storage"});
    if (limit) sum = sum.value_or(Quantity()) += *limit;
  }
  return sum;
}

// Requests and limits of both are the same, as Kubernetes' Guaranteed class has it. Without a request it is the limit.
bool gets_what_it_may_take(const Json& container) {
  constexpr std::array<std::string_view, 2> classified = {"cpu", "memory"};
  return std::all_of(classified.begin(), classified.end(), [&](std::string_view name) {
    const auto limit = quantity_at(container, {"resources", "limits", name});
    const auto request = quantity_at(container, {"resources", "requests", name});
    return limit && Quantity() < *limit && (!request || *request == *limit);
  });
}

template <typename Says>
bool any_container(const Json& pod, Says says) {
  const auto any_of = [&](const Json& containers) { return std::any_of(containers.begin(), containers.end(), says); };
  return any_of(list_at(pod, {"spec", "containers"})) || any_of(list_at(pod, {"spec", "initContainers"}));
}

std::optional<Note> too_little_memory(const Json& from, const std::string& whose) {
  const auto limit = quantity_at(from, {"limits", "memory"});
  if (!limit || !(*limit < Quantity::of(least_memory))) return {};
  return Note{Why::memory,
              whose + " is " + std::string(text_at(from, {"limits", "memory"})) + ", an install takes 32Mi"};
}

}  // namespace

std::uint64_t volume_size(std::uint64_t bytes, std::uint64_t entries) {
  constexpr std::uint64_t spare = 16 * mebi;
  const std::uint64_t taken = bytes + entries * 2 * block;
  return (taken + taken / 4 + spare) / mebi * mebi;
}

Json resources_from(const Json& pod, const std::vector<ContainerPlace>& containers) {
  const Json* chosen = nullptr;
  for (const ContainerPlace& place : containers) {
    const Json& container = place.in(pod);
    if (chosen == nullptr || is_roomier(container, *chosen)) chosen = &container;
  }
  Json copy = Json::object();
  if (chosen == nullptr) return copy;
  for (const std::string_view kind : {"requests", "limits"}) {
    for (const std::string_view name : copied_resources) {
      const Json* value = find(*chosen, {"resources", kind, name});
      if (value != nullptr) copy[std::string(kind)][std::string(name)] = *value;
    }
  }
  return copy;
}

std::string problem_of_resources(const Json& resources) {
  if (!resources.is_object()) return "is not a mapping";
  for (const auto& [kind, amounts] : resources.items()) {
    if ((kind != "requests" && kind != "limits") || !amounts.is_object()) return "has more than requests and limits";
    for (const auto& [name, unused] : amounts.items()) {
      const auto amount = quantity_at(amounts, {name});
      const bool known = std::find(copied_resources.begin(), copied_resources.end(), name) != copied_resources.end();
      if (!known || !amount || *amount < Quantity())
        return "has no amount that a container takes: " + kind + '.' + name;
    }
  }
  for (const std::string_view name : copied_resources) {
    const auto request = quantity_at(resources, {"requests", name});
    const auto limit = quantity_at(resources, {"limits", name});
    if (request && limit && *limit < *request) return "requests more than its limit: " + std::string(name);
  }
  return {};
}

bool says_amounts(const Json& pod) {
  return any_container(pod, [](const Json& container) {
    return !object_at(container, {"resources", "requests"}).empty() ||
           !object_at(container, {"resources", "limits"}).empty();
  });
}

bool is_guaranteed(const Json& pod) {
  return object_at(pod, {"spec", "resources"}).empty() && !any_container(pod, std::not_fn(gets_what_it_may_take));
}

std::optional<Note> shortage(const Json& pod, const Json& resources, std::uint64_t payload) {
  if (auto note = too_little_memory(resources, "the memory limit of a container")) return note;
  if (auto note = too_little_memory(object_at(pod, {"spec", "resources"}), "the Pod's memory limit")) return note;
  const auto storage = storage_limit(pod);
  if (storage && *storage < Quantity::of(static_cast<std::int64_t>(payload))) {
    return Note{Why::ephemeral_storage, "the containers' limits add up to less than the " + std::to_string(payload) +
                                            " bytes that the libraries take"};
  }
  return {};
}

}  // namespace injector
