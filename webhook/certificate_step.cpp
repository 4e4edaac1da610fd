#include "webhook/certificate_step.h"

#include <algorithm>

namespace injector {
namespace {

using Kind = CertificateStep::Kind;

// So many certificates a bundle holds at most; the newest stay. Two replicas need three in the worst case. More come
// where somebody empties the Secret again and again.
constexpr std::size_t max_anchors = 16;

bool is_usable(const std::optional<Leaf>& leaf, Time now) { return leaf && leaf->validity.holds_at(now); }

bool is_fresh(const std::optional<Leaf>& leaf, Time now) { return is_usable(leaf, now) && now < leaf->validity.due(); }

bool holds(const std::vector<Anchor>& anchors, const Anchor& anchor) {
  return std::find(anchors.begin(), anchors.end(), anchor) != anchors.end();
}

// What all entries trust together, without what has expired.
std::vector<Anchor> living_anchors(const std::vector<std::string>& bundles, Time now) {
  std::vector<Anchor> all;
  for (const std::string& bundle : bundles) {
    for (const Anchor& anchor : read_anchors(bundle)) {
      if (now < anchor.validity.until && !holds(all, anchor)) all.push_back(anchor);
    }
  }
  return all;
}

// Takes the oldest away, but none of those that are needed.
void bound(std::vector<Anchor>& anchors, const std::vector<Anchor>& needed) {
  std::size_t surplus = anchors.size() - std::min(anchors.size(), max_anchors);
  std::erase_if(anchors, [&](const Anchor& anchor) {
    if (surplus == 0 || holds(needed, anchor)) return false;
    --surplus;
    return true;
  });
}

// The bundle that every entry should have so that the leaf is trusted.
std::string bundle_with(const Leaf& leaf, const CertificateState& state, Time now) {
  std::vector<Anchor> needed;
  for (const auto& one : {std::optional(leaf), state.stored, state.served}) {
    for (const Anchor& anchor : one ? read_anchors(one->certificate) : std::vector<Anchor>()) needed.push_back(anchor);
  }
  std::vector<Anchor> anchors = living_anchors(state.bundles, now);
  if (!holds(anchors, needed.front())) anchors.push_back(needed.front());
  bound(anchors, needed);
  std::string bundle;
  for (const Anchor& anchor : anchors) bundle += anchor.certificate;
  return bundle;
}

// The step that makes every entry trust the leaf; empty where all do.
std::optional<CertificateStep> pin(const Leaf& leaf, const CertificateState& state, Time now) {
  const std::string wanted = bundle_with(leaf, state, now);
  const auto has = [&](const std::string& bundle) { return bundle == wanted; };
  if (std::all_of(state.bundles.begin(), state.bundles.end(), has)) return std::nullopt;
  return CertificateStep{Kind::pin, {}, wanted, 0};
}

}  // namespace

CertificateStep next_step(const CertificateState& state, Time now) {
  if (is_usable(state.stored, now)) {
    if (auto step = pin(*state.stored, state, now)) return *step;
    if (state.served != state.stored) return {Kind::serve, *state.stored, {}, 0};
    if (is_fresh(state.stored, now)) return {Kind::wait, {}, {}, state.stored->validity.due()};
  }
  // A Secret that somebody emptied gets back what is served: else each time a new leaf would have to be trusted.
  const std::optional<Leaf>& next = is_fresh(state.made, now) ? state.made : state.served;
  if (!is_fresh(next, now)) return {Kind::make, {}, {}, 0};
  if (auto step = pin(*next, state, now)) return *step;
  return {Kind::store, *next, {}, 0};
}

}  // namespace injector
