#pragma once

#include <string>

#include "bundler/options.h"

namespace injector {

// Makes a pair of keys, each in a file that was not there before, the private one for its owner alone; gives what the
// closing line says of it. Throws name_taken and the like, and then leaves neither.
std::string generate_keys(const KeygenOptions& options);

}  // namespace injector
