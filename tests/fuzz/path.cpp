#include <algorithm>
#include <filesystem>

#include "core/tree_path.h"
#include "core/utf8.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

void check_path(const TreePath& path) {
  const std::filesystem::path standard(path.text());
  require(standard.is_relative() && standard.lexically_normal() == standard, "a path is not normal");
  require(*standard.begin() != "..", "a path leads out");
  require(path.name() == standard.filename().string(), "the name is another");
  require(path.parent() == standard.parent_path().string(), "the parent is another");
  require(utf8::valid(path.text()) && !utf8::has_control(path.text()), "a path is not printable");
}

// Where the links that it goes through were directories, it stays in the payload.
void check_link(const TreePath& link, const std::string& target) {
  const LinkSteps steps = steps_of_link(link, target);
  if (!steps.problem.empty()) return;
  const auto end = (std::filesystem::path(link.parent()) / target).lexically_normal();
  require(end.is_relative() && !end.empty() && *end.begin() != "..", "a link leads out");
  require(std::all_of(steps.through.begin(), steps.through.end(),
                      [](const std::string& step) { return TreePath::parse(step).has_value(); }),
          "a step of a link is no path");
}

}  // namespace

void run_path(std::string_view bytes) {
  const auto texts = parts(bytes, 2);
  const auto path = TreePath::parse(texts[0]);
  require(path.has_value() != TreePath::problem_of(texts[0]).has_value(), "a path is one and has a problem");
  if (!path) return;
  check_path(*path);
  check_link(*path, texts[1]);
}

}  // namespace injector::fuzz
