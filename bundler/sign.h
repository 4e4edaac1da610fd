#pragma once

#include <string>

#include "bundler/options.h"

namespace injector {

// Writes manifest.json.sig of a bundle, in place of the one that is there, and gives what the closing line says of it.
// Throws bundle_not_found, manifest_invalid, and what PrivateKey::read throws; then all is as it was.
std::string sign(const SignOptions& options);

}  // namespace injector
