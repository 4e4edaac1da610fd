#include "injector/environment.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace injector {
namespace {

const Variable java{"JAVA_TOOL_OPTIONS", "-javaagent:${target}/a.jar", Merge::append, " "};
const Variable path{"PYTHONPATH", "${target}/p", Merge::prepend, ":"};

TEST(Environment, Outputs) {
  EXPECT_EQ(print_environment({{"A", "${target}/x", Merge::set, ""}}, "/", EnvironmentOutput::text), "A=/x\n");
  EXPECT_EQ(print_environment({{"A", "it's", Merge::set, ""}}, "/t", EnvironmentOutput::shell),
            "export A='it'\\''s'\n");
  EXPECT_NE(print_environment({{"A", "$(B)", Merge::set, ""}}, "/t", EnvironmentOutput::kubernetes).find("\"$$(B)\""),
            std::string::npos);
  EXPECT_NE(print_environment({path}, "/t", EnvironmentOutput::shell).find("PYTHONPATH='/t/p'${PYTHONPATH:+':'"),
            std::string::npos);
  EXPECT_THROW(print_environment({}, "relative", EnvironmentOutput::json), Error);
}

TEST(Environment, RefusesAPathThatAVariableWouldCut) {
  const auto printed = [](const Variable& variable, const std::string& mount) {
    return print_environment({variable}, mount, EnvironmentOutput::text);
  };
  for (const char* mount : {"/a b", "/a\"b", "/a'b", "/a\\b", "/a=b"}) EXPECT_THROW(printed(java, mount), Error);
  EXPECT_THROW(printed(path, "/a:b"), Error);
  EXPECT_THROW(merge_environment({}, {path}, "/a:b"), Error);
  EXPECT_NO_THROW(printed(java, "/a:b"));
  EXPECT_NO_THROW(printed(path, "/a b='\""));
  EXPECT_NO_THROW(printed({"A", "${target}", Merge::set, ""}, "/a b:c"));
  EXPECT_NO_THROW(printed({"A", "x", Merge::append, " "}, "/a b"));
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

TEST(Environment, SaysWhatItCannotMerge) {
  EXPECT_EQ(unmergeable({java, {"A", "1", Merge::set, ""}}, EnvironmentOutput::text),
            std::vector<std::string>{java.name});
  EXPECT_TRUE(unmergeable({java}, EnvironmentOutput::shell).empty());
}

}  // namespace
}  // namespace injector
