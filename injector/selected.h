#pragma once

#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "injector/compare.h"
#include "injector/options.h"

namespace injector {

// A manifest that a command was asked about, and the tree that it describes.
struct Selected {
  std::string document;
  Manifest manifest;
  Directory tree;
  std::string selection;  // of a record: which entries are installed, where not all are
  Modes modes = Modes::kept;
};

// The one of the bundle, or those of the target in the order of their names. Throws bundle_not_found, not_installed,
// version_too_old, or what is wrong with a key, a signature or a manifest.
std::vector<Selected> select(const Selection& selection);

}  // namespace injector
