#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace injector {

// What a stream of documents may need. Pods of a whole cluster as `kubectl get pods -A -o json` lists them fit.
constexpr std::size_t max_yaml_bytes = std::size_t{16} << 20U;
// Values and keys. What an alias stands for counts as if it were written there, and so does each anchor: that is what
// a few lines of aliases of aliases would make of the memory.
constexpr std::size_t max_yaml_nodes = std::size_t{1} << 20U;
constexpr std::size_t max_yaml_text = 2 * max_yaml_bytes;  // bytes of all strings, counted in the same way
constexpr std::size_t max_yaml_depth = 64;                 // a Pod in a List of a List has less than 20

// Reads documents as kubectl does: YAML 1.1, of which JSON is a form, as go-yaml's second version resolves it. `yes`
// is true, 012 is ten, a date is a string, a key that is none becomes one; aliases are replaced by what they stand for
// and << by the mapping it names. Empty documents are left out. Unlike kubectl, a key that is there twice is refused,
// and so is !!binary.
// A whole number is an integer however it is written, as it is for kubectl after its way through JSON.
// path is for messages. Throws Error(manifest_invalid), with a line number where there is one.
std::vector<nlohmann::json> parse_yaml(std::string_view bytes, const std::string& path);

}  // namespace injector
