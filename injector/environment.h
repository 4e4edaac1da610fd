#pragma once

#include <string>
#include <vector>

#include "core/manifest.h"

namespace injector {

enum class EnvironmentOutput { text, shell, json, kubernetes };

// One environment for several libraries: values of the same variable are joined as the variable says. Throws
// Error(usage) where two libraries set a variable to different values.
std::vector<Variable> join_environments(const std::vector<std::vector<Variable>>& environments);

// What the application needs, when it sees the target at mount. Throws Error(usage) where mount is not an absolute
// path, or has what a variable that names it would be cut at: its separator, and where that is a blank, quotes, \ and =
// too. A variable that is set is one value: it takes any path.
std::string print_environment(const std::vector<Variable>& environment, const std::string& mount,
                              EnvironmentOutput output);

// The same for a program that is started here: what is set already (NAME=VALUE), and in it or behind it what the
// program needs.
std::vector<std::string> merge_environment(std::vector<std::string> present, const std::vector<Variable>& environment,
                                           const std::string& mount);

// Variables that an application may have set already, and that this form of output would replace.
std::vector<std::string> unmergeable(const std::vector<Variable>& environment, EnvironmentOutput output);

}  // namespace injector
