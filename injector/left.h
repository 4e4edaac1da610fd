#pragma once

#include <string>

#include "injector/install.h"
#include "injector/interrupt.h"

namespace injector {

// What an application has in the target of an install that failed, as a sentence for the closing line. Throws
// std::bad_alloc alone: what cannot be looked at is told in general terms.
std::string describe_what_is_left(const InstallOptions& options, const Interrupt& interrupt);

}  // namespace injector
