#include <gtest/gtest.h>

#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {
namespace {

const std::string digest(64, 'a');

std::string file(const std::string& path) {
  return R"({"path": ")" + path + R"(", "type": "file", "mode": "0644", "size": 1, "sha256": ")" + digest + "\"}";
}
std::string directory(const std::string& path) {
  return R"({"path": ")" + path + R"(", "type": "directory", "mode": "0755"})";
}
std::string symlink(const std::string& path, const std::string& target) {
  return R"({"path": ")" + path + R"(", "type": "symlink", "target": ")" + target + "\"}";
}
std::string document(const std::string& entries, const std::string& environment = "") {
  return R"({"schemaVersion": 1, "name": "demo", "version": "1", "environment": [)" + environment +
         R"(], "entries": [)" + entries + "]}";
}

TEST(Manifest, RoundTrip) {
  const std::string environment = R"({"name": "A", "value": "${target}/\u00e9", "merge": "append", "separator": " "},
                                     {"name": "B", "value": "", "merge": "set"})";
  const std::string text =
      document(directory("d") + "," + file("d/a") + "," + symlink("d/l", "a") + "," + file("z"), environment);
  const Manifest manifest = parse_manifest(text, "m");
  EXPECT_EQ(manifest.name(), "demo");
  EXPECT_EQ(manifest.environment().size(), 2U);
  EXPECT_EQ(manifest.path_of(2), "d/l");
  EXPECT_EQ(manifest.link_target_of(2), "a");
  EXPECT_EQ(manifest.top().size(), 2U);
  const std::string printed = print_manifest(manifest);
  EXPECT_EQ(print_manifest(parse_manifest(printed, "m")), printed);
}

std::string for_python(std::string entry, const std::string& version) {
  entry.insert(entry.size() - 1, R"(, "selectors": {"python": ")" + version + "\"}");
  return entry;
}

TEST(Manifest, SelectorsAreKeptAndChosenFrom) {
  const std::string text =
      document(for_python(directory("a"), "3.11") + "," + file("a/x") + "," + for_python(directory("b"), "3.12") + "," +
               directory("b/c") + "," + file("b/c/x") + "," + symlink("l", "z") + "," + file("z"));
  const Manifest manifest = parse_manifest(text, "m");
  EXPECT_EQ(manifest.selectors_of(2), (Selectors{{"python", "3.12"}}));
  EXPECT_TRUE(manifest.selectors_of(4).empty()) << "its own alone";
  EXPECT_EQ(manifest.selector_values().at("python"), (std::set<std::string>{"3.11", "3.12"}));
  const std::string printed = print_manifest(manifest);
  EXPECT_EQ(print_manifest(parse_manifest(printed, "m")), printed);

  const Manifest chosen = manifest.chosen(*Choice::parse("python=3.12"));
  std::vector<std::string> paths;
  for (std::uint32_t i = 0; i < chosen.size(); ++i) paths.push_back(chosen.path_of(i));
  EXPECT_EQ(paths, (std::vector<std::string>{"b", "b/c", "b/c/x", "l", "z"}));
  EXPECT_EQ(chosen.link_target_of(3), "z");
  EXPECT_TRUE(chosen.left_out(Entry::no_parent, "a"));
  EXPECT_FALSE(chosen.left_out(Entry::no_parent, "b"));
}

struct Refusal {
  std::string text;
  std::string problem;
};

class RefusedManifest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedManifest, NamesTheProblem) {
  try {
    parse_manifest(GetParam().text, "m");
    FAIL() << "accepted: " << GetParam().text;
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::manifest_invalid);
    EXPECT_EQ(error.path(), "m");
    EXPECT_NE(error.problem().find(GetParam().problem), std::string::npos) << error.problem();
  }
}

const std::string ok = file("a");

