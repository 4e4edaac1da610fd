#pragma once

#include <string>

#include "webhook/json.h"

namespace injector {

// Whether a text can be the name of a variable in every version of Kubernetes.
bool is_variable_name(std::string_view name);

// What is wrong with the valueFrom of a variable that any Pod may get: the API server would refuse the Pod, or the
// kubelet would not start it. Empty where nothing is.
std::string problem_of_source(const Json& value_from);

}  // namespace injector
