#include "webhook/yaml.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "core/error.h"
#include "tests/temp_directory.h"

namespace injector {
namespace {

using Json = nlohmann::json;

Json one(const std::string& text) {
  const auto documents = parse_yaml(text, "pod.yaml");
  if (documents.size() != 1) throw std::logic_error(std::to_string(documents.size()) + " documents");
  return documents.front();
}

std::string refusal(const std::string& text) {
  try {
    parse_yaml(text, "pod.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "pod.yaml");
    EXPECT_EQ(exit_code_of(error.reason()), ExitCode::damaged);
    return error.problem();
  }
  return "";
}

struct Scalar {
  const char* text;
  const char* json;
};

constexpr std::array scalars = {
    Scalar{"yes", "true"},
    Scalar{"Yes", "true"},
    Scalar{"YES", "true"},
    Scalar{"yEs", "\"yEs\""},
    Scalar{"y", "true"},
    Scalar{"on", "true"},
    Scalar{"True", "true"},
    Scalar{"tRUE", "\"tRUE\""},
    Scalar{"no", "false"},
    Scalar{"N", "false"},
    Scalar{"OFF", "false"},
    Scalar{"\"yes\"", "\"yes\""},
    Scalar{"'no'", "\"no\""},
    Scalar{"~", "null"},
    Scalar{"", "null"},
    Scalar{"Null", "null"},
    Scalar{"nUll", "\"nUll\""},
    Scalar{"''", "\"\""},
    Scalar{"012", "10"},
    Scalar{"-012", "-10"},
    Scalar{"0", "0"},
    Scalar{"08", "8"},
    Scalar{"09.5", "9.5"},
    Scalar{"0o17", "15"},
    Scalar{"0x1F", "31"},
    Scalar{"-0X1f", "-31"},
    Scalar{"0x", "\"0x\""},
    Scalar{"0x_1", "1"},
    Scalar{"0b11", "3"},
    Scalar{"0b12", "\"0b12\""},
    Scalar{"+1", "1"},
    Scalar{"+", "\"+\""},
    Scalar{"1_000", "1000"},
    Scalar{"1__0_", "10"},
    Scalar{"_1", "\"_1\""},
    Scalar{"-_1", "-1"},
    Scalar{"1_0.5", "10.5"},
    Scalar{".5", "0.5"},
    Scalar{".5_0", "0.5"},
    Scalar{".5_", "\".5_\""},
    Scalar{".", "\".\""},
    Scalar{"1.", "1"},
    Scalar{"1e3", "1000"},
    Scalar{"1.0", "1"},
    Scalar{"-0.0", "0"},
    Scalar{"1e-999", "0"},
    Scalar{"1e999", "\"1e999\""},
    Scalar{"1e21", "1e21"},
    Scalar{"0.1", "0.1"},
    Scalar{"1.5Gi", "\"1.5Gi\""},
    Scalar{"9223372036854775807", "9223372036854775807"},
    Scalar{"-9223372036854775808", "-9223372036854775808"},
    Scalar{"1:30", "\"1:30\""},
    Scalar{"2020-01-01", "\"2020-01-01\""},
    Scalar{"2020-01-01T00:00:00Z", "\"2020-01-01T00:00:00Z\""},
    Scalar{"!!str 012", "\"012\""},
    Scalar{"!!str", "\"\""},
    Scalar{"!!int \"12\"", "12"},
    Scalar{"!!float 1", "1"},
    Scalar{"!!bool \"yes\"", "true"},
    Scalar{"!mine 12", "\"12\""},
    Scalar{"<<", "\"<<\""},
    Scalar{"|\n  yes\n", "\"yes\\n\""},
    Scalar{"\"\\u00e9\\n\"", "\"é\\n\""},
};

constexpr std::array<std::array<const char*, 2>, 14> keys = {{{"1.5", "1.5"},
                                                              {"1e6", "1e+06"},
                                                              {"100000.0", "100000"},
                                                              {"on", "true"},
                                                              {"n", "false"},
                                                              {"1e39", ".inf"},
                                                              {"012", "10"},
                                                              {"0.00001", "1e-05"},
                                                              {"1234567.5", "1.2345675e+06"},
                                                              {"16777217.0", "1.6777216e+07"},
                                                              {"-.inf", "-.inf"},
                                                              {"'yes'", "yes"},
                                                              {"-7", "-7"},
                                                              {"0.0001", "0.0001"}}};

TEST(Yaml, ResolvesScalars) {
  for (const auto& [text, json] : scalars) {
    EXPECT_EQ(one("- " + std::string(text)), Json::array({Json::parse(json)})) << text;
  }
}

TEST(Yaml, MakesKeysOfWhatIsNone) {
  for (const auto& [text, key] : keys) EXPECT_EQ(one("{? " + std::string(text) + " : 1}"), Json({{key, 1}})) << text;
  EXPECT_EQ(refusal("? [a]\n: 1"), "line 1: a key is neither a string, a number nor a boolean");
  EXPECT_EQ(refusal("a:\n  ~: 1"), "line 2: a key is neither a string, a number nor a boolean");
}

// A whole number is an integer, whatever it was written like.
TEST(Yaml, HasIntegers) {
  EXPECT_TRUE(one("[1e3]")[0].is_number_integer());
  EXPECT_TRUE(one("{\"a\": 1.0}")["a"].is_number_integer());
  EXPECT_TRUE(one("[1.5]")[0].is_number_float());
}

TEST(Yaml, ReadsAStream) {
  const auto documents = parse_yaml("# nothing\n---\na: 1\n---\n---\n{\"b\": [2]}\n...\n", "pod.yaml");
  EXPECT_EQ(documents, (std::vector<Json>{{{"a", 1}}, {{"b", {2}}}}));
  EXPECT_TRUE(parse_yaml("", "pod.yaml").empty());
}

// What YAML refuses or would read otherwise.
TEST(Yaml, ReadsJson) {
  EXPECT_EQ(one(R"({"a": "\ud83d\ude00", "b": 1e3, "c": "yes"})"), Json::parse(R"({"a": "😀", "b": 1000, "c": "yes"})"));
  EXPECT_EQ(one("{\"a\":\"\x7f\"}"), Json({{"a", "\x7f"}}));
  EXPECT_EQ(one("{a: yes}"), Json({{"a", true}}));
  EXPECT_EQ(refusal("{\"a\": 1,\n \"a\": 2}"), "line 2: the key a is there twice");
  EXPECT_NE(refusal(std::string("{\"a\": 1}\0x", 10)), "");
}

TEST(Yaml, ReplacesAliases) {
  EXPECT_EQ(one("a: &x [1, &y b]\nc: *x\nd: *y\n*y : 2"),
            Json::parse(R"({"a": [1, "b"], "c": [1, "b"], "d": "b", "b": 2})"));
  EXPECT_EQ(refusal("a: &x [*x]"), "line 1: the alias x has no anchor");
  EXPECT_EQ(refusal("a: &x 1\n---\nb: *x"), "line 3: the alias x has no anchor");
}

TEST(Yaml, Merges) {
  EXPECT_EQ(one("x: &x {a: 1, b: 1}\nz:\n  <<: *x\n  b: 2")["z"], Json({{"a", 1}, {"b", 2}}));
  EXPECT_EQ(one("<<: [{a: 1}, {a: 2, b: 2}]"), Json({{"a", 1}, {"b", 2}}));
  EXPECT_EQ(one("'<<': 1"), Json({{"<<", 1}}));
  EXPECT_EQ(refusal("<<: 1"), "line 1: << is neither a mapping nor a list of mappings");
  EXPECT_EQ(refusal("<<: {b: 1}\nb: 2\nb: 3"), "line 3: the key b is there twice");
}

TEST(Yaml, RefusesWhatIsWrong) {
  EXPECT_EQ(refusal("a: 1\nb:\n  c: 1\n  c: 2"), "line 4: the key c is there twice");
  EXPECT_EQ(refusal("1: a\n\"1\": b"), "line 2: the key 1 is there twice");
  EXPECT_EQ(refusal("a:\n- .inf"), "line 2: JSON has no such number");
  EXPECT_EQ(refusal("- !!int x"), "line 1: a value cannot be read as its tag says");
  EXPECT_EQ(refusal("- !!binary eA=="), "line 1: a value cannot be read as its tag says");
  EXPECT_TRUE(refusal("a: 1\n\tb: 2").starts_with("line 2: "));
  EXPECT_TRUE(refusal("a: 1\nb: \"\xff\"").starts_with("line 2: "));
  EXPECT_TRUE(refusal("a: [1, 2").starts_with("line "));
}

TEST(Yaml, HasLimits) {
  const std::string open(max_yaml_depth, '[');
  const std::string close(max_yaml_depth, ']');
  EXPECT_EQ(refusal(open + close), "");
  EXPECT_EQ(refusal("[" + open + close + "]"), "line 1: is nested more than 64 deep");
  EXPECT_EQ(refusal("- &x " + open.substr(1) + close.substr(1) + "\n- [*x]"), "line 2: the alias x is nested too deep");
  EXPECT_EQ(refusal(std::string(max_yaml_bytes + 1, ' ')), "is larger than 16777216 bytes");
}

TEST(Yaml, BoundsWhatAliasesStandFor) {
  std::string laughs = "- &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "- &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  EXPECT_NE(refusal(laughs).find("has more than 1048576 values"), std::string::npos);
  std::string texts = "- &a " + std::string(1U << 20U, 'x') + "\n";
  for (std::size_t i = 0; i <= max_yaml_text >> 20U; ++i) texts += "- *a\n";
  EXPECT_NE(refusal(texts).find("has more than 33554432 bytes"), std::string::npos);
}

// What kubectl reads from a file, without a cluster; empty where there is no kubectl.
std::string kubectl(const std::string& file) {
  const std::string command =
      "KUBECONFIG=/dev/null kubectl patch --local --type=merge --patch '{}' --output json --filename '" + file +
      "' 2>&1";
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cppcoreguidelines-owning-memory)
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), size);
  pclose(pipe);
  return text;
}

TEST(Yaml, IsReadAsKubectlReadsIt) {
  if (std::system("command -v kubectl > /dev/null") != 0) {  // NOLINT(bugprone-command-processor,concurrency-mt-unsafe)
    GTEST_SKIP() << "no kubectl here";
  }
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nscalars:\n";
  for (const Scalar& scalar : scalars) text += "- " + std::string(scalar.text) + "\n";
  text += "keys:\n";
  for (const auto& key : keys) text += "  ? " + std::string(key[0]) + "\n  : 1\n";
  text += "x: &x {a: 1, b: 1, c: 1}\nmerged:\n  a: 2\n  <<: *x\n  b: 2\nlist:\n  <<: [{a: 1}, *x]\n";
  const TempDirectory place;
  place.write("pod.yaml", text);
  const std::string answer = kubectl(place.path("pod.yaml"));
  const Json theirs = Json::parse(answer, nullptr, false);
  ASSERT_FALSE(theirs.is_discarded()) << answer;
  EXPECT_EQ(Json::diff(theirs, one(text)), Json::array());
}

}  // namespace
}  // namespace injector
