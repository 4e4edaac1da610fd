#include "core/tree_path.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

std::string deep(std::size_t components) {
  std::string path = "a";
  for (std::size_t i = 1; i < components; ++i) path += "/a";
  return path;
}

TEST(TreePath, AcceptsWhatAFileCanBeCalled) {
  const std::string component(255, 'x');
  for (const std::string& path : {std::string("a"), std::string("a/b.c"), std::string("..."),
                                  std::string("a/.injector"), std::string("caf\xC3\xA9"), component, deep(64)}) {
    EXPECT_FALSE(TreePath::problem_of(path)) << path;
  }
}

struct Refusal {
  std::string path;
  std::string problem;
};

class RefusedPath : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedPath, NamesTheProblem) {
  const auto problem = TreePath::problem_of(GetParam().path);
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find(GetParam().problem), std::string::npos) << *problem;
  EXPECT_FALSE(TreePath::parse(GetParam().path));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedPath,
    testing::Values(Refusal{"", "empty"}, Refusal{"/a", "absolute"}, Refusal{"a//b", "empty component"},
                    Refusal{"a/", "empty component"}, Refusal{".", "component ."}, Refusal{"a/../b", "component .."},
                    Refusal{"..", "component .."}, Refusal{std::string("a\0b", 3), "control"},
                    Refusal{"a\nb", "control"}, Refusal{"a\x1b[0m", "control"}, Refusal{"a\xE2\x80\xAE", "control"},
                    Refusal{"a\xFF", "UTF-8"}, Refusal{"\xC0\xAE\xC0\xAE", "UTF-8"}, Refusal{"\xED\xA0\x80", "UTF-8"},
                    Refusal{std::string(256, 'x'), "256 bytes"}, Refusal{deep(65), "65 components"},
                    Refusal{deep(2049), "4097 bytes"}, Refusal{".injector/x", "reserved"},
                    Refusal{"manifest.json", "reserved"}, Refusal{".dd-trace-java-copy-finished", "reserved"}));

TEST(LinkSteps, StayInside) {
  const auto link = *TreePath::parse("a/b/link");
  EXPECT_TRUE(steps_of_link(link, "../c").through.empty());
  EXPECT_EQ(steps_of_link(link, "./x//y").through, (std::vector<std::string>{"a/b/x"}));
  EXPECT_EQ(steps_of_link(link, "x/..").through, (std::vector<std::string>{"a/b/x"}));
  EXPECT_EQ(steps_of_link(link, "x/").through, (std::vector<std::string>{"a/b/x"}));
  EXPECT_TRUE(steps_of_link(link, "../../c").problem.empty());
  for (const std::string target : {"", "/etc", "../../../c", "../..", "../../.injector/lock", "x\n"}) {
    EXPECT_FALSE(steps_of_link(link, target).problem.empty()) << target;
  }
}

TEST(LibraryName, HasNoSurprises) {
  EXPECT_TRUE(is_library_name("dd-java-agent"));
  EXPECT_TRUE(is_library_name(std::string(64, 'a')));
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("A"), std::string(".a"),
                                  std::string("a/b"), std::string("lock"), std::string("replaced")}) {
    EXPECT_FALSE(is_library_name(name)) << name;
  }
  EXPECT_TRUE(is_library_version("1.2.3-rc.1+b"));
  EXPECT_FALSE(is_library_version("-1"));
}

}  // namespace
}  // namespace injector
