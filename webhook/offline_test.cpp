#include "webhook/offline.h"

#include <gtest/gtest.h>

#include "webhook/example.h"

namespace injector {
namespace {

// As a cluster has it: a rule for a team, one that lets in what runs beside an application, and the default entry.
Decision in(const Json& labels, const Json& annotations) {
  Knowledge knowledge{{}, example::catalog()};
  knowledge.configuration.profiles["team"].variables = {{"", {{"name", "TEAM"}, {"value", "a"}}}};
  knowledge.configuration.profiles["default"].variables = {{"", {{"name", "OTHER"}, {"value", "b"}}}};
  knowledge.configuration.rules = {{"team", "team", {{"matchLabels", {{"team", "a"}}}}, Json::object(), false},
                                   {"beside", "default", {{"matchLabels", {{"all", "may"}}}}, Json::object(), true}};
  return decide_offline(candidates_of(example::pod(annotations), "shop").at(0), labels, knowledge);
}

std::string first_variable(const Decision& decision) {
  const Json& containers = list_at(decision.pod, {"spec", "containers"});
  return std::string(text_at(list_at(containers[0], {"env"})[0], {"name"}));
}

TEST(Offline, RulesAreCalledBeforeTheDefaultEntry) {
  const Json asks = {{"first.example/coffee-lib.version", "v1"}};
  EXPECT_EQ(first_variable(in({{"team", "a"}}, asks)), "TEAM");
  EXPECT_EQ(first_variable(in(Json::object(), asks)), "OTHER");
}

TEST(Offline, TheReasonIsThatOfWhoeverSaysOne) {
  const Json asks = {{"second.example/inject-walk", "true"}, {"second.example/walk-with", "/app"}};
  EXPECT_EQ(in({{"all", "may"}}, asks).verdict, Verdict::injected);
  EXPECT_EQ(in({{"all", "may"}, {"team", "a"}}, asks).verdict, Verdict::injected);
  for (const Json& labels : {Json::object(), Json({{"team", "a"}})}) {
    const Decision decision = in(labels, asks);
    ASSERT_EQ(decision.notes.size(), 1U);
    EXPECT_EQ(decision.notes[0].why, Why::sidecar);
  }
  EXPECT_EQ(in({{"team", "a"}}, Json::object()).notes.at(0).why, Why::not_asked);
}

}  // namespace
}  // namespace injector
