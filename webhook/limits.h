#pragma once

#include <optional>

#include "webhook/json.h"
#include "webhook/reason.h"

namespace injector {

// A review beyond this is not looked at: etcd stores objects of 1.5 MiB, and ours would be what is too much.
constexpr std::size_t largest_review = std::size_t{1} << 20U;  // bytes

// Whether the Pod, as it is with what was added, has more than Kubernetes stores in its annotations, or more in a
// variable than the kernel lets a program have: which nobody is to find out by the Pod's not starting. What the
// original had too much of is not ours.
std::optional<Note> excess(const Json& original, const Json& injected);

}  // namespace injector
