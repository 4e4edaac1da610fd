#pragma once

#include <optional>

#include "core/directory.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/context.h"
#include "injector/stage_plan.h"

namespace injector {

// What an install may write.
struct Allowance {
  std::optional<std::uint64_t> size_limit;  // bytes
  std::uint64_t other_bytes = 0;            // what it writes besides contents, see StagePlan
  FreeSpace space;
};

// Brings every entry of the plan into fresh, an empty directory of ours, whole and checked: what may be is linked from
// the target, the rest comes from the bundle and is hashed while it is written. Throws digest_mismatch and the like
// where the bundle is not what its manifest says, and no_space where more than size_limit bytes have to be written,
// which only shows where links are impossible.
void fill(const Bundle& bundle, const StagePlan& plan, const Comparison& found, const Directory& target,
          const Directory& fresh, const Allowance& allowance, const Context& context);

}  // namespace injector
