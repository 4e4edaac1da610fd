#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "webhook/configuration.h"
#include "webhook/patch.h"
#include "webhook/pod.h"
#include "webhook/reason.h"

namespace injector {

// What else is known of a container than its env.
struct Surroundings {
  std::set<std::string> env_from;                 // variables that its envFrom, if it has one, is known to set
  std::map<std::string, std::string> image_sets;  // by the image itself
};

// What a library's version sets in a container: under the names of the profile, with the mount, escaped.
std::vector<Variable> environment_of(const LibraryVersion& version, const Profile& profile,
                                     const Configuration& configuration);

// A text as a Pod's env has it, where $(NAME) is a reference and $$ the text $.
std::string escaped(const std::string& text);

// Why a variable cannot be merged with what the container has of that name; empty where it can.
std::optional<Note> hindrance(const Json& container, const Variable& variable, const Surroundings& surroundings);

// Merges a variable (its value as a Pod's env has it) into the container's env, once: a literal value is joined in
// place; one that comes from elsewhere gets another name in front of which words::renamed stands, and is referred to; a
// new one goes in front of all, so that those of the container may refer to it. hindrance() found nothing.
void merge(Patch& patch, const ContainerPlace& place, const Variable& variable, const Surroundings& surroundings);

// The KEY of an attribute KEY=VALUE.
std::string_view key_of(std::string_view attribute);

// merge() for a list of attributes, like OTEL_RESOURCE_ATTRIBUTES: those whose KEY the container has not, as far as
// that is known. Of a KEY that is there twice most SDKs take the last value, and .NET's the first.
void merge_attributes(Patch& patch, const ContainerPlace& place, const Variable& variable,
                      const Surroundings& surroundings);

// Adds entries, as a container's env has them, in front and in their order, but those whose name is there, in env or,
// as far as that is known, in envFrom.
void add_absent(Patch& patch, const ContainerPlace& place, const std::vector<Json>& entries,
                const Surroundings& surroundings);

}  // namespace injector
