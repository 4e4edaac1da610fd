#include "webhook/variables.h"

#include <algorithm>

#include "core/environment.h"
#include "core/text.h"
#include "webhook/words.h"

namespace injector {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

const Json& env_of(const Json& container) { return list_at(container, {"env"}); }

// The last of a name counts, as for the kubelet.
std::size_t position(const Json& container, std::string_view name) {
  const Json& env = env_of(container);
  for (std::size_t at = env.size(); at > 0; --at) {
    if (text_at(env[at - 1], {"name"}) == name) return at - 1;
  }
  return none;
}

std::size_t count(const Json& container, std::string_view name) {
  const Json& env = env_of(container);
  return static_cast<std::size_t>(
      std::count_if(env.begin(), env.end(), [&](const Json& entry) { return text_at(entry, {"name"}) == name; }));
}

std::string reference(const std::string& name) { return "$(" + name + ")"; }

// Whether ours is among what is joined already.
bool holds(const std::string& value, const Variable& variable) {
  if (variable.merge == Merge::set) return value == variable.value;
  const std::string& ours = variable.value;
  const std::string& separator = variable.separator;
  for (std::size_t at = value.find(ours); at != std::string::npos; at = value.find(ours, at + 1)) {
    const std::string_view before = std::string_view(value).substr(0, at);
    const std::string_view behind = std::string_view(value).substr(at + ours.size());
    if ((before.empty() || before.ends_with(separator)) && (behind.empty() || behind.starts_with(separator)))
      return true;
  }
  return false;
}

bool is_in_env_from(const Json& container, const std::string& name, const Surroundings& surroundings) {
  return surroundings.env_from.contains(name) && !list_at(container, {"envFrom"}).empty();
}

// What a variable that no env entry sets is joined with.
std::string present_elsewhere(const Json& container, const std::string& name, const Surroundings& surroundings) {
  if (is_in_env_from(container, name, surroundings)) return reference(name);
  const auto set = surroundings.image_sets.find(name);
  return set == surroundings.image_sets.end() ? "" : escaped(set->second);
}

// As far as it can be seen.
std::string present_value(const Json& container, const std::string& name, const Surroundings& surroundings) {
  const std::size_t at = position(container, name);
  return at == none ? present_elsewhere(container, name, surroundings)
                    : std::string(text_at(env_of(container)[at], {"value"}));
}

bool comes_from_elsewhere(const Json& entry) { return !object_at(entry, {"valueFrom"}).empty(); }

// Whether any of an object's members is a source that may be absent: of valueFrom, or of an entry of envFrom.
bool is_optional(const Json& sources) {
  return std::any_of(sources.begin(), sources.end(), [](const Json& source) {
    const Json* optional = find(source, {"optional"});
    return optional != nullptr && *optional != false && !optional->is_null();
  });
}

Note optional_note(const std::string& where) {
  return {Why::variable_optional, where +
                                      " comes from an optional source: where that is absent, a reference to "
                                      "it would stay as it is written, and stop the application"};
}

std::optional<Note> hindrance_of_env_from(const Json& container, const Variable& variable, const std::string& where) {
  if (variable.merge == Merge::set) return Note{Why::variable_differs, where + " comes from envFrom"};
  const Json& sources = list_at(container, {"envFrom"});
  if (std::all_of(sources.begin(), sources.end(), is_optional)) return optional_note(where);
  return {};
}

}  // namespace

std::vector<Variable> environment_of(const LibraryVersion& version, const Profile& profile,
                                     const Configuration& configuration) {
  std::vector<Variable> environment = expand(version.environment, configuration.mount_path);
  for (Variable& variable : environment) {
    const auto renamed = profile.rename.find(variable.name);
    if (renamed != profile.rename.end()) variable.name = renamed->second;
    variable.value = escaped(variable.value);
  }
  return environment;
}

std::string escaped(const std::string& text) { return replace_all(text, "$", "$$"); }

std::optional<Note> hindrance(const Json& container, const Variable& variable, const Surroundings& surroundings) {
  const std::size_t at = position(container, variable.name);
  const std::string where = variable.name + " of container " + std::string(text_at(container, {"name"}));
  if (at == none) {
    return is_in_env_from(container, variable.name, surroundings) ? hindrance_of_env_from(container, variable, where)
                                                                  : std::nullopt;
  }
  if (count(container, variable.name) > 1) return Note{Why::variable_twice, where + " is set twice"};
  const Json& entry = env_of(container)[at];
  if (!comes_from_elsewhere(entry)) {
    const std::string present(text_at(entry, {"value"}));
    if (variable.merge == Merge::set && !present.empty() && !holds(present, variable)) {
      return Note{Why::variable_differs, where + " is " + present};
    }
    return {};
  }
  if (variable.merge == Merge::set) return Note{Why::variable_differs, where + " comes from elsewhere"};
  if (is_optional(entry["valueFrom"])) return optional_note(where);
  if (position(container, std::string(words::renamed) + variable.name) != none) {
    return Note{Why::name_taken, where + " would get the name " + std::string(words::renamed) + variable.name};
  }
  return {};
}

void merge(Patch& patch, const ContainerPlace& place, const Variable& variable, const Surroundings& surroundings) {
  const Json& container = place.in(patch.document());
  const std::size_t at = position(container, variable.name);
  if (at == none) {
    const std::string present = present_elsewhere(container, variable.name, surroundings);
    return patch.insert(place.pointer(), "env", 0, {{"name", variable.name}, {"value", merged(variable, present)}});
  }
  const Json& entry = env_of(container)[at];
  const std::string pointer = place.pointer() + "/env/" + std::to_string(at);
  if (comes_from_elsewhere(entry)) {
    const std::string renamed = std::string(words::renamed) + variable.name;
    patch.add(pointer + "/name", renamed);
    return patch.insert(place.pointer(), "env", at + 1,
                        {{"name", variable.name}, {"value", merged(variable, reference(renamed))}});
  }
  const std::string present(text_at(entry, {"value"}));
  if (!holds(present, variable)) patch.add(pointer + "/value", merged(variable, present));
}

std::string_view key_of(std::string_view attribute) { return attribute.substr(0, attribute.find('=')); }

void merge_attributes(Patch& patch, const ContainerPlace& place, const Variable& variable,
                      const Surroundings& surroundings) {
  const std::string present = present_value(place.in(patch.document()), variable.name, surroundings);
  std::set<std::string, std::less<>> keys;
  for (const std::string& attribute : names_in(present, variable.separator)) keys.emplace(key_of(attribute));
  Variable missing = variable;
  missing.value.clear();
  for (const std::string& attribute : names_in(variable.value, variable.separator)) {
    if (keys.contains(key_of(attribute))) continue;
    missing.value += (missing.value.empty() ? "" : variable.separator) + attribute;
  }
  if (!missing.value.empty()) merge(patch, place, missing, surroundings);
}

void add_absent(Patch& patch, const ContainerPlace& place, const std::vector<Json>& entries,
                const Surroundings& surroundings) {
  std::size_t added = 0;
  for (const Json& entry : entries) {
    const std::string name(text_at(entry, {"name"}));
    const Json& container = place.in(patch.document());
    if (position(container, name) != none || is_in_env_from(container, name, surroundings)) continue;
    patch.insert(place.pointer(), "env", added++, entry);
  }
}

}  // namespace injector
