#include "bundler/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace injector {
namespace {

TEST(Glob, AStarStopsAtASlash) {
  EXPECT_TRUE(matches_glob("a", "a"));
  EXPECT_TRUE(matches_glob("*", "abc"));
  EXPECT_TRUE(matches_glob("a*c", "ac"));
  EXPECT_TRUE(matches_glob("x-*-cp312-*.whl", "x-1.0-cp312-cp312-linux.whl"));
  EXPECT_FALSE(matches_glob("*", "a/b"));
  EXPECT_FALSE(matches_glob("a*", "ba"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_FALSE(matches_glob("a", ""));
}

TEST(Glob, TwoStarsDoNot) {
  EXPECT_TRUE(matches_glob("**", "a/b/c"));
  EXPECT_TRUE(matches_glob("a/**/darwin-*", "a/b/c/darwin-x64"));
  EXPECT_FALSE(matches_glob("a/**/darwin-*", "a/b/c/linux-x64"));
  EXPECT_FALSE(matches_glob("a/**/darwin-*", "a/b/darwin-x64/file"));
}

TEST(Glob, StarsBesideEachOther) {
  EXPECT_TRUE(matches_glob("a***b", "a/x/b"));
  EXPECT_TRUE(matches_glob("***", ""));
  EXPECT_TRUE(matches_glob("**/*", "a/b"));
  EXPECT_FALSE(matches_glob("**/*", "a"));
  EXPECT_FALSE(matches_glob("*/*", "a/b/c"));
}

// Ends at once, or not before the machine does.
TEST(Glob, WorkIsBounded) {
  const std::string path = std::string(4000, 'a');
  EXPECT_FALSE(matches_glob("**a**a**a**a**a**a**a**a**b", path));
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*b", path));
  EXPECT_TRUE(matches_glob("**a**a**a**a**a**a**a**a", path));
}

TEST(Glob, WithinIsAlsoBelow) {
  EXPECT_TRUE(is_within_glob("a/**/darwin-*", "a/b/darwin-x64/file"));
  EXPECT_TRUE(is_within_glob("a", "a/b"));
  EXPECT_FALSE(is_within_glob("a", "ab"));
}

}  // namespace
}  // namespace injector
