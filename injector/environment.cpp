#include "injector/environment.h"

#include "core/environment.h"
#include "core/manifest_json.h"
#include "core/text.h"

namespace injector {
namespace {

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

}  // namespace

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

std::vector<std::string> unmergeable(const std::vector<Variable>& environment, EnvironmentOutput output) {
  std::vector<std::string> names;
  if (output != EnvironmentOutput::text && output != EnvironmentOutput::kubernetes) return names;
  for (const Variable& variable : environment) {
    if (variable.merge != Merge::set) names.push_back(variable.name);
  }
  return names;
}

}  // namespace injector
