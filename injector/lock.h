#pragma once

#include <chrono>
#include <optional>

#include "core/directory.h"
#include "injector/context.h"

namespace injector {

// One injector at a time in a target: flock(2) on .injector/lock, which the kernel lets go when its holder ends,
// however that happens.
class Lock {
 public:
  // Empty where another injector holds it, or where this user cannot write to the target.
  static std::optional<Lock> try_take(const Directory& target);
  // Waits for the other injector. Throws lock_timeout, target_not_writable or target_read_only.
  static Lock take(const Directory& target, std::chrono::seconds timeout, const Context& context);

 private:
  explicit Lock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace injector
