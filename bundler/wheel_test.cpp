#include "bundler/wheel.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

TEST(Wheel, FilesHaveTheirPlaceInSitePackages) {
  EXPECT_EQ(place_of_wheel_file("pkg/x.py"), "pkg/x.py");
  EXPECT_EQ(place_of_wheel_file("pkg-1.dist-info/METADATA"), "pkg-1.dist-info/METADATA");
  EXPECT_EQ(place_of_wheel_file("pkg-1.data/purelib/x.py"), "x.py");
  EXPECT_EQ(place_of_wheel_file("pkg-1.data/platlib/a/x.so"), "a/x.so");
  EXPECT_FALSE(place_of_wheel_file("pkg-1.data/scripts/run"));
  EXPECT_FALSE(place_of_wheel_file("pkg-1.data/purelib/"));
  EXPECT_EQ(place_of_wheel_file("pkg/x.data/purelib/y"), "pkg/x.data/purelib/y");
}

TEST(Wheel, KnowsItsRecord) {
  EXPECT_TRUE(is_record("pkg-1.dist-info/RECORD"));
  EXPECT_FALSE(is_record("RECORD"));
  EXPECT_FALSE(is_record("pkg/RECORD"));
  EXPECT_FALSE(is_record("pkg-1.dist-info/licenses/RECORD"));
  EXPECT_TRUE(is_record_signature("pkg-1.dist-info/RECORD.jws"));
}

TEST(Wheel, RecordOfTheEmptyFile) {
  // The digest of no bytes, as RFC 4648 writes it and as FIPS 180-4 gives it.
  const std::string record = "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nx-1.dist-info/RECORD,,\n";
  const WheelFile empty{Hasher::digest_of(""), 0};
  EXPECT_NO_THROW(check_record("w", record, {{"a", empty}, {"x-1.dist-info/RECORD", empty}}));
  EXPECT_ANY_THROW(check_record("w", record, {{"a", {Hasher::digest_of("b"), 0}}, {"x-1.dist-info/RECORD", empty}}));
}

}  // namespace
}  // namespace injector
