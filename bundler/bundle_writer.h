#pragma once

#include <cstdint>
#include <string>

#include "bundler/collect.h"
#include "core/manifest.h"

namespace injector {

// Writes a bundle at output, which must not be there yet: beside it first, then under its name at once. Files of equal
// content and mode are hard links; every time is the given one (seconds since the epoch). Throws name_taken, io_error
// and the like, and then leaves nothing.
void write_bundle(const std::string& output, const Manifest& manifest, const Collection& collection, std::int64_t time);

}  // namespace injector
