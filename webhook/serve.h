#pragma once

#include "webhook/options.h"

namespace injector {

// Answers the API server until a signal asks for the end. Throws Error where it cannot begin: without a catalog, a
// configuration that can be read, or an address. What is wrong later is a line in the log.
void serve(const ServeOptions& options);

}  // namespace injector
