#include "core/selectors.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

TEST(Choice, ReadsKeysAndValues) {
  const auto choice = Choice::parse("python=3.12,libc=musl,python=3.11");
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->text(), "libc=musl,python=3.11,python=3.12");
  EXPECT_TRUE(choice->names("python"));
  EXPECT_FALSE(choice->names("arch"));
}

TEST(Choice, RefusesWhatIsNone) {
  for (const char* text : {"", ",", "python", "python=", "=3.12", "os=linux", "python=3.12,", ",python=3.12",
                           "python=3 12", "python=3.12,,libc=musl", "PYTHON=3.12", "python=../x"}) {
    EXPECT_FALSE(Choice::parse(text)) << text;
  }
}

TEST(Choice, MatchesWhatItDoesNotName) {
  const Choice choice = *Choice::parse("python=3.12,python=3.11");
  EXPECT_TRUE(choice.matches({}));
  EXPECT_TRUE(choice.matches({{"libc", "musl"}}));
  EXPECT_TRUE(choice.matches({{"libc", "musl"}, {"python", "3.11"}}));
  EXPECT_FALSE(choice.matches({{"python", "3.10"}}));
  EXPECT_TRUE(Choice().matches({{"python", "3.10"}}));
}

}  // namespace
}  // namespace injector
