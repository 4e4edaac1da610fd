#include "bundler/selecting.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace injector {
namespace {

const std::vector<SelectorRule> rules{{"py${python}", {}}, {"*/linux${libc}-x64", {{"arch", "x86_64"}}}};

// What is refused of a path, empty where nothing is.
std::string problem_of(const std::vector<SelectorRule>& rules, const std::string& path) {
  try {
    Selecting(rules).selectors_of(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::unsafe_entry);
    return error.problem();
  }
  return "";
}

TEST(Selecting, PartsAreSelectorsBesideThoseOfTheRule) {
  Selecting selecting(rules);
  EXPECT_EQ(selecting.selectors_of("py3.12"), (Selectors{{"python", "3.12"}}));
  EXPECT_EQ(selecting.selectors_of("a/linuxmusl-x64"), (Selectors{{"arch", "x86_64"}, {"libc", "musl"}}));
  EXPECT_EQ(selecting.selectors_of("py3.12/os.py"), std::nullopt);
  EXPECT_NO_THROW(selecting.check_all_matched());
}

TEST(Selecting, ARuleThatMatchesNothingIsNamed) {
  Selecting selecting(rules);
  selecting.selectors_of("py3.12");
  try {
    selecting.check_all_matched();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "*/linux${libc}-x64");
    EXPECT_EQ(error.problem(), "has selectors and is not in the payload");
  }
}

TEST(Selecting, OneEntryHasTheSelectorsOfOneRule) {
  const std::vector<SelectorRule> two{{"py*", {{"libc", "musl"}}}, {"py${python}", {}}};
  EXPECT_EQ(problem_of(two, "py3.12"), "matches two patterns of selectors, one is py${python}");
  EXPECT_EQ(problem_of(two, "cp3.12"), "");
}

TEST(Selecting, AValueThatNoMachineHasIsRefused) {
  for (const char* python : {"312", "3.", ".9", "3.x", "3.9.1"}) {
    EXPECT_EQ(problem_of(rules, std::string("py") + python),
              std::string("python \"") + python + "\" is not MAJOR.MINOR");
  }
  EXPECT_EQ(problem_of(rules, "a/linuxgnu-x64"), "libc \"gnu\" is not glibc or musl");
  EXPECT_EQ(problem_of({{"a", {{"libc", "uclibc"}}}}, "a"), "libc \"uclibc\" is not glibc or musl");
}

}  // namespace
}  // namespace injector
