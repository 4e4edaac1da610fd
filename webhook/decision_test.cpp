#include "webhook/decision.h"

#include <gtest/gtest.h>

#include "webhook/example.h"

namespace injector {
namespace {

const Json asks = {{"first.example/coffee-lib.version", "v1"}};

Decision of(const Json& pod, const Configuration& configuration = {}, std::string_view rule = "",
            std::string_view space = "shop") {
  return decide(pod, space, rule, configuration, example::catalog());
}

std::string reasons(const Decision& decision) {
  std::string all;
  for (const Note& note : decision.notes) all += (all.empty() ? "" : " ") + std::string(name_of(note.why));
  return all;
}

// A Pod that asks, with something at a place in it.
Json with(const std::string& pointer, const Json& value) {
  Json pod = example::pod(asks);
  pod[Json::json_pointer(pointer)] = value;
  return pod;
}

const Json& app(const Decision& decision) { return decision.pod["spec"]["containers"][0]; }
const Json& init(const Decision& decision) { return decision.pod["spec"]["initContainers"][0]; }

TEST(Decision, AddsWhatWasAskedFor) {
  const Decision decision = of(example::pod(asks));
  EXPECT_EQ(decision.verdict, Verdict::injected);
  EXPECT_EQ(reasons(decision), "");
  EXPECT_EQ(init(decision)["name"], "injector-a-agent");
  EXPECT_EQ(init(decision)["image"], "a:1.64.0");
  EXPECT_EQ(init(decision)["command"], Json({"/injector", "install", "--target=/target", "--on-failure=continue"}));
  EXPECT_FALSE(init(decision).contains("resources"));
  EXPECT_EQ(decision.pod["spec"]["volumes"], Json({{{"name", "injector"}, {"emptyDir", {{"sizeLimit", "47Mi"}}}}}));
  EXPECT_EQ(app(decision)["volumeMounts"],
            Json({{{"name", "injector"}, {"mountPath", "/injector"}, {"readOnly", true}}}));
  EXPECT_EQ(app(decision)["env"], Json({{{"name", "FIRST_SERVICE"}, {"value", "web"}},
                                        {{"name", "OPTIONS"}, {"value", "-agent:/injector/a.jar"}}}));
  EXPECT_EQ(decision.pod["metadata"]["annotations"]["injector/libraries"], R"({"a-agent":"1.64.0"})");
}

TEST(Decision, IsTheSameTheSecondTime) {
  const Decision once = of(example::pod(asks));
  const Decision again = of(once.pod);
  EXPECT_EQ(again.verdict, Verdict::unchanged);
  EXPECT_EQ(reasons(again), "complete");
}

TEST(Decision, CompletesAContainerThatCameLater) {
  Json pod = of(example::pod(asks)).pod;
  pod["spec"]["containers"].push_back({{"name", "late"}});
  const Decision again = of(pod);
  EXPECT_EQ(again.verdict, Verdict::injected);
  EXPECT_EQ(again.pod["spec"]["initContainers"].size(), 1U);
  EXPECT_EQ(again.pod["spec"]["containers"][1]["env"][1]["name"], "OPTIONS");
}

struct Refused {
  std::string pointer;
  Json value;
  std::string reason;
};

class Refusal : public testing::TestWithParam<Refused> {};

TEST_P(Refusal, LeavesThePodAlone) {
  const Decision decision = of(with(GetParam().pointer, GetParam().value));
  EXPECT_EQ(reasons(decision), GetParam().reason);
  EXPECT_TRUE(decision.patch.empty());
  EXPECT_EQ(decision.verdict, Verdict::unchanged);
}

const Json windows = {
    {{"matchExpressions", {{{"key", "kubernetes.io/os"}, {"operator", "In"}, {"values", {"windows"}}}}}}};
const std::string terms =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";

INSTANTIATE_TEST_SUITE_P(
    All, Refusal,
    testing::Values(
        Refused{"/metadata/labels", {{"first.example/enabled", "false"}}, "switched-off"},
        Refused{"/metadata/annotations", Json::object(), "not-asked"},
        Refused{"/metadata/annotations/kubernetes.io~1config.mirror", "x", "mirror-pod"},
        Refused{"/spec/os", {{"name", "windows"}}, "windows"},
        Refused{"/spec/nodeSelector", {{"kubernetes.io/os", "windows"}}, "windows"}, Refused{terms, windows, "windows"},
        Refused{"/spec/nodeSelector", {{"kubernetes.io/arch", "arm64"}}, "architecture"},
        Refused{"/spec/hostNetwork", true, "host-network"},
        Refused{"/spec/initContainers", {{{"name", "first-init-coffee"}}}, "other-injector"},
        Refused{"/spec/initContainers", {{{"name", "injector-a-agent"}}}, "name-taken"},
        Refused{"/spec/volumes", {{{"name", "injector"}, {"emptyDir", Json::object()}}}, "name-taken"},
        Refused{"/spec/containers/0/volumeMounts", {{{"name", "v"}, {"mountPath", "/injector/sub"}}}, "mount-taken"},
        Refused{"/spec/containers/0/volumeMounts", {{{"name", "v"}, {"mountPath", "/"}}}, "mount-taken"},
        Refused{"/spec/containers/0/resources", {{"limits", {{"memory", "31Mi"}}}}, "memory"},
        Refused{"/spec/resources", {{"limits", {{"memory", "16Mi"}}}}, "memory"},
        Refused{"/spec/containers/0/resources", {{"limits", {{"ephemeral-storage", "24Mi"}}}}, "ephemeral-storage"},
        Refused{"/spec/containers", "none", "not-asked"}, Refused{"/spec/containers/0/env", "text", "patch-unsafe"}));

TEST(Decision, ReadsWhatPeopleWrite) {
  const auto said = [](const Json& annotations) { return reasons(of(example::pod(annotations))); };
  EXPECT_EQ(said({{"first.example/coffee-lib.version", "9"}}), "unknown-version");
  EXPECT_EQ(said({{"first.example/tea-lib.version", "v1"}}), "unknown-library");
  EXPECT_EQ(said({{"first.example/other.coffee-lib.version", "v1"}}), "unknown-container");
  EXPECT_EQ(said({{"first.example/coffee-lib.config", "{}"}}), "unsupported");
  EXPECT_EQ(said({{"first.example/coffee-lib.image", " "}}), "not-understood");
  EXPECT_EQ(said({{"second.example/inject-coffee", "false"}}), "refused");
  EXPECT_EQ(said({{"second.example/inject-coffee", "mine"}}), "unknown-profile");
  EXPECT_EQ(said({{"second.example/inject-walk", "true"}}), "sidecar");
  EXPECT_EQ(said({{"second.example/inject-snake", "true"}, {"second.example/platform", "big"}}), "not-understood");
}

// Two rules, and which one lets in what runs beside an application.
Configuration with_rules() {
  Configuration configuration;
  configuration.profiles["team"].variables = {{"", {{"name", "TEAM"}, {"value", "a"}}}};
  configuration.profiles["default"].variables = {{"", {{"name", "OTHER"}, {"value", "b"}}}};
  configuration.rules = {{"team", "team", {}, {}, false},
                         {"beside", "default", {}, {}, true},
                         {"amounts", "default", {}, {}, true, {{"requests", {{"cpu", "50m"}}}}}};
  return configuration;
}

// A Pod that asks for that, with something at a place in it.
Decision beside(const std::string& pointer = "/kind", const Json& value = "Pod", std::string_view rule = "beside") {
  Json pod = example::pod({{"second.example/inject-walk", "true"}, {"second.example/walk-with", "/app/$x"}});
  pod[Json::json_pointer(pointer)] = value;
  return of(pod, with_rules(), rule);
}

TEST(Sidecar, RunsAsItsLibrarySays) {
  const Decision decision = beside("/spec/containers/0/resources", {{"requests", {{"cpu", "2"}}}}, "amounts");
  EXPECT_EQ(decision.verdict, Verdict::injected);
  EXPECT_EQ(init(decision), Json({{"name", "injector-beside"},
                                  {"image", "w:1"},
                                  {"imagePullPolicy", "IfNotPresent"},
                                  {"restartPolicy", "Always"},
                                  {"command", {"/injector", "run", "--on-failure=continue", "beside/walker"}},
                                  {"terminationMessagePolicy", "FallbackToLogsOnError"},
                                  {"resources", {{"requests", {{"cpu", "50m"}}}}},
                                  {"env",
                                   {{{"name", "OTHER"}, {"value", "b"}},
                                    {{"name", "SECOND_ABOUT"}, {"value", "service=web"}},
                                    {{"name", "WALK_WITH"}, {"value", "/app/$$x"}}}},
                                  {"securityContext",
                                   {{"capabilities", {{"add", {"KILL"}}, {"drop", {"ALL"}}}},
                                    {"readOnlyRootFilesystem", true},
                                    {"runAsNonRoot", false},
                                    {"runAsUser", 0},
                                    {"seccompProfile", {{"type", "RuntimeDefault"}}}}}}));
  EXPECT_EQ(decision.pod["spec"]["shareProcessNamespace"], true);
  EXPECT_FALSE(decision.pod["spec"].contains("volumes"));
  EXPECT_FALSE(app(decision).contains("volumeMounts"));
}

TEST(Sidecar, StaysAwayWhereItCannotRun) {
  EXPECT_EQ(reasons(beside("/spec/hostPID", true)), "sidecar");
  EXPECT_EQ(reasons(beside("/spec/shareProcessNamespace", false)), "sidecar");
  EXPECT_EQ(reasons(beside("/spec/shareProcessNamespace", nullptr)), "");
  EXPECT_EQ(reasons(beside("/metadata/annotations/second.example~1walk-with", "")), "nothing-named");
  EXPECT_EQ(reasons(beside("/kind", "Pod", "team")), "sidecar");
  EXPECT_EQ(reasons(beside("/kind", "Pod", "")), "sidecar");
  EXPECT_EQ(reasons(beside("/spec/initContainers", {{{"name", "injector-beside"}}})), "name-taken");
}

// Of amounts nobody but who wrote the rule knows what a quota, a LimitRange or the Pod's own leave.
TEST(Sidecar, TakesNothingThatNobodyGave) {
  const std::string of_container = "/spec/containers/0/resources";
  const Json burstable = {{"requests", {{"cpu", "1"}}}};
  const Json guaranteed = {{"limits", {{"cpu", "1"}, {"memory", "1Gi"}}}};
  EXPECT_FALSE(init(beside()).contains("resources"));
  EXPECT_EQ(reasons(beside(of_container, burstable)), "sidecar");
  EXPECT_EQ(reasons(beside(of_container, burstable, "amounts")), "");
  EXPECT_EQ(reasons(beside(of_container, guaranteed, "amounts")), "sidecar");
  EXPECT_EQ(reasons(beside("/spec/resources", burstable)), "");
  EXPECT_EQ(reasons(beside("/spec/resources", burstable, "amounts")), "sidecar");
}

TEST(Sidecar, IsCompleteForWhoeverCallsNext) {
  for (const std::string_view rule : {"beside", "team", ""})
    EXPECT_EQ(reasons(of(beside().pod, with_rules(), rule)), "complete");
}

TEST(Decision, LeavesTheProfileOfTheCallBefore) {
  const Decision first = of(example::pod(asks), with_rules(), "team");
  EXPECT_EQ(app(first)["env"][0], Json({{"name", "TEAM"}, {"value", "a"}}));
  EXPECT_EQ(reasons(of(first.pod, with_rules())), "complete");
}

TEST(Decision, TakesACustomImageAsItIs) {
  const Decision decision = of(example::pod(
      {{"first.example/coffee-lib.image", "mine/x:1"}, {"first.example/app.coffee-lib.version", "nonsense"}}));
  EXPECT_EQ(init(decision)["image"], "mine/x:1");
  EXPECT_EQ(decision.libraries.at("a-agent"), "mine/x:1");
}

TEST(Decision, TakesEverythingOfAVocabulary) {
  const Decision decision = of(example::pod({{"first.example/all-lib.version", "whatever"}}));
  EXPECT_EQ(decision.libraries.size(), 2U);
  EXPECT_EQ(decision.pod["spec"]["initContainers"].size(), 2U);
  EXPECT_EQ(of(example::pod({{"first.example/all-lib.version", "x"}, {"first.example/snake-lib.version", "v3"}}))
                .libraries.size(),
            1U);
}

TEST(Decision, ChoosesTheContainers) {
  const auto injected = [](const Json& annotations) {
    Json pod = example::pod(annotations);
    pod["spec"]["containers"] = {{{"name", "mesh-proxy"}}, {{"name", "app"}}, {{"name", "third"}}};
    pod["spec"]["initContainers"] = {{{"name", "prepare"}}};
    std::string names;
    const Decision decision = of(pod);
    for (const char* list : {"initContainers", "containers"}) {
      for (const Json& container : decision.pod["spec"][list]) {
        if (!container.contains("env")) continue;
        names += (names.empty() ? "" : " ") + container["name"].get<std::string>();
      }
    }
    return names;
  };
  const Json second = {{"second.example/inject-snake", "true"}};
  const auto and_also = [](Json annotations, const char* name, const char* value) {
    annotations[name] = value;
    return annotations;
  };
  EXPECT_EQ(injected(asks), "mesh-proxy app third");
  EXPECT_EQ(injected(second), "app");
  EXPECT_EQ(injected(and_also(second, "kubectl.kubernetes.io/default-container", "third")), "third");
  EXPECT_EQ(injected(and_also(second, "second.example/containers", "third, prepare")), "prepare third");
  EXPECT_EQ(injected(and_also(and_also(second, "second.example/containers", "third"), "second.example/snake-containers",
                              "mesh-proxy")),
            "mesh-proxy");
  EXPECT_EQ(injected({{"first.example/third.coffee-lib.version", "v1"}}), "third");
}

TEST(Decision, HasOneVersionOfALibraryInAPod) {
  Json pod =
      example::pod({{"first.example/app.coffee-lib.version", "1.63"}, {"first.example/b.coffee-lib.version", "1"}});
  pod["spec"]["containers"].push_back({{"name", "b"}});
  const Decision decision = of(pod);
  EXPECT_EQ(decision.verdict, Verdict::partial);
  EXPECT_EQ(reasons(decision), "two-versions");
  EXPECT_EQ(decision.libraries.at("a-agent"), "1.63.2");
  EXPECT_FALSE(decision.pod["spec"]["containers"][1].contains("env"));
  EXPECT_EQ(decision.pod["metadata"]["annotations"]["injector/status"], "partial");
}

TEST(Decision, JoinsTwoLibrariesInOneVariable) {
  const Decision decision =
      of(example::pod({{"first.example/coffee-lib.version", "v1"}, {"second.example/inject-coffee", "true"}}));
  EXPECT_EQ(decision.libraries.size(), 2U);
  EXPECT_EQ(reasons(decision), "");
}

TEST(Decision, CopiesTheResourcesOfAContainer) {
  Json pod = with("/spec/containers/0/resources",
                  {{"limits", {{"memory", "64Mi"}, {"cpu", 1}, {"example.com/gpu", "1"}}}, {"claims", Json::array()}});
  pod["spec"]["containers"].push_back({{"name", "b"}, {"resources", {{"limits", {{"memory", "1Gi"}}}}}});
  EXPECT_EQ(init(of(pod))["resources"], Json({{"limits", {{"memory", "1Gi"}}}}));
  pod["spec"]["containers"].erase(1);
  EXPECT_EQ(init(of(pod))["resources"], Json({{"limits", {{"memory", "64Mi"}, {"cpu", 1}}}}));
}

TEST(Decision, HasAUserWhereThePodSaysRoot) {
  EXPECT_EQ(init(of(with("/spec/securityContext", {{"runAsUser", 0}})))["securityContext"]["runAsUser"], 65532);
  EXPECT_FALSE(init(of(with("/spec/securityContext", {{"runAsUser", 7}})))["securityContext"].contains("runAsUser"));
}

TEST(Decision, NamesTheService) {
  const auto service = [](const Json& labels) {
    return app(of(with("/metadata/labels", labels)))["env"].front()["value"];
  };
  EXPECT_EQ(service({{"first.example/service", "shop"}}), "shop");
  EXPECT_EQ(service({{"first.example/service", "shop"}, {"first.example/app.service", "till"}}), "till");
  EXPECT_EQ(app(of(with("/metadata/annotations/first.example~1service", "shop")))["env"].front()["value"], "shop");
  const Json pod = with("/spec/containers/0/env", {{{"name", "FIRST_SERVICE"}, {"value", "own"}}});
  EXPECT_EQ(app(of(pod))["env"], Json({{{"name", "OPTIONS"}, {"value", "-agent:/injector/a.jar"}},
                                       {{"name", "FIRST_SERVICE"}, {"value", "own"}}}));
}

TEST(Decision, ExtendsWhatMayBeEvicted) {
  const std::string key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
  EXPECT_EQ(of(example::pod(asks)).pod["metadata"]["annotations"][key], "injector");
  Json annotations = asks;
  annotations[key] = "cache,tmp";
  EXPECT_EQ(of(example::pod(annotations)).pod["metadata"]["annotations"][key], "cache,tmp,injector");
}

Configuration configured() {
  Json document = {{"registry", "registry.example"},
                   {"mountPath", "/opt/i"},
                   {"onFailure", "fail"},
                   {"imagePullSecrets", {"pull"}},
                   {"architectures", {"amd64", "arm64"}},
                   {"profiles",
                    {{"team",
                      {{"libraries", {{"snake", "v3"}}},
                       {"rename", {{"SNAKEPATH", "OTHERPATH"}}},
                       {"variables",
                        {{{"name", "HOST"}, {"value", "h"}, {"vocabulary", "first"}},
                         {{"name", "OTHER"}, {"value", "o"}, {"vocabulary", "second"}}}}}}}},
                   {"rules", {{{"name", "team-a"}, {"profile", "team"}}}}};
  document["architectures"] = {"amd64"};
  return read_configuration(document, "c.yaml");
}

TEST(Decision, FollowsTheConfiguration) {
  const Decision decision = of(example::pod(nullptr), configured(), "team-a");
  EXPECT_EQ(decision.verdict, Verdict::injected);
  EXPECT_EQ(init(decision)["image"], "registry.example/s:3");
  EXPECT_EQ(init(decision)["command"].back(), "--on-failure=fail");
  EXPECT_EQ(decision.pod["spec"]["imagePullSecrets"], Json({{{"name", "pull"}}}));
  EXPECT_EQ(app(decision)["env"], Json({{{"name", "HOST"}, {"value", "h"}},
                                        {{"name", "FIRST_SERVICE"}, {"value", "web"}},
                                        {{"name", "OTHERPATH"}, {"value", "/opt/i/snake"}}}));
}

TEST(Decision, OfARuleYieldsToThePod) {
  EXPECT_EQ(of(example::pod(asks), configured(), "team-a").libraries.begin()->first, "a-agent");
  EXPECT_EQ(reasons(of(with("/metadata/labels", {{"first.example/enabled", "false"}}), configured(), "team-a")),
            "switched-off");
  EXPECT_EQ(reasons(of(example::pod(nullptr), configured(), "unknown")), "unknown-profile");
}

TEST(Decision, KnowsNamespaces) {
  EXPECT_EQ(reasons(of(example::pod(asks), {}, "", "kube-system")), "system-namespace");
  Configuration configuration;
  configuration.own_namespace = "here";
  EXPECT_EQ(reasons(of(example::pod(asks), configuration, "", "here")), "own-namespace");
}

TEST(Decision, KnowsTheClustersArchitectures) {
  Configuration configuration;
  configuration.architectures = {"amd64", "arm64"};
  EXPECT_EQ(reasons(of(example::pod(asks), configuration)), "architecture");
  const Json pod = with("/spec/nodeSelector", {{"kubernetes.io/arch", "amd64"}});
  EXPECT_EQ(reasons(of(pod, configuration)), "");
}

}  // namespace
}  // namespace injector
