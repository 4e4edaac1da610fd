#pragma once

#include <string>
#include <string_view>

#include "core/signature.h"

namespace injector {

// The key that signs manifests; injector knows only its public half. Not for use by several threads at once.
class PrivateKey {
 public:
  static constexpr std::string_view label = "PRIVATE KEY";

  // A new Ed25519 key: what it signs twice gets the same signature, and it needs no random number to do so.
  static PrivateKey generate();
  // Of a file as read_key_file wants it, in PKCS #8 and not encrypted. Throws as that does, and key_invalid.
  static PrivateKey read(const std::string& path);

  const PublicKey& public_key() const { return public_key_; }
  std::string pem() const;
  std::string public_pem() const;
  // The bytes of the signature.
  std::string sign(std::string_view message) const;

 private:
  PrivateKey(OpenSslKey key, const std::string& path);

  OpenSslKey key_;
  PublicKey public_key_;
};

}  // namespace injector
