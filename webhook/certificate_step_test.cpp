#include "webhook/certificate_step.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

using Kind = CertificateStep::Kind;

constexpr Time start = 1'800'000'000;
constexpr Time life = 9000;
constexpr Time due = start + 6000;

Leaf leaf_of(Time now = start) { return make_leaf("a.b.svc", now, life); }

// The API server and one replica, which do what a step says.
struct World {
  CertificateState state{{}, {"", ""}, {}, {}};

  Kind step(Time now) {
    const CertificateStep next = next_step(state, now);
    if (next.kind == Kind::make) state.made = leaf_of(now);
    if (next.kind == Kind::pin) state.bundles.assign(state.bundles.size(), next.bundle);
    if (next.kind == Kind::store) state.stored = next.leaf;
    if (next.kind == Kind::serve) state.served = next.leaf;
    EXPECT_TRUE(!state.served || !state.served->validity.holds_at(now) || trusts(*state.served));
    return next.kind;
  }

  std::vector<Kind> steps(Time now) {
    std::vector<Kind> all;
    do all.push_back(step(now));
    while (all.back() != Kind::wait && all.size() < 20);
    return all;
  }

  bool trusts(const Leaf& leaf) const {
    for (const std::string& bundle : state.bundles) {
      if (bundle.find(leaf.certificate) == std::string::npos) return false;
    }
    return true;
  }
};

const std::vector<Kind> all_of_it = {Kind::make, Kind::pin, Kind::store, Kind::serve, Kind::wait};

TEST(CertificateStep, AnEmptySecretIsFilled) {
  World world;
  EXPECT_EQ(world.steps(start), all_of_it);
  EXPECT_EQ(next_step(world.state, start), (CertificateStep{Kind::wait, {}, {}, due}));
  EXPECT_EQ(world.steps(due - 1), (std::vector{Kind::wait}));
}

TEST(CertificateStep, AnotherReplicasCertificateIsServed) {
  World first;
  first.steps(start);
  World second{first.state};
  second.state.served.reset();
  second.state.made.reset();
  EXPECT_EQ(second.steps(start), (std::vector{Kind::serve, Kind::wait}));
}

TEST(CertificateStep, IsRenewedBeforeItsEndAndBothAreTrustedMeanwhile) {
  World world;
  world.steps(start);
  const Leaf old = *world.state.stored;
  EXPECT_EQ(world.steps(due), all_of_it);
  EXPECT_TRUE(world.trusts(old) && world.trusts(*world.state.served));
  EXPECT_NE(*world.state.served, old);
  EXPECT_EQ(world.steps(old.validity.until), (std::vector{Kind::pin, Kind::wait}));
  EXPECT_FALSE(world.trusts(old));
}

TEST(CertificateStep, WhoeverStoresFirstWins) {
  World first;
  World second;
  EXPECT_EQ(first.step(start), Kind::make);
  EXPECT_EQ(second.step(start), Kind::make);
  EXPECT_EQ(first.step(start), Kind::pin);
  second.state.bundles = first.state.bundles;  // its patch is refused, it looks again
  EXPECT_EQ(second.step(start), Kind::pin);
  first.state.bundles = second.state.bundles;
  EXPECT_TRUE(first.trusts(*first.state.made) && first.trusts(*second.state.made));
  EXPECT_EQ(first.step(start), Kind::store);
  second.state.stored = first.state.stored;
  EXPECT_EQ(second.steps(start), (std::vector{Kind::serve, Kind::wait}));
  EXPECT_EQ(first.steps(start), (std::vector{Kind::serve, Kind::wait}));
}

TEST(CertificateStep, NothingIsServedBeforeItIsTrusted) {
  World world;
  world.state.stored = leaf_of();
  world.state.bundles = {world.state.stored->certificate, ""};  // of two entries, one is new
  EXPECT_EQ(world.steps(start), (std::vector{Kind::pin, Kind::serve, Kind::wait}));
  world.state.bundles = {"", ""};  // somebody took it away
  EXPECT_EQ(next_step(world.state, start).kind, Kind::pin);
}

TEST(CertificateStep, AnEmptiedSecretGetsBackWhatIsServed) {
  World world;
  world.steps(start);
  const Leaf served = *world.state.served;
  world.state.made.reset();
  world.state.stored.reset();
  EXPECT_EQ(world.steps(start), (std::vector{Kind::store, Kind::wait}));
  EXPECT_EQ(world.state.stored, served);
}

TEST(CertificateStep, WhatHasExpiredIsMadeAnew) {
  World world;
  world.steps(start);
  EXPECT_EQ(world.steps(start + life), all_of_it);
  EXPECT_EQ(read_anchors(world.state.bundles[0]).size(), 1U);
}

TEST(CertificateStep, AClockThatIsSetBack) {
  World world;
  world.steps(start);
  const Leaf from_the_future = *world.state.stored;
  EXPECT_EQ(world.steps(start - head_start), (std::vector{Kind::wait}));  // it counts as well
  EXPECT_EQ(world.steps(start - head_start - 1), all_of_it);
  EXPECT_TRUE(world.trusts(from_the_future));  // another replica, whose clock is right, has it
}

TEST(CertificateStep, StrangersInTheBundle) {
  World world;
  const Leaf authority = make_leaf("authority", start, 10 * life);
  world.state.bundles = {authority.certificate + "garbage", "garbage"};
  EXPECT_EQ(world.steps(start), all_of_it);
  EXPECT_TRUE(world.trusts(authority) && world.trusts(*world.state.served));
  EXPECT_EQ(world.state.bundles[0].find("garbage"), std::string::npos);
}

TEST(CertificateStep, ABundleHasABound) {
  World world;
  world.steps(start);
  const Leaf first = *world.state.served;
  for (int n = 0; n < 40; ++n) world.state.bundles[0] += leaf_of().certificate;
  EXPECT_EQ(world.steps(start), (std::vector{Kind::pin, Kind::wait}));
  EXPECT_EQ(read_anchors(world.state.bundles[0]).size(), 16U);
  EXPECT_EQ(world.steps(due), all_of_it);
  EXPECT_EQ(read_anchors(world.state.bundles[0]).size(), 16U);
  EXPECT_TRUE(world.trusts(first));
}

}  // namespace
}  // namespace injector
