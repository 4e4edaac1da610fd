#include "webhook/limits.h"

#include <algorithm>

namespace injector {
namespace {

constexpr std::size_t most_annotations = std::size_t{256} << 10U;        // keys and values (ValidateAnnotationsSize)
constexpr std::size_t longest_variable = (std::size_t{128} << 10U) - 1;  // "NAME=VALUE" (MAX_ARG_STRLEN, with its zero)

std::size_t size_of_annotations(const Json& pod) {
  std::size_t size = 0;
  for (const auto& [key, value] : object_at(pod, {"metadata", "annotations"}).items()) {
    size += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  return size;
}

bool has_long_variable(const Json& container) {
  const Json& env = list_at(container, {"env"});
  return std::any_of(env.begin(), env.end(), [](const Json& entry) {
    return text_at(entry, {"name"}).size() + 1 + text_at(entry, {"value"}).size() > longest_variable;
  });
}

bool has_long_variables(const Json& pod) {
  for (const std::string_view kind : {"containers", "initContainers"}) {
    const Json& containers = list_at(pod, {"spec", kind});
    if (std::any_of(containers.begin(), containers.end(), has_long_variable)) return true;
  }
  return false;
}

}  // namespace

std::optional<Note> excess(const Json& original, const Json& injected) {
  if (size_of_annotations(injected) > most_annotations) {
    return Note{Why::too_large, "ours would be more than the annotations of a Pod may hold"};
  }
  if (has_long_variables(injected) && !has_long_variables(original)) {
    return Note{Why::too_large, "a variable with ours in it would be longer than a program can be given"};
  }
  return {};
}

}  // namespace injector
