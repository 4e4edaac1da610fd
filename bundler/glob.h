#pragma once

#include <string_view>

namespace injector {

// Whether path matches pattern: * stands for anything but /, ** for anything. The work is at most the product of both
// lengths.
bool matches_glob(std::string_view pattern, std::string_view path);

// Whether path, or a directory above it, matches pattern.
bool is_within_glob(std::string_view pattern, std::string_view path);

}  // namespace injector
