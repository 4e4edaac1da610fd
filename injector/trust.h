#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "core/signature.h"

namespace injector {

// What a bundle or a record has to show before it is believed: the options of install, verify and run.
struct Trust {
  std::vector<std::string> public_keys;  // files; where there is none, no signature is asked for
  std::optional<std::string> minimum_version;
};

using PublicKeys = std::vector<PublicKey>;

// All of them: a key that cannot be had is an error, and never one key less. Throws as PublicKey::read.
PublicKeys read_keys(const std::vector<std::string>& paths);

// A manifest, the bytes that it was read from, and those of the signature beside it, where keys were given.
struct SignedManifest {
  std::string document;
  std::string signature;
  Manifest manifest;
};

// Reads an open manifest and the signature that is beside it in its directory. Where there are keys, one of them must
// have made it for these very bytes, or nothing else is made of them: signature_missing, signature_invalid. Without
// keys it is not looked at. Throws manifest_invalid as well.
SignedManifest read_manifest(const Directory& directory, File& file, const PublicKeys& keys);

// Throws version_too_old. path is for messages.
void check_version(const Manifest& manifest, const Trust& trust, const std::string& path);

}  // namespace injector
