#include "bundler/library.h"

#include <gtest/gtest.h>

#include <ostream>

#include "core/error.h"
#include "tests/temp_directory.h"

namespace injector {
namespace {

const std::string abc_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string agent = R"([{"from": "agent-${version}.jar", "path": "lib/agent.jar"}])";

std::string document(const std::string& artifacts, const std::string& more = "",
                     const std::string& version = "agent-${version}.jar") {
  return R"({"name": "demo", "version": ")" + version + R"(", "environment": [], "artifacts": )" + artifacts + more +
         "}";
}

// A library and its artifacts, every one of which holds "abc".
class LibraryTest : public testing::Test {
 protected:
  void fill(const std::string& document, const std::vector<std::string>& artifacts, const std::string& sums = "") {
    temp_.write("library/library.json", document);
    for (const std::string& artifact : artifacts) temp_.write("artifacts/" + artifact, "abc");
    if (!sums.empty()) temp_.write("library/SHA256SUMS", sums);
  }

  Recipe read() const { return Recipe::read(temp_.path("library"), temp_.path("artifacts")); }

  // The paths of the payload.
  std::vector<std::string> collect() const { return collect(read()); }
  std::vector<std::string> collect(const Recipe& library) const {
    std::filesystem::create_directory(temp_.path("scratch"));
    std::vector<std::string> paths;
    const auto scratch = Directory::try_open(temp_.path("scratch"));
    for (const auto& [path, entry] : collect_library(library, temp_.path("artifacts"), *scratch)) paths.push_back(path);
    return paths;
  }

