#pragma once

#include <string>

#include "core/directory.h"
#include "core/manifest.h"

namespace injector {

// A bundle whose manifest was read and obeys its rules. What the payload holds is checked when it is compared or
// copied.
struct Bundle {
  std::string document;  // the bytes of manifest.json
  Manifest manifest;
  Directory payload;

  // Throws bundle_not_found, missing_entry or manifest_invalid.
  static Bundle open(const std::string& path);
};

}  // namespace injector
