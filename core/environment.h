#pragma once

#include <string>
#include <vector>

#include "core/manifest.h"

namespace injector {

// How the variables of libraries come into an application's environment. There is this one place for it, so that what
// `injector run` starts, what `injector env` prints and what the admission webhook writes into a Pod are the same.

// The environment with each ${target} replaced by mount, the absolute path where the application sees the target; the
// slashes at its end do not count. Throws Error(usage) where mount is not such a path in printable UTF-8, or has what a
// variable that names it would be cut at: its separator, and where that is a blank, quotes, \ and = too. A variable
// that is set is one value: it takes any path.
std::vector<Variable> expand(std::vector<Variable> environment, const std::string& mount);

// The value of an expanded variable where the application has present already: behind it (append), in front of it
// (prepend) or instead of it (set). An empty one counts as unset, as it does for the programs. Says nothing of what
// present holds: that joins twice what is joined twice.
std::string merged(const Variable& variable, const std::string& present);

// One environment for several libraries, in the order of their first mention: values of the same variable are joined as
// the variable says, and two that are alike are one. Throws Error(usage) where two libraries set a variable to
// different values, or join it in different ways.
std::vector<Variable> join_environments(const std::vector<std::vector<Variable>>& environments);

// What a program that is started gets: what is set already (NAME=VALUE), and in it or behind it the environment,
// expanded and merged as above. Of a name that is there twice the first is merged, for this one is what programs see.
std::vector<std::string> merge_environment(std::vector<std::string> present, const std::vector<Variable>& environment,
                                           const std::string& mount);

}  // namespace injector
