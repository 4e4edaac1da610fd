#include "webhook/quantity.h"

#include "tests/fuzz/target.h"

namespace injector::fuzz {

void run_quantity(std::string_view bytes) {
  const auto amount = parse_quantity(bytes);
  if (!amount || bytes.front() == '-' || bytes.front() == '+') return;
  require(*amount >= Quantity(), "an amount without sign is negative");
  Quantity sum = *amount;
  if (const auto negative = parse_quantity("-" + std::string(bytes))) sum += *negative;
  require(bytes.size() == 64 || sum == Quantity(), "an amount and its negative are not nothing");
}

}  // namespace injector::fuzz
