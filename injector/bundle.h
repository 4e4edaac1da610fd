#pragma once

#include <string>

#include "core/directory.h"
#include "core/manifest.h"
#include "core/selectors.h"
#include "injector/trust.h"

namespace injector {

// A bundle whose manifest was read and obeys its rules. What the payload holds is checked when it is compared or
// copied.
struct Bundle {
  std::string document;   // the bytes of manifest.json
  std::string signature;  // those of manifest.json.sig, where there were keys
  Manifest manifest;
  Directory payload;
  std::string selection;  // what choose kept of the choice, as the record keeps it

  // Where there are keys, one of them must have signed the manifest, or nothing in the bundle is believed. Throws
  // bundle_not_found, missing_entry, and what read_manifest throws.
  static Bundle open(const std::string& path, const PublicKeys& keys);
  // Leaves out of the manifest what the choice, or this machine's architecture, does not want. A part of the choice
  // about which the manifest says nothing is ignored. Throws does_not_fit where the bundle has nothing of a kind.
  void choose(Choice choice);
};

}  // namespace injector
