#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace injector {

// A path inside a payload, as docs/manifest.md defines it: relative, normalised, printable, within fixed limits, and
// none of the names that are reserved at the top level. What is not such a path is refused, never repaired.
class TreePath {
 public:
  static constexpr std::size_t max_component = 255;  // NAME_MAX
  static constexpr std::size_t max_bytes = 4095;     // PATH_MAX without its NUL
  static constexpr std::size_t max_depth = 64;

  // Why text is not a tree path, as a clause; empty where it is one.
  static std::optional<std::string> problem_of(std::string_view text);
  // Empty where text has a problem.
  static std::optional<TreePath> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view parent() const;  // empty at the top level
  std::string_view name() const;

 private:
  explicit TreePath(std::string_view text) : text_(text) {}
  std::string text_;
};

// What a symbolic link's target goes through on its way: every path behind which a further component stands, `..` too,
// for the kernel follows a link there before it goes on. Where the target ends is not among them. problem says, as a
// clause, that the target is absolute, empty, not printable, or leaves the payload at any step.
struct LinkSteps {
  std::vector<std::string> through;
  std::string problem;
};
LinkSteps steps_of_link(const TreePath& link, std::string_view target);

// [a-z0-9][a-z0-9._-]{0,63} and [A-Za-z0-9][A-Za-z0-9._+-]{0,63}: what libraries and their versions can be called.
// lock and replaced are other things in .injector.
bool is_library_name(std::string_view text);
bool is_library_version(std::string_view text);

}  // namespace injector
