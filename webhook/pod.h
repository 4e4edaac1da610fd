#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/json.h"

namespace injector {

// Where a container stands in a Pod's document: by number, for what is added in front of it moves it.
struct ContainerPlace {
  bool init = false;
  std::size_t number = 0;

  std::string pointer() const;  // "/spec/containers/0"
  const Json& in(const Json& pod) const;

  bool operator==(const ContainerPlace&) const = default;
};

// The container of that name, of those that run with the application or of those before it; nullptr where there is
// none.
const Json* container_named(const Json& pod, std::string_view name);
bool find_container(const Json& pod, std::string_view name, ContainerPlace& place);

// The names in a list, as annotations have them, without the blanks around each.
std::vector<std::string> names_in(std::string_view list, std::string_view separator = ",");

std::string_view annotation(const Json& pod, std::string_view name);
std::string_view label(const Json& pod, std::string_view name);

// Where the Pod may run, as its nodeSelector and its required node affinity say.
class Placement {
 public:
  explicit Placement(const Json& pod) : pod_(pod) {}

  // Whether the Pod could run on a node whose label has this value.
  bool allows(std::string_view label, std::string_view value) const;
  // The values that it names for the label, in a nodeSelector or as In of an affinity.
  std::set<std::string> named(std::string_view label) const;

 private:
  const Json& pod_;
};

// The name under which its owner is known: a Deployment's rather than its ReplicaSet's, a CronJob's rather than its
// Job's, all from the Pod alone; empty where it has neither owner nor name.
std::string workload_of(const Json& pod);

}  // namespace injector
