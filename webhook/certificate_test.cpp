#include "webhook/certificate.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

constexpr Time now = 1'800'000'000;
constexpr const char* name = "injector.observability.svc";

TEST(Certificate, IsReadAsItWasMade) {
  const Leaf leaf = make_leaf(name, now, 1000);
  EXPECT_EQ(leaf.validity, (Validity{now - head_start, now + 1000}));
  EXPECT_EQ(read_leaf(leaf.certificate, leaf.key, name), leaf);
  EXPECT_NE(make_leaf(name, now, 1000), leaf);
}

TEST(Certificate, IsForOneServer) {
  const Leaf leaf = make_leaf(name, now, 1000);
  EXPECT_FALSE(read_leaf(leaf.certificate, leaf.key, "injector.other.svc"));
  EXPECT_FALSE(read_leaf(leaf.certificate, leaf.key, "x.injector.observability.svc"));
}

TEST(Certificate, NamesThatX509CallsTooLong) {
  const std::string longest = std::string(60, 'a') + '.' + std::string(63, 'b') + ".svc";
  const Leaf leaf = make_leaf(longest, now, 1000);
  EXPECT_TRUE(read_leaf(leaf.certificate, leaf.key, longest));
}

TEST(Certificate, GarbageIsNone) {
  const Leaf leaf = make_leaf(name, now, 1000);
  const Leaf other = make_leaf(name, now, 1000);
  const std::string cut = leaf.certificate.substr(0, leaf.certificate.size() / 2);
  for (const std::string& bad : {std::string(), std::string("garbage"), cut, leaf.key,
                                 leaf.certificate + leaf.certificate, std::string(max_leaf_file + 1, '\n')}) {
    EXPECT_FALSE(read_leaf(bad, leaf.key, name)) << bad;
    EXPECT_FALSE(read_leaf(leaf.certificate, bad == leaf.key ? other.key : bad, name)) << bad;
  }
}

TEST(Certificate, IsDueAfterTwoThirdsOfItsLife) {
  EXPECT_EQ((Validity{now - head_start, now + 900}).due(), now + 600);
  EXPECT_EQ((Validity{now, now + 900}).due(), now + 900);  // a stranger's: there is no head start in it
  EXPECT_TRUE((Validity{now, now + 1}).holds_at(now));
  EXPECT_FALSE((Validity{now, now + 1}).holds_at(now + 1));
  EXPECT_FALSE((Validity{now, now + 1}).holds_at(now - 1));
}

TEST(Anchors, AreWhatIsACertificate) {
  const Leaf one = make_leaf(name, now, 1000);
  const Leaf two = make_leaf("other.svc", now, 2000);
  const std::vector<Anchor> both = {{one.certificate, one.validity}, {two.certificate, two.validity}};
  EXPECT_EQ(read_anchors(one.certificate + two.certificate), both);
  EXPECT_EQ(read_anchors("x\n" + one.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" +
                         one.key + "# mine\n" + two.certificate + "-----BEGIN CERTIFICATE-----\nAAAA"),
            both);
  EXPECT_TRUE(read_anchors("garbage").empty());
}

}  // namespace
}  // namespace injector
