#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/manifest.h"

namespace injector {

// Reads a manifest as docs/manifest.md specifies it; path is for messages. Throws Error(manifest_invalid).
Manifest parse_manifest(std::string_view bytes, const std::string& path);

// Writes it, with an entry a line; parse_manifest of the result gives an equal manifest.
std::string print_manifest(const Manifest& manifest);

// The value of the key `environment` alone: what `bundler pack --environment` reads.
std::vector<Variable> parse_environment(std::string_view bytes, const std::string& path);
std::string print_environment(const std::vector<Variable>& environment);

// text as a JSON string, with its quotation marks.
std::string json_string(std::string_view text);

}  // namespace injector
