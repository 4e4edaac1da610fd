#pragma once

#include <string>

#include "webhook/options.h"

namespace injector {

// A MutatingAdmissionPolicy and its binding, as a List that kubectl applies: the API server then adds one library by
// itself, without a webhook. docs/policy.md says what it does not do. Throws Error where the catalog or the
// configuration has not what is asked for.
std::string policy(const PolicyOptions& options);

}  // namespace injector
