#include "core/digest.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

// FIPS 180-4, examples of NIST.
TEST(Digest, PublishedVectors) {
  EXPECT_EQ(Hasher::digest_of("").text(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hasher::digest_of("abc").text(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hasher::digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").text(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Digest, AMillionTimesAInPieces) {
  Hasher hasher;
  for (int i = 0; i < 1000; ++i) hasher.update(std::string(1000, 'a'));
  EXPECT_EQ(hasher.finish().text(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  hasher.update("abc");
  EXPECT_EQ(hasher.finish(), Hasher::digest_of("abc"));
}

TEST(Digest, ParsesWhatItPrintsAndNothingElse) {
  const std::string text = Hasher::digest_of("abc").text();
  EXPECT_EQ(Digest::parse(text), Hasher::digest_of("abc"));
  EXPECT_FALSE(Digest::parse(text.substr(1)));
  EXPECT_FALSE(Digest::parse(text + "0"));
  EXPECT_FALSE(Digest::parse("BA" + text.substr(2)));
  EXPECT_FALSE(Digest::parse("g" + text.substr(1)));
}

}  // namespace
}  // namespace injector
