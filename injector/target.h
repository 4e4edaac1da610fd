#pragma once

#include <string>

#include "core/directory.h"

namespace injector {

// The directory to install into. Throws target_missing or target_not_directory: it is never created, since a volume
// that was forgotten would then look like a volume that is empty.
Directory open_target(const std::string& path);

}  // namespace injector
