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
  - {name: beside, profile: default, sidecars: true, sidecarResources: {requests: {cpu: 50m}, limits: {cpu: 1}}}
images:
  - {image: "registry.example/*", variables: {A: x}}
)");
  EXPECT_EQ(all.mount_path, "/opt/injector");
  EXPECT_TRUE(all.wait_for_library);
  EXPECT_TRUE(all.host_network);
  EXPECT_EQ(all.profile("default")->variables_for("datadog").size(), 2U);
  EXPECT_EQ(all.profile("default")->variables_for("other").size(), 1U);
  EXPECT_EQ(all.rule("team")->profile, "default");
  EXPECT_FALSE(all.rule("team")->sidecars);
  EXPECT_TRUE(all.rule("beside")->sidecars);
  EXPECT_EQ(all.rule("beside")->sidecar_resources, Json({{"requests", {{"cpu", "50m"}}}, {"limits", {{"cpu", 1}}}}));
  EXPECT_EQ(all.image_variable("registry.example/x:1", "A"), "x");
  EXPECT_EQ(all.image_variable("other/x:1", "A"), "");
}

TEST(Configuration, ResourcesAreSomeThatAContainerTakes) {
  const auto of = [](const std::string& resources) {
    return problem("rules: [{name: a, profile: default, sidecarResources: " + resources + "}]");
  };
  const std::string at = "rules[0].sidecarResources ";
  EXPECT_EQ(of("1"), at + "is not a mapping");
  EXPECT_EQ(of("{cpu: 1}"), at + "has more than requests and limits");
  EXPECT_EQ(of("{limits: 1}"), at + "has more than requests and limits");
  EXPECT_EQ(of("{limits: {gpu: 1}}"), at + "has no amount that a container takes: limits.gpu");
  EXPECT_EQ(of("{limits: {cpu: x}}"), at + "has no amount that a container takes: limits.cpu");
  EXPECT_EQ(of("{requests: {memory: -1}}"), at + "has no amount that a container takes: requests.memory");
  EXPECT_EQ(of("{requests: {memory: 2Mi}, limits: {memory: 1Mi}}"), at + "requests more than its limit: memory");
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
  EXPECT_EQ(problem("registry: https://registry.example"), "registry is not what may stand in front of an image");
  EXPECT_EQ(problem("registry: registry.example:5000/team/"), "none");
  EXPECT_EQ(problem("profiles: {p: {rename: {A: B C}}}"), "profiles.p.rename has no name of a variable");
  EXPECT_EQ(problem("profiles: {p: {variables: [{name: A, value: a}, {name: A, value: b}]}}"),
            "profiles.p.variables[1] is there twice");
  EXPECT_EQ(problem("profiles: {p: {variables: [{value: a}]}}"), "profiles.p.variables[0] has no name of a variable");
  EXPECT_EQ(problem("rules: [{name: r, profile: p}]"), "the document has a rule r of no profile");
  EXPECT_EQ(problem("rules: [{name: R/, profile: default}]"), "rules[0] has a name that is not of a-z, 0-9 and -");
}

// What a Pod with it would be refused for, or would wait for without end.
TEST(Configuration, IsRefusedWhereItWouldStopAPod) {
  const auto problem_of = [](const std::string& source) {
    return problem("profiles: {p: {variables: [{name: A, valueFrom: {" + source + "}}]}}");
  };
  for (const std::string field : {"metadata.name", "status.hostIP", "spec.nodeName", "\"metadata.labels['a.b/c-D']\"",
                                  "\"metadata.annotations['x']\""}) {
    EXPECT_EQ(problem_of("fieldRef: {fieldPath: " + field + "}"), "none");
  }
  EXPECT_EQ(problem_of("resourceFieldRef: {resource: limits.memory}"), "none");
  EXPECT_EQ(problem_of("secretKeyRef: {name: a, key: B_c, optional: true}"), "none");
  for (const std::string source :
       {"fieldRef: {fieldPath: status.hostIp}", "fieldRef: {}", "fieldRef: {fieldPath: status.hostIP, x: y}",
        "fieldRef: {fieldPath: \"metadata.labels['']\"}", "fieldRef: {fieldPath: \"metadata.labels['A/b']\"}",
        "fieldRef: {fieldPath: \"metadata.labels['a/b/c']\"}", "resourceFieldRef: {resource: limits.gpu}",
        "fileKeyRef: {volumeName: v, path: p, key: k, optional: true}"}) {
    EXPECT_EQ(problem_of(source), "profiles.p.variables[0] has a source that no Pod knows") << source;
  }
  for (const std::string source :
       {"secretKeyRef: {name: a, key: b}", "configMapKeyRef: {name: a, key: b, optional: false}",
        "configMapKeyRef: {name: a b, key: b, optional: true}"}) {
    EXPECT_NE(problem_of(source).find("optional: true"), std::string::npos) << source;
  }
  EXPECT_EQ(problem_of("fieldRef: {fieldPath: metadata.name}, secretKeyRef: {}"),
            "profiles.p.variables[0] has not exactly one source");
  for (const std::string name : {"'1A'", "A B", "A=B", "'ü'"}) {
    EXPECT_EQ(problem("profiles: {p: {variables: [{name: " + name + ", value: x}]}}"),
              "profiles.p.variables[0] has no name of a variable");
  }
}

}  // namespace
}  // namespace injector
