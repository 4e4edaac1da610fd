#include "core/tree_path.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.h"

namespace injector {
namespace {

constexpr std::array<std::string_view, 3> reserved = {".injector", "manifest.json", "manifest.json.sig"};
constexpr std::string_view reserved_prefix = ".dd-trace-";  // completion markers of Datadog's controller

bool is_reserved(std::string_view top) {
  return std::find(reserved.begin(), reserved.end(), top) != reserved.end() || top.starts_with(reserved_prefix);
}

std::optional<std::string> problem_of_component(std::string_view component) {
  if (component.empty()) return "has an empty component";
  if (component == "." || component == "..") return "has the component " + std::string(component);
  if (component.size() > TreePath::max_component) {
    return "has a component of " + std::to_string(component.size()) + " bytes, the limit is 255";
  }
  return std::nullopt;
}

// Calls visit with each component of text until it returns false.
template <typename Visit>
void for_each_component(std::string_view text, Visit visit) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!visit(text.substr(0, slash)) || slash == std::string_view::npos) return;
    text.remove_prefix(slash + 1);
  }
}

template <typename Allowed>
bool is_identifier(std::string_view text, Allowed first, std::string_view more) {
  const auto rest = [&](char c) { return first(c) || more.find(c) != std::string_view::npos; };
  return !text.empty() && text.size() <= 64 && first(text.front()) && std::all_of(text.begin(), text.end(), rest);
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::optional<std::string> TreePath::problem_of(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.front() == '/') return "is absolute";
  if (text.size() > max_bytes) return "has " + std::to_string(text.size()) + " bytes, the limit is 4095";
  if (!utf8::valid(text)) return "is not UTF-8";
  if (utf8::has_control(text)) return "has a control character";
  std::optional<std::string> problem;
  std::size_t depth = 0;
  for_each_component(text, [&](std::string_view component) {
    problem = problem_of_component(component);
    if (++depth == 1 && is_reserved(component)) problem = "begins with a reserved name";
    return !problem;
  });
  if (!problem && depth > max_depth) problem = "has " + std::to_string(depth) + " components, the limit is 64";
  return problem;
}

std::optional<TreePath> TreePath::parse(std::string_view text) {
  if (problem_of(text)) return std::nullopt;
  return TreePath(text);
}

std::string_view TreePath::parent() const {
  const std::size_t slash = text_.rfind('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(text_).substr(0, slash);
}

std::string_view TreePath::name() const {
  const std::size_t slash = text_.rfind('/');
  return slash == std::string::npos ? std::string_view(text_) : std::string_view(text_).substr(slash + 1);
}

LinkSteps steps_of_link(const TreePath& link, std::string_view target) {
  if (target.empty()) return {{}, "is empty"};
  if (target.front() == '/') return {{}, "is absolute"};
  if (target.size() > TreePath::max_bytes) return {{}, "has more than 4095 bytes"};
  if (!utf8::valid(target) || utf8::has_control(target)) return {{}, "is not printable UTF-8"};
  std::string at(link.parent());
  std::string last;  // what the component before this one named
  LinkSteps steps;
  for_each_component(target, [&](std::string_view component) {
    if (!last.empty()) steps.through.push_back(std::exchange(last, {}));
    if (component == "..") {
      if (at.empty()) steps.problem = "leads out of the payload";
      const std::size_t slash = at.rfind('/');
      at.resize(slash == std::string::npos ? 0 : slash);
    } else if (!component.empty() && component != ".") {
      at += (at.empty() ? "" : "/") + std::string(component);
      steps.problem = TreePath::problem_of(at).value_or("");
      last = at;
    }
    return steps.problem.empty();
  });
  if (steps.problem.empty() && at.empty()) steps.problem = "is the payload itself";
  return steps;
}

bool is_library_name(std::string_view text) {
  return is_identifier(text, is_lower_or_digit, "._-") && text != "lock" && text != "replaced";
}

bool is_library_version(std::string_view text) {
  return is_identifier(
      text, [](char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }, "._+-");
}

}  // namespace injector
