#include "injector/block_hasher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace injector {
namespace {

// Whether a thread helps or not, and whatever was hashed before, the digest is the same.
class BlockHashing : public testing::TestWithParam<bool> {};

TEST_P(BlockHashing, GivesTheDigestOfEveryFile) {
  BlockHasher hasher(GetParam());
  for (const std::size_t size : {0UL, 1UL, 5UL << 20U, 1000UL, 1UL << 20U, (3UL << 20U) + 7}) {
    std::string file(size, '\0');
    for (std::size_t i = 0; i < size; ++i) file[i] = static_cast<char>(i * 31 + i / 4096);
    hasher.begin(size);
    for (std::size_t at = 0; at < size;) {
      const std::span<char> block = hasher.block();
      const std::size_t count = std::min(block.size() - at % 3, size - at);
      std::copy_n(file.data() + at, count, block.data());
      hasher.add(count);
      EXPECT_EQ(std::string_view(block.data(), count), std::string_view(file).substr(at, count));
      at += count;
    }
    EXPECT_EQ(hasher.finish(), Hasher::digest_of(file)) << size;
  }
}

TEST_P(BlockHashing, CanBeGivenUp) {
  BlockHasher hasher(GetParam());
  hasher.begin(5U << 20U);
  for (int i = 0; i < 3; ++i) hasher.add(hasher.block().size());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutAThread, BlockHashing, testing::Bool());

}  // namespace
}  // namespace injector
