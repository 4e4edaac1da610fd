#pragma once

#include <string>

#include "bundler/options.h"

namespace injector {

// Makes the bundle and gives what the closing line says of it.
std::string pack(const PackOptions& options);

}  // namespace injector
