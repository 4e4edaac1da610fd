#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace injector {

// In a pattern * stands for anything but /, ** for anything, and ${NAME} for one or more bytes but /, the part NAME of
// the path. The work is at most the product of the lengths of pattern and path.
bool matches_glob(std::string_view pattern, std::string_view path);

// Whether path, or a directory above it, matches pattern.
bool is_within_glob(std::string_view pattern, std::string_view path);

// The parts of a path that matches, by their names; none of one that does not. Where there is a choice, the first part
// begins and ends as early as it can, then the second.
std::optional<std::map<std::string, std::string>> parts_of(std::string_view pattern, std::string_view path);

// The parts that a pattern names, in their order.
std::vector<std::string> part_names(std::string_view pattern);

}  // namespace injector
