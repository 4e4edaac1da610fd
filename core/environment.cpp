#include "core/environment.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "core/utf8.h"

namespace injector {
namespace {

std::string checked_mount(std::string mount) {
  if (!mount.starts_with('/') || !utf8::valid(mount) || utf8::has_control(mount)) {
    throw Error(Reason::usage, mount, "is not an absolute path");
  }
  while (mount.ends_with('/')) mount.pop_back();
  return mount;
}

// Between blanks stand words of a command line, where quotes, a backslash and = (-javaagent:JAR=OPTIONS) mean
// something.
bool ends_in(std::string_view path, const Variable& variable) {
  if (variable.merge == Merge::set) return false;
  if (variable.separator == " ") return path.find_first_of(" \"'\\=") != std::string_view::npos;
  return path.find(variable.separator) != std::string_view::npos;
}

void join(Variable& first, const Variable& second) {
  if (first == second) return;
  if (first.merge != second.merge || first.merge == Merge::set || first.separator != second.separator) {
    throw Error(Reason::usage, first.name, "two libraries set it differently", "Choose one with --library.");
  }
  const bool append = first.merge == Merge::append;
  first.value = append ? first.value + first.separator + second.value : second.value + first.separator + first.value;
}

}  // namespace

std::vector<Variable> expand(std::vector<Variable> environment, const std::string& mount) {
  const std::string place = checked_mount(mount);
  for (Variable& variable : environment) {
    const std::string value = replace_all(variable.value, "${target}", place);
    if (value != variable.value && ends_in(place, variable)) {
      throw Error(Reason::usage, mount, "has a character that would end a path in " + variable.name,
                  "Choose a path of letters, digits, - and _.");
    }
    variable.value = value;
  }
  return environment;
}

std::string merged(const Variable& variable, const std::string& present) {
  if (present.empty() || variable.merge == Merge::set) return variable.value;
  return variable.merge == Merge::append ? present + variable.separator + variable.value
                                         : variable.value + variable.separator + present;
}

std::vector<Variable> join_environments(const std::vector<std::vector<Variable>>& environments) {
  std::vector<Variable> all;
  for (const auto& environment : environments) {
    for (const Variable& variable : environment) {
      const auto same = [&](const Variable& other) { return other.name == variable.name; };
      const auto found = std::find_if(all.begin(), all.end(), same);
      if (found == all.end()) {
        all.push_back(variable);
      } else {
        join(*found, variable);
      }
    }
  }
  return all;
}

std::vector<std::string> merge_environment(std::vector<std::string> present, const std::vector<Variable>& environment,
                                           const std::string& mount) {
  for (const Variable& variable : expand(environment, mount)) {
    const std::string prefix = variable.name + '=';
    const auto found =
        std::find_if(present.begin(), present.end(), [&](const std::string& text) { return text.starts_with(prefix); });
    if (found == present.end()) {
      present.push_back(prefix + variable.value);
    } else {
      *found = prefix + merged(variable, found->substr(prefix.size()));
    }
  }
  return present;
}

}  // namespace injector
