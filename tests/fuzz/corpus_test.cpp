#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/file.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

std::vector<std::filesystem::path> corpus_of(const Target& target) {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(INJECTOR_FUZZ_CORPUS) / target.name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class Corpus : public testing::TestWithParam<Target> {};

// What the fuzzers found and what they set out from.
TEST_P(Corpus, IsBorne) {
  const auto files = corpus_of(GetParam());
  EXPECT_FALSE(files.empty());
  for (const auto& path : files) {
    const std::string bytes = File::try_open(path)->read_all(std::size_t{1} << 20U);
    EXPECT_NO_THROW(GetParam().run(bytes)) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace injector::fuzz
