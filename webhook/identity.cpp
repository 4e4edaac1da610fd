#include "webhook/identity.h"

#include <algorithm>

#include "webhook/pattern.h"
#include "webhook/pod.h"
#include "webhook/variables.h"

namespace injector {
namespace {

// The first that the Pod has, as a label or else as an annotation.
std::string said(const Json& pod, const std::string& container, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const std::string name = fill(pattern, {"", container});
    for (const std::string_view value : {label(pod, name), annotation(pod, name)}) {
      if (!value.empty()) return std::string(value);
    }
  }
  return {};
}

std::map<std::string, std::string> facts_of(const Json& pod, const std::string& container,
                                            const Vocabulary& vocabulary) {
  std::map<std::string, std::string> facts;
  for (const auto& [fact, patterns] : vocabulary.labels) facts[fact] = said(pod, container, patterns);
  std::string& service = facts["service"];
  if (service.empty()) service = workload_of(pod);
  return facts;
}

// The value with every {fact} replaced; empty where one is not known.
std::string filled(const std::string& value, const std::map<std::string, std::string>& facts) {
  std::string result = value;
  for (const auto& [fact, known] : facts) {
    const std::string place = '{' + fact + '}';
    const std::size_t at = result.find(place);
    if (at == std::string::npos) continue;
    if (known.empty()) return {};
    result.replace(at, place.size(), known);
  }
  return result;
}

}  // namespace

std::vector<Variable> identity_of(const Json& pod, const std::string& container, const Vocabulary& vocabulary) {
  const auto facts = facts_of(pod, container, vocabulary);
  std::vector<Variable> known;
  for (Variable variable : vocabulary.variables) {
    variable.value = escaped(filled(variable.value, facts));
    if (!variable.value.empty()) known.push_back(std::move(variable));
  }
  return known;
}

const Variable* attributes_in(const Json& entry, const Vocabulary& vocabulary) {
  const std::string_view name = text_at(entry, {"name"});
  const auto found = std::find_if(vocabulary.variables.begin(), vocabulary.variables.end(),
                                  [&](const Variable& one) { return one.name == name && is_attributes(one); });
  return found == vocabulary.variables.end() || text_at(entry, {"value"}).empty() ? nullptr : &*found;
}

}  // namespace injector
