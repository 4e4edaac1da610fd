#include "webhook/pod.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

Json owned(const std::string& kind, const std::string& name, const Json& labels = Json::object()) {
  return {{"metadata",
           {{"labels", labels}, {"ownerReferences", {{{"kind", kind}, {"name", name}, {"controller", true}}}}}}};
}

TEST(Workload, IsWhatPeopleCallIt) {
  EXPECT_EQ(workload_of(owned("ReplicaSet", "shop-6d4cf56db6", {{"pod-template-hash", "6d4cf56db6"}})), "shop");
  EXPECT_EQ(workload_of(owned("ReplicaSet", "by-hand")), "by-hand");
  EXPECT_EQ(workload_of(owned("Job", "nightly-29043302")), "nightly");
  EXPECT_EQ(workload_of(owned("Job", "migrate-42")), "migrate-42");
  EXPECT_EQ(workload_of(owned("Job", "29043302")), "29043302");
  EXPECT_EQ(workload_of(owned("StatefulSet", "db")), "db");
  EXPECT_EQ(workload_of({{"metadata", {{"name", "alone"}}}}), "alone");
  EXPECT_EQ(workload_of({{"metadata", {{"generateName", "made-"}}}}), "made");
  EXPECT_EQ(workload_of(Json::object()), "");
}

Json with_affinity(const Json& expressions) {
  return {{"spec",
           {{"affinity",
             {{"nodeAffinity",
               {{"requiredDuringSchedulingIgnoredDuringExecution",
                 {{"nodeSelectorTerms", {{{"matchExpressions", expressions}}}}}}}}}}}}};
}

TEST(Placement, ReadsSelectorAndAffinity) {
  const Json selected = {{"spec", {{"nodeSelector", {{"arch", "arm64"}}}}}};
  EXPECT_TRUE(Placement(selected).allows("arch", "arm64"));
  EXPECT_FALSE(Placement(selected).allows("arch", "amd64"));
  EXPECT_EQ(Placement(selected).named("arch"), std::set<std::string>{"arm64"});

  const Json in = with_affinity({{{"key", "arch"}, {"operator", "In"}, {"values", {"arm64", "s390x"}}}});
  EXPECT_FALSE(Placement(in).allows("arch", "amd64"));
  EXPECT_EQ(Placement(in).named("arch"), (std::set<std::string>{"arm64", "s390x"}));
  const Json out = with_affinity({{{"key", "arch"}, {"operator", "NotIn"}, {"values", {"arm64"}}}});
  EXPECT_TRUE(Placement(out).allows("arch", "amd64"));
  EXPECT_FALSE(Placement(out).allows("arch", "arm64"));
  EXPECT_TRUE(Placement(out).named("arch").empty());
  EXPECT_FALSE(Placement(with_affinity({{{"key", "arch"}, {"operator", "DoesNotExist"}}})).allows("arch", "amd64"));
  EXPECT_TRUE(Placement(with_affinity({{{"key", "zone"}, {"operator", "DoesNotExist"}}})).allows("arch", "amd64"));
}

TEST(Placement, AnyTermOfAnAffinityIsEnough) {
  Json pod = with_affinity({{{"key", "os"}, {"operator", "In"}, {"values", {"windows"}}}});
  EXPECT_FALSE(Placement(pod).allows("os", "linux"));
  pod.at("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"_json_pointer)
      .push_back({{"matchExpressions", {{{"key", "os"}, {"operator", "Exists"}}}}});
  EXPECT_TRUE(Placement(pod).allows("os", "linux"));
}

}  // namespace
}  // namespace injector
