#pragma once

#include <string>
#include <vector>

#include "core/catalog.h"
#include "webhook/json.h"

namespace injector {

// The variables that tell a library of this vocabulary which service, environment and version a container is: from the
// Pod's labels, and the service else from its owner's name; escaped. Those whose value is not known are left out.
std::vector<Variable> identity_of(const Json& pod, const std::string& container, const Vocabulary& vocabulary);

// Whether a vocabulary's variable is a list of attributes KEY=VALUE: each that is joined is one.
inline bool is_attributes(const Variable& variable) { return variable.merge != Merge::set; }

// The vocabulary's variable that says how an entry of a profile, a literal one, is a list of attributes KEY=VALUE;
// nullptr where it is none.
const Variable* attributes_in(const Json& entry, const Vocabulary& vocabulary);

}  // namespace injector
