#pragma once

#include <string>

#include "core/directory.h"

namespace injector {

// Who is at work below .injector, as the locks of the stages say it: " (pid 7 on HOST)", to be put behind a noun; empty
// where none says so. Never throws: it is for the message of somebody who has waited in vain.
std::string holder_of(const Directory& injector_folder);

}  // namespace injector
