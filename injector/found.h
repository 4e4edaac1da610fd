#pragma once

#include <optional>

#include "core/directory.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/context.h"
#include "injector/ownership.h"

namespace injector {

// What was found in a target, before anything of the library in it is changed.
struct Found {
  std::optional<Directory> folder;  // .injector
  Ownership ownership;
  Comparison comparison;

  bool installed() const {
    return comparison.all_right() && ownership.record_is_current() && ownership.selection_is_current();
  }
};

// With the lock, what killed runs left is put back or removed first.
enum class Locked { no, yes };
Found look_at(const Bundle& bundle, const Directory& target, Locked locked, const Context& context);
// Without the lock, what is looked at may be replaced meanwhile: empty where the look fails, for whatever reason.
std::optional<Found> try_look_at(const Bundle& bundle, const Directory& target, const Context& context);

}  // namespace injector
