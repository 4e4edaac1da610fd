#include "bundler/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace injector {
namespace {

using Parts = std::map<std::string, std::string>;

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
  const std::string path = std::string(1000, 'a');
  EXPECT_FALSE(matches_glob("**a**a**a**a**a**a**a**a**b", path));
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*b", path));
  EXPECT_TRUE(matches_glob("**a**a**a**a**a**a**a**a", path));
  EXPECT_TRUE(matches_glob(std::string(1000, '*') + "a", path));
  EXPECT_EQ(parts_of("**${a}**${b}**${c}**b", path), std::nullopt);
  EXPECT_EQ(parts_of("**${a}**${b}**${c}**a", path), (Parts{{"a", "a"}, {"b", "a"}, {"c", "a"}}));
}

TEST(Glob, PartsAreWhatStandsInTheirPlace) {
  EXPECT_EQ(parts_of("cp${python}-${libc}-${arch}", "cp3.12-glibc-x86_64"),
            (Parts{{"arch", "x86_64"}, {"libc", "glibc"}, {"python", "3.12"}}));
  EXPECT_EQ(parts_of("a/**/linux${libc}-*", "a/linux/b/linuxmusl-x64"), (Parts{{"libc", "musl"}}));
  EXPECT_EQ(parts_of("${a}${b}", "12"), (Parts{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parts_of("*", "12"), Parts());
}

TEST(Glob, APartIsNeverEmptyAndStopsAtASlash) {
  EXPECT_EQ(parts_of("linux${libc}-x64", "linux-x64"), std::nullopt);
  EXPECT_EQ(parts_of("a/${b}", "a/b/c"), std::nullopt);
  EXPECT_EQ(parts_of("a-${b}", "b-a"), std::nullopt);
  EXPECT_FALSE(matches_glob("${a}", ""));
}

TEST(Glob, OfTwoWaysTheEarliestBeginAndEnd) {
  EXPECT_EQ(parts_of("*-${a}-*", "1-2-3-4"), (Parts{{"a", "2"}}));
  EXPECT_EQ(parts_of("${a}-${b}", "1-2-3"), (Parts{{"a", "1"}, {"b", "2-3"}}));
  EXPECT_EQ(parts_of("**${a}/x", "1/22/x"), (Parts{{"a", "22"}}));
}

TEST(Glob, NamesOfParts) {
  EXPECT_EQ(part_names("cp${python}-${libc}*$x"), (std::vector<std::string>{"python", "libc"}));
  EXPECT_EQ(part_names("${open"), std::vector<std::string>());
  EXPECT_TRUE(matches_glob("${open", "${open"));
}

TEST(Glob, WithinIsAlsoBelow) {
  EXPECT_TRUE(is_within_glob("a/**/darwin-*", "a/b/darwin-x64/file"));
  EXPECT_TRUE(is_within_glob("a", "a/b"));
  EXPECT_FALSE(is_within_glob("a", "ab"));
}

}  // namespace
}  // namespace injector
