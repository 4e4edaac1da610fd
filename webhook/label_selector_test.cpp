#include "webhook/label_selector.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

TEST(LabelSelector, SelectsAsTheApiServerDoes) {
  const Json labels = {{"a", "1"}, {"b", "2"}};
  const auto expression = [](const char* key, const char* by, const Json& values) {
    return Json{{"matchExpressions", {{{"key", key}, {"operator", by}, {"values", values}}}}};
  };
  EXPECT_TRUE(selects(Json::object(), labels));
  EXPECT_FALSE(selects(nullptr, labels));
  EXPECT_TRUE(selects({{"matchLabels", {{"a", "1"}}}}, labels));
  EXPECT_FALSE(selects({{"matchLabels", {{"a", "1"}, {"c", "3"}}}}, labels));
  EXPECT_TRUE(selects(expression("a", "In", {"0", "1"}), labels));
  EXPECT_FALSE(selects(expression("c", "In", {"0", "1"}), labels));
  EXPECT_TRUE(selects(expression("c", "NotIn", {"0"}), labels));
  EXPECT_FALSE(selects(expression("a", "NotIn", {"1"}), labels));
  EXPECT_TRUE(selects(expression("a", "Exists", Json::array()), labels));
  EXPECT_TRUE(selects(expression("c", "DoesNotExist", Json::array()), labels));
  EXPECT_FALSE(selects(expression("a", "Unknown", Json::array()), labels));
}

}  // namespace
}  // namespace injector
