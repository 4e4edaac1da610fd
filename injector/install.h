#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/selectors.h"
#include "injector/context.h"
#include "injector/outcome.h"
#include "injector/trust.h"

namespace injector {

struct InstallOptions {
  std::string bundle = "/bundle";
  std::string target = "/target";
  std::chrono::seconds timeout{60};
  std::optional<std::uint64_t> size_limit;  // bytes
  Choice choice;
  Trust trust;
  bool replace = false;
  bool fsync = false;
  bool dry_run = false;
};

// Installs the library of a bundle into a target: all of it or none of it, name by name. Throws Error, and then every
// name of the target shows what it showed before.
Outcome install(const InstallOptions& options, const Context& context);

}  // namespace injector
