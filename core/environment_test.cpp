#include "core/environment.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace injector {
namespace {

const Variable java{"JAVA_TOOL_OPTIONS", "-javaagent:${target}/a.jar", Merge::append, " "};
const Variable path{"PYTHONPATH", "${target}/p", Merge::prepend, ":"};

TEST(Environment, Expands) {
  EXPECT_EQ(expand({java}, "/t//")[0].value, "-javaagent:/t/a.jar");
  EXPECT_EQ(expand({{"A", "${target}:${target}", Merge::set, ""}}, "/")[0].value, ":");
  EXPECT_EQ(expand({{"A", "${target}x", Merge::set, ""}}, "/${target}")[0].value, "/${target}x");
}

TEST(Environment, Merges) {
  const Variable set{"A", "new", Merge::set, ""};
  EXPECT_EQ(merged(set, "old"), "new");
  EXPECT_EQ(merged({"A", "new", Merge::append, ", "}, "old"), "old, new");
  EXPECT_EQ(merged({"A", "new", Merge::prepend, ", "}, "old"), "new, old");
  for (const Variable& variable : {set, java, path}) EXPECT_EQ(merged(variable, ""), variable.value);
}

TEST(Environment, RefusesAPathThatAVariableWouldCut) {
  for (const char* mount : {"/a b", "/a\"b", "/a'b", "/a\\b", "/a=b"}) EXPECT_THROW(expand({java}, mount), Error);
  EXPECT_THROW(expand({path}, "/a:b"), Error);
  EXPECT_THROW(merge_environment({}, {path}, "/a:b"), Error);
  EXPECT_THROW(expand({}, "relative"), Error);
  EXPECT_NO_THROW(expand({java}, "/a:b"));
  EXPECT_NO_THROW(expand({path}, "/a b='\""));
  EXPECT_NO_THROW(expand({{"A", "${target}", Merge::set, ""}}, "/a b:c"));
  EXPECT_NO_THROW(expand({{"A", "x", Merge::append, " "}}, "/a b"));
}

TEST(Environment, SeveralLibraries) {
  const Variable other{"JAVA_TOOL_OPTIONS", "-Dx", Merge::append, " "};
  const auto joined = join_environments({{java}, {other, path}});
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[0].value, "-javaagent:${target}/a.jar -Dx");
  EXPECT_EQ(join_environments({{path}, {{"PYTHONPATH", "q", Merge::prepend, ":"}}})[0].value, "q:${target}/p");
  EXPECT_EQ(join_environments({{java}, {java}}).size(), 1U);
  EXPECT_THROW(join_environments({{{"A", "1", Merge::set, ""}}, {{"A", "2", Merge::set, ""}}}), Error);
}

TEST(Environment, MergesForAProgramThatIsStarted) {
  using Lines = std::vector<std::string>;
  const Variable set{"A", "${target}", Merge::set, ""};
  EXPECT_EQ(merge_environment({"A=0", "B=1"}, {set}, "/t/"), (Lines{"A=/t", "B=1"}));
  EXPECT_EQ(merge_environment({java.name + "=-Dx"}, {java}, "/t"), Lines{java.name + "=-Dx -javaagent:/t/a.jar"});
  EXPECT_EQ(merge_environment({"PYTHONPATH=q"}, {path}, "/t"), Lines{"PYTHONPATH=/t/p:q"});
  EXPECT_EQ(merge_environment({"PYTHONPATH="}, {path}, "/t"), Lines{"PYTHONPATH=/t/p"});
  EXPECT_EQ(merge_environment({"PYTHONPATH_2=q"}, {path}, "/t"), (Lines{"PYTHONPATH_2=q", "PYTHONPATH=/t/p"}));
  EXPECT_THROW(merge_environment({}, {path}, "relative"), Error);
}

}  // namespace
}  // namespace injector
