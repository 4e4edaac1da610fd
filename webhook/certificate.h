#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace injector {

// Seconds since 1970.
using Time = std::int64_t;

// How long before it is made a certificate counts, in seconds: so far a client's clock may be behind.
inline constexpr Time head_start = 3600;

// When a certificate counts: from the first second to the one before the last.
struct Validity {
  Time from = 0;
  Time until = 0;

  bool holds_at(Time now) const { return from <= now && now < until; }
  // When two thirds of its life, which begins after the head start, are over.
  Time due() const { return until - std::max(until - from - head_start, Time{0}) / 3; }
  bool operator==(const Validity&) const = default;
};

// A certificate for a server and its key, both as PEM of one block.
struct Leaf {
  std::string certificate;
  std::string key;
  Validity validity;

  bool operator==(const Leaf&) const = default;
};

// A certificate that a client trusts.
struct Anchor {
  std::string certificate;  // PEM of one block
  Validity validity;

  bool operator==(const Anchor&) const = default;
};

// What is longer than that is no certificate or key of ours: they take 700 and 250 bytes.
inline constexpr std::size_t max_leaf_file = 16384;

// Makes one that signs itself: ECDSA P-256, for nothing but a server of that name. It is no authority, so whoever gets
// its key can be this server and nobody else. name: a DNS name; lifetime: seconds from now.
Leaf make_leaf(const std::string& name, Time now, Time lifetime);

// Reads certificate and key, as PEM; empty where that is anything but a certificate for that name and the key to it.
std::optional<Leaf> read_leaf(std::string_view certificate, std::string_view key, const std::string& name);

// Reads what a caBundle holds; what is no certificate there is left out.
std::vector<Anchor> read_anchors(std::string_view text);

}  // namespace injector
