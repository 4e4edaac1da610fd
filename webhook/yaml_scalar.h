#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace injector {

// What kubectl makes of the text of a scalar. tag: empty, or a whole one (tag:yaml.org,2002:int); plain: neither
// quoted nor a block. Empty where the text is not what the tag says. The result may be a number that is not finite.
std::optional<nlohmann::json> resolve_scalar(std::string_view text, std::string_view tag, bool plain);

// The key that kubectl makes of such a value; empty for null, arrays and objects.
std::optional<std::string> yaml_key(const nlohmann::json& value);

// The value as JSON has it: a whole number is an integer; empty for numbers that are not finite.
std::optional<nlohmann::json> yaml_value(nlohmann::json value);

constexpr std::string_view yaml_merge_tag = "tag:yaml.org,2002:merge";

}  // namespace injector
