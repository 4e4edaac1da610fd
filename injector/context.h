#pragma once

#include <cstdint>
#include <optional>

#include "injector/interrupt.h"
#include "injector/progress.h"

namespace injector {

// What the steps of a run share.
struct Context {
  const Interrupt& interrupt;
  Progress& progress;
  unsigned threads = 1;
  std::optional<std::uint64_t> dirty_window;  // see Limits
  std::optional<std::uint64_t> memory = {};
};

}  // namespace injector
