#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace injector {

// An amount of a resource as Kubernetes counts it: exact to a billionth. Beyond 10^29 it stays at its maximum, which
// is more than there is of anything.
class Quantity {
 public:
  __extension__ typedef __int128 Nanos;  // NOLINT(modernize-use-using): pedantic compilers take it in this form alone

  constexpr Quantity() = default;
  static constexpr Quantity of_nanos(Nanos nanos) { return Quantity(nanos); }
  // Of bytes or cores.
  static constexpr Quantity of(std::int64_t whole) { return Quantity(static_cast<Nanos>(whole) * 1'000'000'000); }

  constexpr Quantity& operator+=(Quantity other) {
    if (__builtin_add_overflow(nanos_, other.nanos_, &nanos_)) nanos_ = other.nanos_ > 0 ? maximum : -maximum;
    return *this;
  }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

  static constexpr Nanos maximum = (((Nanos{1} << 126) - 1) << 1) + 1;

 private:
  constexpr explicit Quantity(Nanos nanos) : nanos_(nanos) {}

  Nanos nanos_ = 0;
};

// "100m", "1.5Gi", "1e3", "12E" as the API server reads them: what is finer than a billionth is rounded up, away from
// zero; with Ki to Ei the limit is 2^63-1; digits may be absent on either side of the point or altogether. Empty for
// what the API server refuses, and for a text of more than 64 bytes.
std::optional<Quantity> parse_quantity(std::string_view text);

}  // namespace injector
