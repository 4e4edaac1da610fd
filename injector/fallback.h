#pragma once

#include <optional>

#include "injector/install.h"
#include "injector/lock.h"

namespace injector {

// Where an image has its fallback; it need not have one.
inline constexpr const char* default_fallback = "/fallback";

// A fallback is a bundle of the library's name and of a few hundred bytes: inert stand-ins with which the application
// starts. It fills the names of its top level that are absent in the target, and nothing else: what has a name,
// whatever it is, stays. What it fills is known afterwards as ours by .injector/NAME/fallback-DIGEST.json, its
// manifest, which comes first and claims only what hashes as it says. So neither the record of the library nor the lock
// decides anything, a kill at any instruction leaves nothing to go on with, and the library comes by the same exchange
// as ever.
//
// options.fallback is set. Waits for another injector as an install does, where a name is absent; gives the lock then.
// Whatever is wrong with the fallback, or with the target, is a warning at most. Throws lock_timeout alone, once the
// names are filled without the lock, and interrupted or terminated.
std::optional<Lock> place_fallback(const InstallOptions& options, const Context& context);

}  // namespace injector
