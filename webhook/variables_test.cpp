#include "webhook/variables.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

const Variable append{"OPTIONS", "-agent:/i/a.jar", Merge::append, " "};
const Variable prepend{"PATH_OF", "/i/lib", Merge::prepend, ":"};

Json pod_with(const Json& env) {
  return {
      {"spec", {{"containers", {{{"name", "app"}, {"env", env}, {"envFrom", {{{"secretRef", {{"name", "s"}}}}}}}}}}}};
}

Json env_after(const Json& env, const Variable& variable, const Surroundings& surroundings = {}) {
  Patch patch(pod_with(env));
  const ContainerPlace place;
  EXPECT_FALSE(hindrance(place.in(patch.document()), variable, surroundings));
  merge(patch, place, variable, surroundings);
  const Json once = patch.document();
  merge(patch, place, variable, surroundings);
  EXPECT_EQ(once, patch.document()) << "a second time changes nothing";
  return place.in(patch.document())["env"];
}

TEST(Variables, NewOnesComeInFront) {
  EXPECT_EQ(env_after({{{"name", "A"}, {"value", "$(OPTIONS)"}}}, append),
            Json({{{"name", "OPTIONS"}, {"value", "-agent:/i/a.jar"}}, {{"name", "A"}, {"value", "$(OPTIONS)"}}}));
  EXPECT_EQ(env_after(nullptr, append), Json({{{"name", "OPTIONS"}, {"value", "-agent:/i/a.jar"}}}));
}

TEST(Variables, LiteralOnesAreJoinedInPlace) {
  EXPECT_EQ(env_after({{{"name", "A"}}, {{"name", "OPTIONS"}, {"value", "-Xmx1g"}}}, append)[1]["value"],
            "-Xmx1g -agent:/i/a.jar");
  EXPECT_EQ(env_after({{{"name", "PATH_OF"}, {"value", "/a:/b"}}}, prepend)[0]["value"], "/i/lib:/a:/b");
  EXPECT_EQ(env_after({{{"name", "OPTIONS"}}}, append)[0]["value"], "-agent:/i/a.jar");
  EXPECT_EQ(env_after({{{"name", "OPTIONS"}, {"value", ""}}}, append)[0]["value"], "-agent:/i/a.jar");
}

TEST(Variables, OnlyAWholeOneIsThereAlready) {
  EXPECT_EQ(env_after({{{"name", "OPTIONS"}, {"value", "-agent:/i/a.jar.old"}}}, append)[0]["value"],
            "-agent:/i/a.jar.old -agent:/i/a.jar");
  EXPECT_EQ(env_after({{{"name", "OPTIONS"}, {"value", "x -agent:/i/a.jar -y"}}}, append)[0]["value"],
            "x -agent:/i/a.jar -y");
}

TEST(Variables, FromElsewhereAreRenamedAndReferredTo) {
  const Json from = {{"fieldRef", {{"fieldPath", "metadata.name"}}}};
  const Json env =
      env_after({{{"name", "OPTIONS"}, {"valueFrom", from}}, {{"name", "B"}, {"value", "$(OPTIONS)"}}}, append);
  EXPECT_EQ(env, Json({{{"name", "INJECTOR_OPTIONS"}, {"valueFrom", from}},
                       {{"name", "OPTIONS"}, {"value", "$(INJECTOR_OPTIONS) -agent:/i/a.jar"}},
                       {{"name", "B"}, {"value", "$(OPTIONS)"}}}));
}

TEST(Variables, FromEnvFromAreReferredToWhereSomebodySaysSo) {
  EXPECT_EQ(env_after(Json::array(), append, {{"OPTIONS"}, {}})[0]["value"], "$(OPTIONS) -agent:/i/a.jar");
  EXPECT_EQ(env_after(Json::array(), append, {{"OTHER"}, {}})[0]["value"], "-agent:/i/a.jar");
}

TEST(Variables, OfTheImageAreJoined) {
  EXPECT_EQ(env_after(Json::array(), append, {{}, {{"OPTIONS", "-Da=$b"}}})[0]["value"], "-Da=$$b -agent:/i/a.jar");
}

std::string attributes_after(const Json& env, const std::string& ours, const Surroundings& surroundings = {}) {
  const Variable variable{"ABOUT", ours, Merge::prepend, ","};
  Patch patch(pod_with(env));
  const ContainerPlace place;
  merge_attributes(patch, place, variable, surroundings);
  const Json once = patch.document();
  merge_attributes(patch, place, variable, surroundings);
  EXPECT_EQ(once, patch.document()) << "a second time changes nothing";
  for (const Json& entry : place.in(once)["env"]) {
    if (entry["name"] == "ABOUT") return entry["value"];
  }
  return "none";
}

