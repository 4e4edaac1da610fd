#pragma once

#include "webhook/json.h"

namespace injector {

// Whether a Pod is another one with nothing but what an injection adds to it: without our volume, init containers,
// mounts, variables and annotations it is the original, to the last unknown field. Does not look at how it was made.
bool only_adds(const Json& original, const Json& injected);

}  // namespace injector
