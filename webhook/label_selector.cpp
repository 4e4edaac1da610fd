#include "webhook/label_selector.h"

#include <algorithm>

namespace injector {
namespace {

bool matches(const Json& expression, const Json& labels) {
  const std::string_view value = text_at(labels, {text_at(expression, {"key"})});
  const bool exists = find(labels, {text_at(expression, {"key"})}) != nullptr;
  const std::string_view by = text_at(expression, {"operator"});
  if (by == "Exists") return exists;
  if (by == "DoesNotExist") return !exists;
  const Json& values = list_at(expression, {"values"});
  const bool listed =
      exists && std::any_of(values.begin(), values.end(), [&](const Json& one) { return one == value; });
  if (by == "In") return listed;
  return by == "NotIn" && !listed;
}

}  // namespace

bool selects(const Json& selector, const Json& labels) {
  if (!selector.is_object()) return false;
  for (const auto& [key, value] : object_at(selector, {"matchLabels"}).items()) {
    const Json* label = find(labels, {key});
    if (label == nullptr || *label != value) return false;
  }
  const Json& expressions = list_at(selector, {"matchExpressions"});
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const Json& expression) { return matches(expression, labels); });
}

}  // namespace injector
