#include "webhook/configuration.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "webhook/yaml.h"

namespace injector {
namespace {

Configuration read(const std::string& text) { return read_configuration(parse_yaml(text, "c.yaml").at(0), "c.yaml"); }

std::string problem(const std::string& text) {
  try {
    read(text);
  } catch (const Error& error) {
    EXPECT_EQ(exit_code_of(error.reason()), ExitCode::damaged);
    return error.problem();
  }
  return "none";
}

TEST(Configuration, IsReadFromYaml) {
  const Configuration all = read(R"(
registry: registry.example/team
mountPath: /opt/injector
onFailure: fail
hostNetwork: yes
profiles:
  default:
    variables:
      - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
      - {name: PORT, value: "8126", vocabulary: datadog}
    rename: {A: B}
rules:
  - {name: team, profile: default, namespaceSelector: {matchLabels: {a: b}}}
images:
  - {image: "registry.example/*", variables: {A: x}}
)");
  EXPECT_EQ(all.mount_path, "/opt/injector");
  EXPECT_TRUE(all.wait_for_library);
  EXPECT_TRUE(all.host_network);
  EXPECT_EQ(all.profile("default")->variables_for("datadog").size(), 2U);
  EXPECT_EQ(all.profile("default")->variables_for("other").size(), 1U);
  EXPECT_EQ(all.rule("team")->profile, "default");
  EXPECT_EQ(all.image_variable("registry.example/x:1", "A"), "x");
  EXPECT_EQ(all.image_variable("other/x:1", "A"), "");
}

TEST(Configuration, IsRefusedWithTheKeyThatIsWrong) {
  EXPECT_EQ(problem("registri: x"), "registri is unknown");
  EXPECT_EQ(problem("[]"), "the document is not a mapping");
  EXPECT_EQ(problem("mountPath: a/b"), "mountPath is not an absolute path of letters, digits, '-', '_' and '.'");
  EXPECT_EQ(problem("mountPath: /a b"), "mountPath is not an absolute path of letters, digits, '-', '_' and '.'");
  EXPECT_EQ(problem("mountPath: /a/../b"), "mountPath is not an absolute path of letters, digits, '-', '_' and '.'");
  EXPECT_EQ(problem("onFailure: stop"), "onFailure is neither continue nor fail");
  EXPECT_EQ(problem("hostNetwork: 1"), "hostNetwork is neither true nor false");
  EXPECT_EQ(problem("profiles: {p: {variables: [{name: A, value: 1}]}}"),
            "profiles.p.variables[0] has a value that is not a text: write it in quotes");
  EXPECT_EQ(problem("profiles: {p: {variables: [{name: A, value: a}, {name: A, value: b}]}}"),
            "profiles.p.variables[1] is there twice");
  EXPECT_EQ(problem("profiles: {p: {variables: [{value: a}]}}"), "profiles.p.variables[0] has no name of a variable");
  EXPECT_EQ(problem("rules: [{name: r, profile: p}]"), "the document has a rule r of no profile");
  EXPECT_EQ(problem("rules: [{name: R/, profile: default}]"), "rules[0] has a name that is not of a-z, 0-9 and -");
}

}  // namespace
}  // namespace injector