INSTANTIATE_TEST_SUITE_P(
    Documents, RefusedManifest,
    testing::Values(
        Refusal{"", "byte 1"}, Refusal{"[]", "the document cannot be an array"}, Refusal{"null", "null"},
        Refusal{"\xEF\xBB\xBF" + document(ok), "byte-order mark"}, Refusal{document(ok) + " x", "byte"},
        Refusal{document(ok) + std::string(1, '\0'), "NUL"}, Refusal{document(""), "is empty"},
        Refusal{R"({"schemaVersion": 2})", "schemaVersion is 2"}, Refusal{R"({"schemaVersion": "1"})", "a string"},
        Refusal{R"({"schemaVersion": 1, "more": 1})", "more\" is unknown"},
        Refusal{R"({"schemaVersion": 1})", "missing"}, Refusal{R"({"name": "a", "name": "a"})", "name is there twice"},
        Refusal{R"({"name": "A/b"})", "missing"}, Refusal{R"({"schemaVersion": 1e400})", "byte"},
        Refusal{R"({"schemaVersion": 1.0})", "whole number"}, Refusal{R"({"schemaVersion": -1})", "negative"},
        Refusal{R"({"name": ")"
                "\xFF"
                R"("})",
                "byte"}));

INSTANTIATE_TEST_SUITE_P(
    Entries, RefusedManifest,
    testing::Values(
        Refusal{document(ok + "," + ok), "is there twice"},
        Refusal{document(file("b") + "," + file("a")), "out of order"},
        Refusal{document(file("a") + "," + directory("d")), "out of order"},
        Refusal{document(directory("a") + "," + file("a")), "is there twice"},
        Refusal{document(file("d/a")), "without its directory"}, Refusal{document(file("../a")), "component .."},
        Refusal{document(directory("d") + "," + symlink("d/l", "../../x")), "leads out"},
        Refusal{document(directory("d") + "," + symlink("d/a", "..") + "," + symlink("d/b", "a/x")), "payload itself"},
        Refusal{document(directory("d") + "," + directory("d/x") + "," + symlink("a", "d") + "," + symlink("b", "a/x")),
                "leads through the link a"},
        // the kernel follows d/d2/x to e before it goes up: l would lead out
        Refusal{document(directory("d") + "," + directory("d/d2") + "," + symlink("d/d2/l", "x/../..") + "," +
                         symlink("d/d2/x", "../../e") + "," + directory("e")),
                "leads through the link d/d2/x"},
        Refusal{document(R"({"path": "a", "type": "device"})"), "not directory, file or symlink"},
        Refusal{document(R"({"path": "a", "type": "directory", "mode": "0777"})"), "neither"},
        Refusal{document(R"({"path": "a", "type": "directory", "mode": "0755", "size": 1})"), "no place"},
        Refusal{document(R"({"path": "a", "type": "file", "mode": "0644", "size": 9007199254740993, "sha256": ")" +
                         digest + "\"}"),
                "beyond 2^53"},
        Refusal{document(R"({"path": "a", "type": "file", "mode": "0644", "size": 1, "sha256": "AA"})"),
                "64 lower-case"},
        Refusal{document(R"({"path": {"a": 1}})"), "an object"}));

INSTANTIATE_TEST_SUITE_P(
    Environment, RefusedManifest,
    testing::Values(
        Refusal{document(ok, R"({"name": "1A", "value": "", "merge": "set"})"), "not the name of a variable"},
        Refusal{document(ok, R"({"name": "A", "value": "", "merge": "append"})"), "needs a separator"},
        Refusal{document(ok, R"({"name": "A", "value": "", "merge": "set", "separator": ":"})"), "separator"},
        Refusal{document(ok, R"({"name": "A", "value": "", "merge": "set", "separator": ""})"), "separator"},
        Refusal{document(ok, R"({"name": "A", "value": "\n", "merge": "set"})"), "printable"},
        Refusal{document(ok, R"({"name": "A", "value": "", "merge": "join"})"), "merge is"}));

}  // namespace
}  // namespace injector
