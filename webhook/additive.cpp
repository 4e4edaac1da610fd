#include "webhook/additive.h"

#include <algorithm>
#include <functional>

#include "webhook/container.h"
#include "webhook/words.h"

namespace injector {
namespace {

using Equal = std::function<bool(const Json& original, const Json& now)>;
using Added = std::function<bool(const Json& element)>;

bool is_absent(const Json& from, std::string_view key) {
  const Json* value = find(from, {key});
  return value == nullptr || value->is_null();
}

// Two objects that are alike but for some members, which have rules of their own.
bool alike_but(const Json& original, const Json& now, const std::map<std::string, Equal>& members) {
  if (!original.is_object() || !now.is_object()) return original == now;
  for (const auto& [key, value] : original.items()) {
    if (members.contains(key)) continue;
    const auto same = now.find(key);
    if (same == now.end() || *same != value) return false;
  }
  static const Json nothing;
  for (const auto& [key, value] : now.items()) {
    const auto rule = members.find(key);
    const auto before = original.find(key);
    if (rule == members.end() && before == original.end()) return false;
    if (rule != members.end() && !rule->second(before == original.end() ? nothing : *before, value)) return false;
  }
  return std::all_of(members.begin(), members.end(),
                     [&](const auto& rule) { return is_absent(original, rule.first) || now.contains(rule.first); });
}

// The original's elements, in their order, with others of a kind between them.
Equal list_with(Added added, Equal equal) {
  return [added = std::move(added), equal = std::move(equal)](const Json& original, const Json& now) {
    if (original == now) return true;
    if (!now.is_array() || !(original.is_array() || original.is_null())) return false;
    std::size_t next = 0;
    for (const Json& element : now) {
      if (next < original.size() && equal(original[next], element)) {
        ++next;
      } else if (!added(element)) {
        return false;
      }
    }
    return next == original.size();
  };
}

bool same(const Json& original, const Json& now) { return original == now; }

bool is_named(const Json& element, std::string_view name) { return text_at(element, {"name"}) == name; }

// A variable keeps its value within a longer one, or its source under another name.
bool keeps_variable(const Json& original, const Json& now) {
  if (original == now) return true;
  const std::string name(text_at(original, {"name"}));
  if (!object_at(original, {"valueFrom"}).empty()) {
    Json renamed = original;
    renamed["name"] = std::string(words::renamed) + name;
    return renamed == now;
  }
  const auto longer = [](const Json& before, const Json& value) {
    const std::string_view text = before.is_string() ? std::string_view(before.get_ref<const std::string&>()) : "";
    return value.is_string() && value.get_ref<const std::string&>().find(text) != std::string::npos;
  };
  return alike_but(original, now, {{"value", longer}});
}

bool keeps_container(const Json& original, const Json& now) {
  const auto any = [](const Json& entry) { return entry.is_object(); };
  const auto mount = [](const Json& entry) { return is_named(entry, words::volume); };
  return alike_but(original, now, {{"env", list_with(any, keeps_variable)}, {"volumeMounts", list_with(mount, same)}});
}

bool keeps_volume(const Json& original, const Json& now) {
  if (original == now) return true;
  const auto bigger = [](const Json& before, const Json& after) {
    return alike_but(before, after, {{"sizeLimit", [](const Json&, const Json&) { return true; }}});
  };
  return is_named(original, words::volume) && alike_but(original, now, {{"emptyDir", bigger}});
}

bool keeps_annotations(const Json& original, const Json& now) {
  if (!now.is_object() || !(original.is_object() || original.is_null())) return false;
  for (const auto& [key, value] : original.items()) {
    if (key.starts_with(words::prefix) || key == words::evictable) continue;
    if (!now.contains(key) || now[key] != value) return false;
  }
  return std::all_of(now.items().begin(), now.items().end(), [&](const auto& item) {
    return item.key().starts_with(words::prefix) || item.key() == words::evictable || original.contains(item.key());
  });
}

bool keeps_metadata(const Json& original, const Json& now) {
  return alike_but(original, now, {{"annotations", keeps_annotations}});
}

bool keeps_spec(const Json& original, const Json& now) {
  const auto volume = [](const Json& entry) { return is_named(entry, words::volume); };
  const auto secret = [](const Json& entry) { return entry.is_object() && entry.size() == 1; };
  const auto none = [](const Json&) { return false; };
  const auto shares_processes = [&](const Json& before, const Json& after) {
    const Json& ours = list_at(now, {"initContainers"});
    return before == after || (before.is_null() && after == true && std::any_of(ours.begin(), ours.end(), runs_beside));
  };
  return alike_but(original, now,
                   {{"initContainers", list_with(is_ours, keeps_container)},
                    {"containers", list_with(none, keeps_container)},
                    {"volumes", list_with(volume, keeps_volume)},
                    {"imagePullSecrets", list_with(secret, same)},
                    {"shareProcessNamespace", shares_processes}});
}

}  // namespace

bool only_adds(const Json& original, const Json& injected) {
  return alike_but(original, injected, {{"metadata", keeps_metadata}, {"spec", keeps_spec}});
}

}  // namespace injector