  TempDirectory temp_;
};

using Paths = std::vector<std::string>;

TEST_F(LibraryTest, TheVersionIsInTheNameOfAnArtifact) {
  fill(document(agent), {"agent-1.2.jar", "agent-.jar", "other-9.jar"});
  EXPECT_EQ(read().name, "demo");
  EXPECT_EQ(read().version, "1.2");
  EXPECT_EQ(collect(), (Paths{"lib", "lib/agent.jar"}));
}

TEST_F(LibraryTest, TheVersionCanEndBeforeAStar) {
  fill(document(R"([{"from": "w", "path": "p"}])", "", "w/agent-${version}-cp312-*.whl"),
       {"w/agent-4.16.0-cp312-cp312-linux.whl"});
  EXPECT_EQ(read().version, "4.16.0");
}

TEST_F(LibraryTest, TheVersionCanBeWritten) {
  fill(document(R"([{"from": "agent.jar", "path": "a.jar"}])", "", "3"), {"agent.jar"});
  EXPECT_EQ(read().version, "3");
  EXPECT_EQ(collect(), Paths{"a.jar"});
}

TEST_F(LibraryTest, ADirectoryAndAStarStandForWhatTheyHold) {
  fill(document(R"([{"from": "d", "path": "x"}, {"from": "*.txt", "path": "notes"}])", "", "1"),
       {"d/e/f", "d/g", "one.txt"});
  EXPECT_EQ(collect(), (Paths{"notes", "x", "x/e", "x/e/f", "x/g"}));
}

TEST_F(LibraryTest, APointStandsForAllArtifacts) {
  fill(document(R"([{"from": ".", "path": "x"}])", "", "1"), {"d/e", "f"},
       abc_digest + "  d/e\n" + abc_digest + "  f\n");
  EXPECT_EQ(collect(), (Paths{"x", "x/d", "x/d/e", "x/f"}));
}

TEST_F(LibraryTest, FilesComeFromTheLibraryAndExcludedOnesDoNotCome) {
  fill(document(agent, R"(, "files": [{"from": "glue.py", "path": "lib/glue.py"}], "exclude": ["lib/*.jar"])"),
       {"agent-1.jar"});
  temp_.write("library/glue.py", "");
  EXPECT_EQ(collect(), (Paths{"lib", "lib/glue.py"}));
}

TEST_F(LibraryTest, SelectorsAreReadAsTheyStand) {
  fill(document(agent, R"(, "selectors": [{"path": "lib", "arch": "x86_64", "python": "3.12"}])"), {"agent-1.jar"});
  const Recipe library = read();
  ASSERT_EQ(library.selectors.size(), 1U);
  EXPECT_EQ(library.selectors[0].pattern, "lib");
  EXPECT_EQ(library.selectors[0].selectors, (Selectors{{"arch", "x86_64"}, {"python", "3.12"}}));
}

TEST_F(LibraryTest, SumsAreHeldAgainstArtifactsUnlessTheLibraryIsCompiled) {
  fill(document(agent), {"agent-1.jar"}, abc_digest + " *agent-1.jar\n" + std::string(64, 'a') + "  unused\n");
  EXPECT_EQ(collect().size(), 2U);
  fill(document(agent, R"(, "compiled": true)"), {}, std::string(64, 'a') + "  agent-1.jar\n");
  EXPECT_EQ(collect().size(), 2U);
}

TEST_F(LibraryTest, TheFallbackIsMadeOfItsOwnSources) {
  fill(document(agent, R"(, "fallback": {"artifacts": [{"from": "f.jar", "path": "agent.jar"}],
                           "files": [{"from": "glue.js", "path": "lib/glue.js"}]})"),
       {"f.jar"}, std::string(64, 'a') + "  f.jar\n");
  temp_.write("library/glue.js", "");
  const Recipe fallback = Recipe::read_fallback(temp_.path("library"));
  EXPECT_EQ(fallback.name, "demo");
  EXPECT_EQ(fallback.version, "fallback");
  EXPECT_EQ(collect(fallback), (Paths{"agent.jar", "lib", "lib/glue.js"}));
}

struct Refusal {
  const char* title;
  std::string document;
  std::vector<std::string> artifacts;
  std::string sums;  // empty: no SHA256SUMS
  Reason reason;
  std::string problem;

  friend void PrintTo(const Refusal& test, std::ostream* out) { *out << test.title; }
};

class RefusedLibrary : public LibraryTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedLibrary, NamesTheProblem) {
  fill(GetParam().document, GetParam().artifacts, GetParam().sums);
  try {
    collect();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.reason()), name_of(GetParam().reason));
    EXPECT_NE(error.problem().find(GetParam().problem), std::string::npos) << error.problem();
  }
}

Refusal bad_document(const char* title, const std::string& document, const std::string& problem) {
  return {title, document, {"agent-1.jar"}, "", Reason::manifest_invalid, problem};
}

INSTANTIATE_TEST_SUITE_P(
    Documents, RefusedLibrary,
    testing::Values(bad_document("no JSON", "{", "not JSON"), bad_document("a list", "[]", "an object is missing"),
                    bad_document("unknown key", document(agent, R"(, "x": 1)"), "the key x is unknown"),
                    bad_document("a key twice", R"({"name": "demo", "name": "demo"})", "the key name is there twice"),
                    bad_document("missing key", R"({"name": "demo"})", "is missing"),
                    bad_document("artifacts of another type", document("{}"), "artifacts is no list"),
                    bad_document("a number as path", document(R"([{"from": "a", "path": 1}])"), "path is not a string"),
                    bad_document("unknown key of an artifact", document(R"([{"from": "a", "path": "a", "x": 1}])"),
                                 "the key x is unknown"),
                    bad_document("unpack is a text", document(R"([{"from": "a", "path": "a", "unpack": "yes"}])"),
                                 "unpack is not true or false"),
                    bad_document("unpack of a file",
                                 document(agent, R"(, "files": [{"from": "a", "path": "a", "unpack": true}])"),
                                 "the key unpack is unknown"),
                    bad_document("unknown part", document(agent, R"(, "selectors": [{"path": "${os}/a"}])"),
                                 "${os}/a has ${os}, which cannot stand there"),
                    bad_document("one part twice", document(agent, R"(, "selectors": [{"path": "${libc}/${libc}"}])"),
                                 "has ${libc}, which cannot stand there"),
                    bad_document("a part with a value of its own",
                                 document(agent, R"(, "selectors": [{"path": "${libc}", "libc": "musl"}])"),
                                 "has ${libc}, which cannot stand there"),
                    bad_document("a part in exclude", document(agent, R"(, "exclude": ["${libc}"])"),
                                 "has ${libc}, which cannot stand there"),
                    bad_document("a part in the version", document(agent, "", "agent-${version}-${libc}.jar"),
                                 "has ${libc}, which cannot stand there"),
                    bad_document("unknown selector", document(agent, R"(, "selectors": [{"path": "a", "os": "b"}])"),
                                 "the key os is unknown")));

INSTANTIATE_TEST_SUITE_P(
    Artifacts, RefusedLibrary,
    testing::Values(Refusal{"no version", document(agent), {"other"}, "", Reason::input_not_found, "has 0 versions"},
                    Refusal{"two versions",
                            document(agent),
                            {"agent-1.jar", "agent-2.jar"},
                            "",
                            Reason::input_not_found,
                            "has 2 versions"},
                    Refusal{"no such artifact",
                            document(R"([{"from": "a", "path": "b"}])", "", "1"),
                            {"b"},
                            "",
                            Reason::input_not_found,
                            "does not exist"},
                    Refusal{"unsafe path",
                            document(R"([{"from": "a", "path": "../a"}])", "", "1"),
                            {"a"},
                            "",
                            Reason::unsafe_entry,
                            "component .."},
                    Refusal{"one path for two",
                            document(R"([{"from": "a", "path": "p"}, {"from": "b", "path": "p"}])", "", "1"),
                            {"a", "b"},
                            "",
                            Reason::unsafe_entry,
                            "is the second entry that is to become p"},
                    Refusal{"one below the other",
                            document(R"([{"from": "a", "path": "p"}, {"from": "b", "path": "p/q"}])", "", "1"),
                            {"a", "b"},
                            "",
                            Reason::unsafe_entry,
                            "has no place below p"},
                    Refusal{"not an archive",
                            document(R"([{"from": "a.zip", "path": "p", "unpack": true}])", "", "1"),
                            {"a.zip"},
                            "",
                            Reason::archive_invalid,
                            ""}));

INSTANTIATE_TEST_SUITE_P(Sums, RefusedLibrary,
                         testing::Values(Refusal{"not in the sums",
                                                 document(agent),
                                                 {"agent-1.jar"},
                                                 abc_digest + "  agent-2.jar\n",
                                                 Reason::digest_mismatch,
                                                 "is not in"},
                                         Refusal{"another digest",
                                                 document(agent),
                                                 {"agent-1.jar"},
                                                 std::string(64, 'a') + "  agent-1.jar\n",
                                                 Reason::digest_mismatch,
                                                 "SHA-256 is " + abc_digest},
                                         Refusal{"no digest",
                                                 document(agent),
                                                 {"agent-1.jar"},
                                                 "x  agent-1.jar\n",
                                                 Reason::manifest_invalid,
                                                 "not DIGEST  NAME"},
                                         Refusal{"one space",
                                                 document(agent),
                                                 {"agent-1.jar"},
                                                 abc_digest + " agent-1.jar\n",
                                                 Reason::manifest_invalid,
                                                 "not DIGEST  NAME"}));

}  // namespace
}  // namespace injector
