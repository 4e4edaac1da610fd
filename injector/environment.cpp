#include "injector/environment.h"

#include <algorithm>

#include "core/error.h"
#include "core/manifest_json.h"
#include "core/utf8.h"

namespace injector {
namespace {

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string shell_quoted(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

// What is set already stays, in front or behind; an empty variable counts as unset, as it does for the programs.
std::string shell_line(const Variable& variable) {
  const std::string quoted = shell_quoted(variable.value);
  const std::string separator = shell_quoted(variable.separator);
  const std::string& name = variable.name;
  const std::string present = "${" + name + ":+";
  switch (variable.merge) {
    case Merge::set:
      return "export " + name + "=" + quoted + "\n";
    case Merge::append:
      return name + "=" + present + "\"$" + name + "\"" + separator + "}" + quoted + "; export " + name + "\n";
    case Merge::prepend:
      return name + "=" + quoted + present + separator + "\"$" + name + "\"}; export " + name + "\n";
  }
  return "";
}

std::string kubernetes_lines(const Variable& variable) {
  // $(NAME) is a reference in a Pod, and $$ is the text $. Without quotation marks the name `on` is a boolean.
  return "- name: " + json_string(variable.name) + "\n  value: " + json_string(replace_all(variable.value, "$", "$$")) +
         "\n";
}

std::string comment_on(const Variable& variable) {
  if (variable.merge == Merge::set) return "";
  return "# " + variable.name + ": if the application has it set already, join the two with " +
         json_string(variable.separator) + ", this one " +
         (variable.merge == Merge::append ? "behind\n" : "in front\n");
}

std::string checked_mount(std::string mount) {
  if (!mount.starts_with('/') || !utf8::valid(mount) || utf8::has_control(mount)) {
    throw Error(Reason::usage, mount, "--mount is not an absolute path");
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

// The value with what is set already; an empty variable counts as unset, as it does for the programs.
std::string merged(const Variable& variable, const std::string& present) {
  if (present.empty() || variable.merge == Merge::set) return variable.value;
  return variable.merge == Merge::append ? present + variable.separator + variable.value
                                         : variable.value + variable.separator + present;
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

std::string print_environment(const std::vector<Variable>& environment, const std::string& mount,
                              EnvironmentOutput output) {
  const std::vector<Variable> expanded = expand(environment, mount);
  if (output == EnvironmentOutput::json) return print_environment(expanded) + "\n";
  std::string out;
  for (const Variable& variable : expanded) {
    switch (output) {
      case EnvironmentOutput::text:
        out += comment_on(variable) + variable.name + "=" + variable.value + "\n";
        break;
      case EnvironmentOutput::shell:
        out += shell_line(variable);
        break;
      case EnvironmentOutput::kubernetes:
        out += comment_on(variable) + kubernetes_lines(variable);
        break;
      case EnvironmentOutput::json:
        break;
    }
  }
  return out;
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

std::vector<std::string> unmergeable(const std::vector<Variable>& environment, EnvironmentOutput output) {
  std::vector<std::string> names;
  if (output != EnvironmentOutput::text && output != EnvironmentOutput::kubernetes) return names;
  for (const Variable& variable : environment) {
    if (variable.merge != Merge::set) names.push_back(variable.name);
  }
  return names;
}

}  // namespace injector
