#include "webhook/pattern.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

struct Case {
  std::string_view pattern, name, library, container;
  bool matches;
};

class Pattern : public testing::TestWithParam<Case> {};

TEST_P(Pattern, IsHeldAgainstAName) {
  const auto [pattern, name, library, container, matches] = GetParam();
  const auto found = match(pattern, name);
  ASSERT_EQ(found.has_value(), matches) << pattern << ' ' << name;
  if (!found) return;
  EXPECT_EQ(found->library, library);
  EXPECT_EQ(found->container, container);
  EXPECT_EQ(fill(pattern, *found), name);
}

INSTANTIATE_TEST_SUITE_P(
    All, Pattern,
    testing::Values(Case{"x/{library}-lib.version", "x/js-lib.version", "js", "", true},
                    Case{"x/{library}-lib.version", "x/-lib.version", "", "", false},
                    Case{"x/{library}-lib.version", "x/app.js-lib.version", "", "", false},
                    Case{"x/{container}.{library}-lib.version", "x/my-app.js-lib.version", "js", "my-app", true},
                    Case{"x/{container}.{library}-lib.version", "x/js-lib.version", "", "", false},
                    Case{"x/inject-{library}", "x/inject-apache-httpd", "apache-httpd", "", true},
                    Case{"x/inject-{library}", "x/inject-", "", "", false},
                    Case{"x/inject-{library}", "x/inject-Java", "", "", false},
                    Case{"x/{library}-containers", "x/a-containers-containers", "a-containers", "", true},
                    Case{"x/plain", "x/plain", "", "", true}, Case{"x/plain", "x/plainer", "", "", false}));

TEST(Like, KnowsStars) {
  EXPECT_TRUE(like("", ""));
  EXPECT_TRUE(like("*", ""));
  EXPECT_TRUE(like("init-*", "init-"));
  EXPECT_TRUE(like("a*b*c", "axxbyyc"));
  EXPECT_TRUE(like("*aab", "aaab"));
  EXPECT_FALSE(like("init-*", "init"));
  EXPECT_FALSE(like("a*b", "ab c"));
  EXPECT_FALSE(like("", "a"));
}

}  // namespace
}  // namespace injector
