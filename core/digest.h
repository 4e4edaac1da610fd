#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace injector {

// A SHA-256 digest (FIPS 180-4).
class Digest {
 public:
  static constexpr std::size_t size = 32;

  Digest() = default;
  explicit Digest(const std::array<std::uint8_t, size>& bytes) : bytes_(bytes) {}
  // From 64 lower-case hexadecimal digits; empty for anything else.
  static std::optional<Digest> parse(std::string_view hexadecimal);

  std::string text() const;
  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

// Computes digests, one after the other. Not for use by several threads at once.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(std::string_view bytes);
  // The digest of all since the last finish, and a fresh start.
  Digest finish();

  static Digest digest_of(std::string_view bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace injector
