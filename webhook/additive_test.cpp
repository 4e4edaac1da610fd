#include "webhook/additive.h"

#include <gtest/gtest.h>

#include "webhook/decision.h"
#include "webhook/example.h"

namespace injector {
namespace {

class Additive : public testing::Test {
 protected:
  Additive() {
    original["spec"]["containers"][0]["env"] = {{{"name", "OPTIONS"}, {"value", "-Xmx1g"}},
                                                {{"name", "B"}, {"new", 1}}};
    original["spec"]["unknown"] = {{"deep", {1, 2}}};
    injected = decide(original, "shop", "", Configuration(), example::catalog()).pod;
  }

  bool still(const std::string& pointer, const Json& value) {
    Json changed = injected;
    changed[Json::json_pointer(pointer)] = value;
    return only_adds(original, changed);
  }

  Json original = example::pod({{"first.example/coffee-lib.version", "v1"}});
  Json injected;
};

TEST_F(Additive, IsWhatADecisionIs) {
  EXPECT_TRUE(only_adds(original, injected));
  EXPECT_TRUE(only_adds(original, original));
  EXPECT_TRUE(only_adds(injected, injected));
  EXPECT_FALSE(only_adds(injected, original));
}

TEST_F(Additive, IsNothingElse) {
  EXPECT_FALSE(still("/spec/containers/0/image", "other"));
  EXPECT_FALSE(still("/spec/containers/0/command", {"sh"}));
  EXPECT_FALSE(still("/spec/containers/1", {{"name", "second"}}));
  EXPECT_FALSE(still("/spec/unknown/deep/1", 3));
  EXPECT_FALSE(still("/spec/hostNetwork", true));
  EXPECT_FALSE(still("/spec/volumes/1", {{"name", "other"}}));
  EXPECT_FALSE(still("/spec/initContainers/1", {{"name", "other"}}));
  EXPECT_FALSE(still("/metadata/labels", {{"a", "b"}}));
  EXPECT_FALSE(still("/metadata/annotations/other", "x"));
  EXPECT_FALSE(still("/spec/containers/0/env/1/value", "-Xmx2g -agent:/injector/a.jar"));
  EXPECT_FALSE(still("/spec/containers/0/env/2/new", 2));
  EXPECT_FALSE(still("/spec/containers/0/volumeMounts/1", {{"name", "other"}}));
  EXPECT_FALSE(still("/kind", "Job"));
  EXPECT_FALSE(still("/spec/shareProcessNamespace", true));
}

TEST_F(Additive, LosesNothing) {
  Json changed = injected;
  changed["spec"].erase("unknown");
  EXPECT_FALSE(only_adds(original, changed));
  changed = injected;
  changed["spec"]["containers"][0]["env"].erase(1);
  EXPECT_FALSE(only_adds(original, changed));
  changed = injected;
  changed["spec"]["containers"] = Json::array();
  EXPECT_FALSE(only_adds(original, changed));
}

}  // namespace
}  // namespace injector
