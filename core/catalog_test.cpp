#include "core/catalog.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"

namespace injector {
namespace {

using Json = nlohmann::json;

// A document that has everything, for each test to change one thing in.
Json vocabulary() {
  return Json::parse(R"({
    "name": "words",
    "switch": {"label": "w.example/on", "on": "true", "off": "false"},
    "requests": [
      {"annotation": "w.example/{container}.{library}.image", "value": "image"},
      {"annotation": "w.example/{library}.version", "value": "version"},
      {"annotation": "w.example/inject-{library}", "value": "profile"},
      {"annotation": "w.example/all", "value": "all"}
    ],
    "containers": {"default": "first", "annotations": ["w.example/{library}-in", "w.example/in"]},
    "selections": [{"annotation": "w.example/libc", "library": "snake", "values": {"m": "libc=musl"}}],
    "executable": "w.example/{library}-program",
    "unsupported": ["w.example/{library}.config"],
    "served": ["w-init-*"],
    "sidecars": ["mesh"],
    "labels": {"service": ["w.example/{container}.service", "w.example/service"], "env": []},
    "variables": [
      {"name": "A", "value": "name={service}", "merge": "prepend", "separator": ","},
      {"name": "A", "value": "env={env}", "merge": "prepend", "separator": ","}
    ]
  })");
}

Json version(const std::string& number) {
  return {
      {"version", number},
      {"image", "a/image:tag"},
      {"architectures", {"amd64", "arm64"}},
      {"bytes", 25132456},
      {"entries", 3},
      {"environment", Json::parse(R"([{"name": "A", "value": "${target}/a", "merge": "append", "separator": " "}])")}};
}

Json library(const std::string& name, const std::string& word) {
  Json newest = version("1.10.0");
  newest["digest"] = "sha256:" + std::string(64, 'a');
  return {{"name", name}, {"names", {{"words", word}}}, {"versions", {newest, version("1.9")}}};
}

Json document() {
  Json beside = library("two", "bean");
  beside["sidecar"] = {{"program", "two/agent"}, {"capabilities", {"KILL", "SYS_ADMIN"}}, {"variable", "PROGRAM"}};
  return {{"schemaVersion", 1}, {"libraries", {library("one", "snake"), beside}}, {"vocabularies", {vocabulary()}}};
}

TEST(Catalog, IsReadAsItStands) {
  const Catalog catalog = parse_catalog(document().dump(), "c");
  ASSERT_EQ(catalog.libraries.size(), 2U);
  const Library& one = catalog.libraries[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.names, (std::map<std::string, std::string>{{"words", "snake"}}));
  EXPECT_FALSE(one.sidecar);
  EXPECT_EQ(catalog.libraries[1].sidecar, (Sidecar{"two/agent", {"KILL", "SYS_ADMIN"}, "PROGRAM"}));
  ASSERT_EQ(one.versions.size(), 2U);
  EXPECT_EQ(one.versions[0], (LibraryVersion{"1.10.0",
                                             "a/image:tag",
                                             "sha256:" + std::string(64, 'a'),
                                             {"amd64", "arm64"},
                                             25132456,
                                             3,
                                             {{"A", "${target}/a", Merge::append, " "}}}));
  EXPECT_EQ(one.versions[1].digest, "");
}

TEST(Catalog, AVocabularyIsReadAsItStands) {
  const Vocabulary words = parse_vocabulary(vocabulary().dump(), "v");
  EXPECT_EQ(words.name, "words");
  EXPECT_EQ(words.power, (Vocabulary::Switch{"w.example/on", "true", "false"}));
  ASSERT_EQ(words.requests.size(), 4U);
  using Meaning = Vocabulary::Meaning;
  const std::vector<Meaning> meanings{Meaning::image, Meaning::version, Meaning::profile, Meaning::all};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(words.requests[i].meaning, meanings[i]);
  EXPECT_FALSE(words.all_containers);
  EXPECT_EQ(words.container_annotations.size(), 2U);
  EXPECT_EQ(words.selections, (std::vector<Vocabulary::Selection>{{"w.example/libc", "snake", {{"m", "libc=musl"}}}}));
  EXPECT_EQ(words.executable, "w.example/{library}-program");
  EXPECT_EQ(words.labels.at("service")[1], "w.example/service");
  EXPECT_EQ(words.variables[1], (Variable{"A", "env={env}", Merge::prepend, ","}));
}

TEST(Catalog, WhatIsPrintedIsReadAgain) {
  for (const Json& json :
       {document(), Json({{"schemaVersion", 1}, {"libraries", Json::array()}, {"vocabularies", Json::array()}})}) {
    const Catalog catalog = parse_catalog(json.dump(), "c");
    const std::string printed = print_catalog(catalog);
    EXPECT_EQ(parse_catalog(printed, "printed"), catalog);
    EXPECT_EQ(print_catalog(parse_catalog(printed, "printed")), printed);
    EXPECT_EQ(Json::parse(printed), json);
  }
}

struct Change {
  const char* title;
  std::string pointer;
  Json value;
  std::string problem;

