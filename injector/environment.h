#pragma once

#include <string>
#include <vector>

#include "core/manifest.h"

namespace injector {

enum class EnvironmentOutput { text, shell, json, kubernetes };

// What the application needs, when it sees the target at mount. Throws Error(usage) where expand does.
std::string print_environment(const std::vector<Variable>& environment, const std::string& mount,
                              EnvironmentOutput output);

// Variables that an application may have set already, and that this form of output would replace.
std::vector<std::string> unmergeable(const std::vector<Variable>& environment, EnvironmentOutput output);

}  // namespace injector
