#include "injector/environment.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace injector {
namespace {

const Variable java{"JAVA_TOOL_OPTIONS", "-javaagent:${target}/a.jar", Merge::append, " "};
const Variable path{"PYTHONPATH", "${target}/p", Merge::prepend, ":"};

TEST(EnvironmentOutputs, Forms) {
  EXPECT_EQ(print_environment({{"A", "${target}/x", Merge::set, ""}}, "/", EnvironmentOutput::text), "A=/x\n");
  EXPECT_EQ(print_environment({{"A", "it's", Merge::set, ""}}, "/t", EnvironmentOutput::shell),
            "export A='it'\\''s'\n");
  EXPECT_NE(print_environment({{"A", "$(B)", Merge::set, ""}}, "/t", EnvironmentOutput::kubernetes).find("\"$$(B)\""),
            std::string::npos);
  EXPECT_NE(print_environment({path}, "/t", EnvironmentOutput::shell).find("PYTHONPATH='/t/p'${PYTHONPATH:+':'"),
            std::string::npos);
  EXPECT_THROW(print_environment({}, "relative", EnvironmentOutput::json), Error);
}

TEST(EnvironmentOutputs, SaysWhatItCannotMerge) {
  EXPECT_EQ(unmergeable({java, {"A", "1", Merge::set, ""}}, EnvironmentOutput::text),
            std::vector<std::string>{java.name});
  EXPECT_TRUE(unmergeable({java}, EnvironmentOutput::shell).empty());
}

}  // namespace
}  // namespace injector