  friend void PrintTo(const Change& change, std::ostream* out) { *out << change.title; }
};

void expect_refusal(const std::string& text, const std::string& problem) {
  try {
    parse_catalog(text, "c.json");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.reason()), "manifest-invalid");
    EXPECT_TRUE(error.path().starts_with("c.json")) << error.path();
    EXPECT_NE(error.problem().find(problem), std::string::npos) << error.problem();
  }
}

class ChangedCatalog : public testing::TestWithParam<Change> {};

TEST_P(ChangedCatalog, IsRefused) {
  Json changed = document();
  changed[Json::json_pointer(GetParam().pointer)] = GetParam().value;
  expect_refusal(changed.dump(), GetParam().problem);
}

const std::string first = "/libraries/0/versions/0";
const std::string sidecar = "/libraries/1/sidecar";

INSTANTIATE_TEST_SUITE_P(
    Libraries, ChangedCatalog,
    testing::Values(
        Change{"another schema", "/schemaVersion", 2, "schemaVersion is not 1"},
        Change{"an unknown key", "/surplus", 1, "the key surplus is unknown"},
        Change{"an unknown key of a library", "/libraries/0/surplus", 1, "libraries[0]: the key surplus is unknown"},
        Change{"libraries that are no list", "/libraries", 1, "libraries is no list"},
        Change{"a library that is no object", "/libraries/0", 1, "libraries[0]: an object is missing"},
        Change{"a name in upper case", "/libraries/0/name", "One", "libraries[0].name is not [a-z0-9]"},
        Change{"libraries out of order", "/libraries/0/name", "zzz", "libraries[1] stands out of order"},
        Change{"a library twice", "/libraries/1/name", "one", "libraries[1] stands out of order, or twice"},
        Change{"one word for two", "/libraries/1/names/words", "snake", "two that are called snake in words"},
        Change{"a word with a point", "/libraries/0/names/words", "a.b", "libraries[0].names.words is not [a-z0-9]"},
        Change{"a vocabulary that cannot be", "/libraries/0/names/A", "a", "\"A\" is no vocabulary's name"},
        Change{"sidecar is a text", sidecar, "no", "libraries[1].sidecar: an object is missing"},
        Change{"a program outside", sidecar + "/program", "../agent", "sidecar.program is no path in a payload"},
        Change{"a capability of Linux", sidecar + "/capabilities/0", "CAP_KILL", "capabilities[0] is no capability"},
        Change{"a capability in lower case", sidecar + "/capabilities/0", "kill", "capabilities[0] is no capability"},
        Change{"capabilities out of order", sidecar + "/capabilities/1", "CHOWN",
               "capabilities[1] stands out of order"},
        Change{"a program in no variable", sidecar + "/variable", "A=B", "is not the name of a variable"},
        Change{"no version", "/libraries/0/versions", Json::array(), "versions is empty"},
        Change{"the newest behind", first + "/version", "1.8", "versions[1] is no older than the one above it"},
        Change{"two alike", first + "/version", "1.9.0", "versions[1] is no older than the one above it"},
        Change{"not a version", first + "/version", "-", "version is not [A-Za-z0-9]"},
        Change{"a registry", first + "/image", "registry.example:5000/a:b", "image is not NAME"},
        Change{"a digest behind the image", first + "/image", "a@sha256:b", "image is not NAME"},
        Change{"an empty component", first + "/image", "a//b", "image is not NAME"},
        Change{"an empty tag", first + "/image", "a:", "image is not NAME"},
        Change{"a short digest", first + "/digest", "sha256:abc", "digest is not sha256:"},
        Change{"another algorithm", first + "/digest", "sha512:" + std::string(64, 'a'), "digest is not sha256:"},
        Change{"upper-case digits", first + "/digest", "sha256:" + std::string(64, 'A'), "digest is not sha256:"},
        Change{
            "architectures out of order", first + "/architectures", {"b", "a"}, "architectures[1] stands out of order"},
        Change{"no architecture", first + "/architectures", Json::array(), "architectures is empty"},
        Change{"a negative size", first + "/bytes", -1, "bytes is no whole number"},
        Change{"half a byte", first + "/bytes", 0.5, "bytes is no whole number"},
        Change{"beyond 2^53", first + "/bytes", (std::uint64_t{1} << 53U) + 1, "bytes is beyond 2^53"},
        Change{"a variable's name", first + "/environment/0/name", "1", "is not the name of a variable"},
        Change{"a text too long", first + "/image", std::string(4096, 'a'), "image has more than 4095 bytes"},
        Change{"a list too long", "/libraries", std::vector<int>(1025), "libraries has more than 1024 elements"}));

