#include "injector/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace injector {
namespace {

class SetVariable {
 public:
  SetVariable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~SetVariable() { ::unsetenv(name_); }
  SetVariable(const SetVariable&) = delete;
  SetVariable& operator=(const SetVariable&) = delete;

 private:
  const char* name_;
};

Options parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "injector");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, DefaultsFitTheImage) {
  const Options options = parse({});
  EXPECT_EQ(options.command, Command::install);
  EXPECT_EQ(options.install.bundle, "/bundle");
  EXPECT_EQ(options.install.target, "/target");
  EXPECT_EQ(options.install.timeout.count(), 60);
}

TEST(Options, AnOptionGoesBeforeAVariableAndAVariableBeforeTheDefault) {
  const SetVariable bundle("INJECTOR_BUNDLE", "/variable");
  const SetVariable empty("INJECTOR_TARGET", "");
  const SetVariable replace("INJECTOR_REPLACE", "true");
  EXPECT_EQ(parse({}).install.bundle, "/variable");
  EXPECT_EQ(parse({"--bundle", "/option"}).install.bundle, "/option");
  EXPECT_EQ(parse({"verify", "--bundle", "/option"}).selection.bundle, "/option");
  EXPECT_EQ(parse({}).install.target, "/target");
  EXPECT_TRUE(parse({}).install.replace);
}

TEST(Options, RunLeavesTheProgramItsArguments) {
  using Program = std::vector<std::string>;
  EXPECT_EQ(parse({"run", "--bundle", "/b", "agent", "--target", "/t"}).program, (Program{"agent", "--target", "/t"}));
  EXPECT_EQ(parse({"run", "--on-failure=continue", "agent", "--help"}).program, (Program{"agent", "--help"}));
  EXPECT_EQ(parse({"run", "--threads", "2", "--", "--agent", "--"}).program, (Program{"--agent", "--"}));
  const Options options = parse({"run", "--target", "/t", "agent", "--bundle", "/b"});
  EXPECT_EQ(options.command, Command::run);
  EXPECT_EQ(options.selection.target, "/t");
  EXPECT_EQ(options.on_failure, OnFailure::fail);
  const SetVariable variable("INJECTOR_ON_FAILURE", "continue");
  EXPECT_EQ(parse({"run", "agent"}).on_failure, OnFailure::continue_without);
  EXPECT_EQ(parse({"run", "--on-failure", "fail", "agent"}).on_failure, OnFailure::fail);
}

TEST(Options, InstallLooksAtAFallbackOnlyWhereItContinues) {
  EXPECT_EQ(parse({}).on_failure, OnFailure::fail);
  EXPECT_EQ(parse({"--fallback", "/f"}).install.fallback, std::nullopt);
  EXPECT_EQ(parse({"--on-failure=continue"}).install.fallback, "/fallback");
  EXPECT_EQ(parse({"--on-failure=continue", "--fallback", "/f"}).install.fallback, "/f");
  const SetVariable mode("INJECTOR_ON_FAILURE", "continue");
  const SetVariable fallback("INJECTOR_FALLBACK", "/variable");
  EXPECT_EQ(parse({}).install.fallback, "/variable");
  EXPECT_EQ(parse({"install", "--on-failure", "fail"}).install.fallback, std::nullopt);
}

TEST(Options, WhetherToContinueIsKnownWhereNothingElseIs) {
  const auto continues = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "injector");
    return is_install_to_continue(static_cast<int>(arguments.size()), arguments.data());
  };
  EXPECT_FALSE(continues({}));
  EXPECT_FALSE(continues({"--on-failure"}));
  EXPECT_TRUE(continues({"--on-failure", "continue"}));
  EXPECT_TRUE(continues({"install", "--bundle", "/b", "--on-failure=continue"}));
  EXPECT_FALSE(continues({"run", "--on-failure=continue", "agent"}));
  const SetVariable mode("INJECTOR_ON_FAILURE", "continue");
  EXPECT_TRUE(continues({}));
  EXPECT_FALSE(continues({"--on-failure=fail"}));
  EXPECT_FALSE(continues({"verify"}));
}

TEST(Options, UsageErrors) {
  for (const std::vector<const char*>& arguments : {std::vector{"--no-such"},
                                                    {"uninstall"},
                                                    {"--timeout", "x"},
                                                    {"--threads", "0"},
                                                    {"--log-level", "loud"},
                                                    {"--size-limit", "-1"},
                                                    {"verify", "--bundle", "/b", "--target", "/t"},
                                                    {"env", "--output", "yaml"},
                                                    {"run"},
                                                    {"run", "--threads", "2", "--"},
                                                    {"run", "--no-such", "agent"},
                                                    {"run", "--on-failure", "maybe", "agent"},
                                                    {"--on-failure", "maybe"},
                                                    {"verify", "--fallback", "/f"},
                                                    {"run", "--bundle", "/b", "--target", "/t", "agent"}}) {
    try {
      parse(arguments);
      ADD_FAILURE() << "accepted: " << arguments.front();
    } catch (const Error& error) {
      EXPECT_EQ(exit_code_of(error.reason()), ExitCode::usage);
    }
  }
}

TEST(Options, AVariableThatIsWrongIsNamed) {
  const SetVariable timeout("INJECTOR_TIMEOUT", "soon");
  try {
    parse({});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("INJECTOR_TIMEOUT"), std::string::npos) << error.problem();
  }
}

}  // namespace
}  // namespace injector