Json about(const std::string& value) { return Json::array({{{"name", "ABOUT"}, {"value", value}}}); }

TEST(Variables, AttributesWhoseKeyIsThereStayOut) {
  EXPECT_EQ(attributes_after(Json::array(), "a=1,b=2"), "a=1,b=2");
  EXPECT_EQ(attributes_after(about(""), "a=1"), "a=1");
  EXPECT_EQ(attributes_after(about("a=own"), "a=1"), "a=own");
  EXPECT_EQ(attributes_after(about("x=1, a=own"), "a=1,b=2"), "b=2,x=1, a=own");
  EXPECT_EQ(attributes_after(about("aa=1,b.a=2,c=a=3"), "a=1"), "a=1,aa=1,b.a=2,c=a=3");
  EXPECT_EQ(attributes_after(about("a"), "a=1"), "a");
}

TEST(Variables, AttributesOfTheImageStay) {
  EXPECT_EQ(attributes_after(Json::array(), "a=1,b=2", {{}, {{"ABOUT", "a=$x"}}}), "b=2,a=$$x");
}

TEST(Variables, AttributesFromElsewhereAreJoined) {
  const Json env = {{{"name", "ABOUT"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}}};
  EXPECT_EQ(attributes_after(env, "a=1"), "a=1,$(INJECTOR_ABOUT)");
  EXPECT_EQ(attributes_after(Json::array(), "a=1", {{"ABOUT"}, {}}), "a=1,$(ABOUT)");
}

std::string_view hindered(const Json& env, const Variable& variable) {
  const auto note = hindrance(pod_with(env)["spec"]["containers"][0], variable, {});
  return note ? name_of(note->why) : "";
}

TEST(Variables, ThatCannotBeMergedAreAReason) {
  const auto optional = [](const Json& value) {
    return Json{{{"name", "OPTIONS"},
                 {"valueFrom", {{"configMapKeyRef", {{"name", "c"}, {"key", "k"}, {"optional", value}}}}}}};
  };
  EXPECT_EQ(hindered(optional(true), append), "variable-optional");
  EXPECT_EQ(hindered(optional(false), append), "");
  const Json twice = {{{"name", "OPTIONS"}, {"value", "a"}}, {{"name", "OPTIONS"}, {"value", "b"}}};
  EXPECT_EQ(hindered(twice, append), "variable-twice");
  const Json taken = {{{"name", "INJECTOR_OPTIONS"}, {"value", "a"}},
                      {{"name", "OPTIONS"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}}};
  EXPECT_EQ(hindered(taken, append), "name-taken");
  const Variable set{"ON", "1", Merge::set, ""};
  EXPECT_EQ(hindered({{{"name", "ON"}, {"value", "0"}}}, set), "variable-differs");
  EXPECT_EQ(hindered({{{"name", "ON"}, {"value", "1"}}}, set), "");
}

TEST(Variables, OfEnvFromAreReferredToOnlyWhereTheyAreSure) {
  const auto hindered_by = [](const Json& sources, const Variable& variable) {
    const auto note = hindrance({{"name", "app"}, {"envFrom", sources}}, variable, {{variable.name}, {}});
    return note ? name_of(note->why) : "";
  };
  const Json sure = {{"configMapRef", {{"name", "c"}}}};
  const Json optional = {{"prefix", "P_"}, {"configMapRef", {{"name", "c"}, {"optional", true}}}};
  EXPECT_EQ(hindered_by({sure, optional}, append), "");
  EXPECT_EQ(hindered_by(Json::array({optional}), append), "variable-optional");
  EXPECT_EQ(hindered_by(Json::array(), append), "");
  EXPECT_EQ(hindered_by(Json::array({sure}), {"ON", "1", Merge::set, ""}), "variable-differs");
}

TEST(Variables, AreAddedOnlyWhereAbsent) {
  Patch patch(pod_with({{{"name", "HOST"}, {"value", "mine"}}}));
  add_absent(patch, {},
             {{{"name", "NODE"}, {"value", "n"}},
              {{"name", "HOST"}, {"value", "x"}},
              {{"name", "PORT"}, {"value", "1"}},
              {{"name", "URL"}, {"value", "$(NODE)"}}},
             {{"PORT"}, {}});
  EXPECT_EQ(ContainerPlace().in(patch.document())["env"], Json({{{"name", "NODE"}, {"value", "n"}},
                                                                {{"name", "URL"}, {"value", "$(NODE)"}},
                                                                {{"name", "HOST"}, {"value", "mine"}}}));
}

}  // namespace
}  // namespace injector
