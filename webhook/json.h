#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace injector {

using Json = nlohmann::json;

// What lies below a value at a path of keys; nullptr where one is absent or is no object: what a review holds is
// looked at, never believed.
const Json* find(const Json& from, std::initializer_list<std::string_view> path);

// The text there; empty where there is none.
std::string_view text_at(const Json& from, std::initializer_list<std::string_view> path);

// The list there; an empty one where there is none.
const Json& list_at(const Json& from, std::initializer_list<std::string_view> path);

// The object there; an empty one where there is none.
const Json& object_at(const Json& from, std::initializer_list<std::string_view> path);

// Whether any value of the text (RFC 8259) lies deeper than depth, so that nothing that calls itself for each level
// may be given it. Does not care whether the text is JSON otherwise.
bool deeper_than(std::string_view text, unsigned depth);

// A key as a component of a JSON pointer (RFC 6901).
std::string pointer_part(std::string_view key);

}  // namespace injector
