#include "webhook/variable_source.h"

#include <algorithm>
#include <array>

namespace injector {
namespace {

bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool consists_of(std::string_view text, std::string_view others) {
  constexpr std::size_t longest = 253;  // of any name
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [&](char byte) {
    return is_letter(byte) || is_digit(byte) || others.find(byte) != std::string_view::npos;
  });
}

// A key of labels and annotations: NAME or PREFIX/NAME.
bool is_qualified(std::string_view key) {
  const auto is_part = [](std::string_view part) {
    return consists_of(part, "-._") && (is_letter(part.front()) || is_digit(part.front())) &&
           (is_letter(part.back()) || is_digit(part.back()));
  };
  constexpr std::size_t longest_name = 63;
  const std::size_t slash = key.find('/');
  const std::string_view name = slash == std::string_view::npos ? key : key.substr(slash + 1);
  const bool small = std::none_of(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(key.size() - name.size()),
                                  [](char byte) { return byte >= 'A' && byte <= 'Z'; });
  return is_part(name) && name.size() <= longest_name && small &&
         (slash == std::string_view::npos || is_part(key.substr(0, slash)));
}

bool is_field(std::string_view path) {
  constexpr std::array<std::string_view, 9> fields = {
      "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
      "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
  if (std::find(fields.begin(), fields.end(), path) != fields.end()) return true;
  for (const std::string_view begin : {"metadata.labels['", "metadata.annotations['"}) {
    constexpr std::string_view end = "']";
    if (!path.starts_with(begin) || !path.ends_with(end) || path.size() < begin.size() + end.size()) continue;
    return is_qualified(path.substr(begin.size(), path.size() - begin.size() - end.size()));
  }
  return false;
}

bool is_amount(std::string_view resource) {
  for (const std::string_view kind : {"limits.", "requests."}) {
    if (!resource.starts_with(kind)) continue;
    const std::string_view name = resource.substr(kind.size());
    return name == "cpu" || name == "memory" || name == "ephemeral-storage";
  }
  return false;
}

std::string problem_of_key(const Json& reference) {
  const Json* optional = find(reference, {"optional"});
  if (!consists_of(text_at(reference, {"name"}), "-.") || !consists_of(text_at(reference, {"key"}), "-._") ||
      reference.size() != 3 || optional == nullptr || *optional != true) {
    return "has not exactly name, key, and optional: true, without which no Pod starts where it is absent";
  }
  return {};
}

}  // namespace

bool is_variable_name(std::string_view name) {
  return consists_of(name, "-._") && (is_letter(name.front()) || name.front() == '_');
}

std::string problem_of_source(const Json& value_from) {
  if (value_from.size() != 1) return "has not exactly one source";
  const std::string kind = value_from.begin().key();
  const Json& source = value_from.begin().value();
  if (!source.is_object()) return "has a " + kind + " that is not a mapping";
  if (kind == "configMapKeyRef" || kind == "secretKeyRef") return problem_of_key(source);
  const bool known = (kind == "fieldRef" && is_field(text_at(source, {"fieldPath"}))) ||
                     (kind == "resourceFieldRef" && is_amount(text_at(source, {"resource"})));
  return known && source.size() == 1 ? "" : "has a source that no Pod knows";
}

}  // namespace injector
