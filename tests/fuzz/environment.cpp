#include "injector/environment.h"

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/environment.h"
#include "core/manifest_json.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

using Values = std::map<std::string, std::string>;

Values to_values(const std::vector<std::string>& environment) {
  Values values;
  for (const std::string& text : environment) {
    const std::size_t equals = text.find('=');
    values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return values;
}

// As much of a shell as the output needs: '…', \', "$NAME" and ${NAME:+…}.
class Shell {
 public:
  Shell(std::string_view text, Values values) : text_(text), values_(std::move(values)) {}

  Values run() {
    while (at_ < text_.size()) {
      take("export ");
      const std::string name = this->name();
      require(take("="), "a line of the shell sets nothing");
      values_[name] = word();
      require(take("\n") || take("; export " + name + "\n"), "a line of the shell goes on");
    }
    return values_;
  }

 private:
  bool take(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  std::string until(char end) {
    const std::size_t begin = at_;
    at_ = text_.find(end, at_);
    require(at_ != std::string_view::npos, "a quotation of the shell has no end");
    return std::string(text_.substr(begin, at_++ - begin));
  }

  std::string name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string word() {
    std::string result;
    for (;;) {
      if (take("'")) {
        result += until('\'');
      } else if (take("\\'")) {
        result += '\'';
      } else if (take("\"$")) {
        result += values_[until('"')];
      } else if (take("${")) {
        const std::string present = values_[name()];
        require(take(":+"), "another expansion");
        const std::string then = word();
        require(take("}"), "an expansion has no end");
        if (!present.empty()) result += then;
      } else {
        return result;
      }
    }
  }

  std::string_view text_;
  Values values_;
  std::size_t at_ = 0;
};

// What kubelet makes of an env list: $$ is $, and $(NAME) would be a reference.
std::string from_pod(const std::string& value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '$') {
      require(++i < value.size() && value[i] == '$', "a Pod would look for a variable");
    }
    result += value[i];
  }
  return result;
}

Values from_kubernetes(const std::string& text) {
  constexpr std::string_view name_is = "- name: ";
  constexpr std::string_view value_is = "  value: ";
  Values values;
  std::istringstream lines(text);
  for (std::string line, name; std::getline(lines, line);) {
    if (line.starts_with(name_is)) name = nlohmann::json::parse(line.substr(name_is.size()));
    if (line.starts_with(value_is)) values[name] = from_pod(nlohmann::json::parse(line.substr(value_is.size())));
  }
  return values;
}

Values from_text(const std::string& text) {
  std::vector<std::string> environment;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) environment.push_back(line);
  }
  return to_values(environment);
}

Values from_json(const std::string& text) {
  Values values;
  for (const Variable& variable : parse_environment(text, "e")) values[variable.name] = variable.value;
  return values;
}

void check_outputs(const std::vector<Variable>& environment, const std::string& mount, const Values& present) {
  std::vector<std::string> before;
  for (const auto& [name, value] : present) before.push_back(name + '=' + value);
  const Values merged = to_values(merge_environment(before, environment, mount));
  const Values alone = to_values(merge_environment({}, environment, mount));
  const auto printed = [&](EnvironmentOutput output) { return print_environment(environment, mount, output); };
  const std::string shell = printed(EnvironmentOutput::shell);
  require(Shell(shell, present).run() == merged, "a shell would merge another way than run does");
  require(Shell(shell, {}).run() == alone, "a shell would set something else");
  require(from_kubernetes(printed(EnvironmentOutput::kubernetes)) == alone, "a Pod would set something else");
  require(from_text(printed(EnvironmentOutput::text)) == alone, "docker would set something else");
  require(from_json(printed(EnvironmentOutput::json)) == alone, "the JSON says something else");
}

}  // namespace

// An environment, where it is mounted, and what the first variable is set to before.
void run_environment(std::string_view bytes) {
  const auto texts = parts(bytes, 3);
  accepts([&] {
    const std::vector<Variable> environment = parse_environment(texts[0], "e");
    require(join_environments({environment, environment}) == environment, "the same twice is something else");
    Values present;
    if (!environment.empty()) present[environment.front().name] = texts[2];
    check_outputs(environment, texts[1], present);
  });
}

}  // namespace injector::fuzz