const std::string words = "/vocabularies/0";

INSTANTIATE_TEST_SUITE_P(
    Vocabularies, ChangedCatalog,
    testing::Values(
        Change{"an unknown key", words + "/surplus", 1, "vocabularies[0]: the key surplus is unknown"},
        Change{"a name", words + "/name", "a b", "vocabularies[0].name is not"},
        Change{"one value for both", words + "/switch/off", "true", "switch has one value for on and off"},
        Change{"another meaning", words + "/requests/0/value", "tag", "is not version, image, profile or all"},
        Change{"a request of nothing", words + "/requests/1/annotation", "a", "annotation needs {library}"},
        Change{"all of one", words + "/requests/3/annotation", "{library}", "has {library}, and asks for all"},
        Change{"one twice", words + "/requests/1/annotation", "w.example/inject-{library}",
               "requests[2] is there twice"},
        Change{"a place twice", words + "/requests/1/annotation", "{library}{library}", "has {library} twice"},
        Change{"an unknown place", words + "/requests/1/annotation", "{library}{pod}", "has {pod}, which cannot"},
        Change{"an open brace", words + "/requests/1/annotation", "{library}{", "has a brace alone"},
        Change{"a closing brace", words + "/requests/1/annotation", "}{library}", "has a brace alone"},
        Change{"a line break", words + "/unsupported/0", "a\nb", "is empty or not printable"},
        Change{"nothing", words + "/unsupported/0", "", "is empty or not printable"},
        Change{"the same twice", words + "/served/1", "w-init-*", "served[1] is there twice"},
        Change{"another default", words + "/containers/default", "last", "is neither all nor first"},
        Change{"a container of containers", words + "/containers/annotations/0", "{container}",
               "has {container}, which"},
        Change{"a selection of nothing", words + "/selections/0/values/m", "musl", "is not what --select takes"},
        Change{"a selection of another key", words + "/selections/0/values/m", "os=a", "is not what --select takes"},
        Change{"a fact of its own", words + "/labels/owner", Json::array(), "the key owner is unknown"},
        Change{"a library in a label", words + "/labels/env/0", "{library}", "has {library}, which cannot"},
        Change{"a variable of the target", words + "/variables/0/value", "${target}", "has {target}, which cannot"},
        Change{"a variable without separator", words + "/variables/0/separator", "", "needs a separator"}));

TEST(Catalog, EveryKeyThatIsNotOptionalIsNeeded) {
  const std::set<std::string> optional{"digest", "executable", "sidecar", "switch"};
  for (const std::string& object :
       {std::string(), std::string("/libraries/1"), first, sidecar, words, words + "/containers"}) {
    const Json::json_pointer place(object);
    const Json whole = document();
    for (const auto& member : whole.at(place).items()) {
      Json changed = whole;
      changed.at(place).erase(member.key());
      if (optional.contains(member.key())) {
        EXPECT_NO_THROW(parse_catalog(changed.dump(), "c"));
      } else {
        expect_refusal(changed.dump(), "the key " + member.key() + " is missing");
      }
    }
  }
}

TEST(Catalog, RefusesWhatIsNoPlainJson) {
  expect_refusal("", "is not JSON");
  expect_refusal("[]", "an object is missing");
  expect_refusal(document().dump() + "x", "is not JSON");
  expect_refusal(R"({"schemaVersion": 1, "schemaVersion": 1})", "the key schemaVersion is there twice");
  expect_refusal(R"({"libraries": [{"name": 1, "name": 1}]})", "the key name is there twice");
  expect_refusal("{\"\xff\": 1}", "is not JSON");
  expect_refusal("\xEF\xBB\xBF{}", "byte-order mark");
  expect_refusal(std::string("{}\0", 3), "has a NUL byte");
  expect_refusal(std::string(18, '['), "is nested more than 16 deep");
  expect_refusal(std::string(Catalog::limits.bytes + 1, ' '), "has more than 4194304 bytes");
}

}  // namespace
}  // namespace injector
