#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/json.h"

// Text of the expressions in which the API server itself decides: CEL, as Kubernetes 1.36 has it.
namespace injector::cel {

// A literal. Values of objects are dyn(...), for a map there holds values of one type.
std::string literal(const Json& value);

// A regular expression (RE2), as a literal, that a whole name matches which any of the patterns of a catalog stands
// for, those with {library}, {container} or * in them. word: what {library} stands for; empty: for any word.
std::string any_of(const std::vector<std::string>& patterns, std::string_view word = {});

// The text with each $NAME that is a key replaced, once: what is put in is not looked at again.
std::string fill(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace injector::cel
