#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace injector {

// What the places of a name stand for: the words of a vocabulary are written with {library} and {container}.
struct Places {
  std::string library;
  std::string container;

  bool operator==(const Places&) const = default;
};

// Holds a name against a pattern of docs/catalog.md ("Vocabularies"); empty where it does not match.
std::optional<Places> match(std::string_view pattern, std::string_view name);

// The name that a pattern stands for.
std::string fill(std::string_view pattern, const Places& places);

// Whether text is what a pattern with * (any bytes) says.
bool like(std::string_view pattern, std::string_view text);

}  // namespace injector
