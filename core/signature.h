#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/pem.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace injector {

// Detached signatures, as docs/signature.md specifies them: Ed25519 (RFC 8032, of the message itself), or ECDSA on the
// curve P-256 over the message's SHA-256, in DER. Nothing else is known here, and a key decides which one it makes.

// The file of a signature, in the directory of its manifest.
inline constexpr const char* signature_name = "manifest.json.sig";

// A key's file has at most so many bytes: one takes 300. Both limits keep what is no key or signature out of memory.
inline constexpr std::size_t max_key_file = 4096;
inline constexpr std::size_t max_signature_file = 1024;  // one takes 100

// A key's file: the only block of the PEM file, which must have that label. Links are followed, for that is how a
// ConfigMap is mounted. Throws key_not_found, key_invalid, or io_error where it may not be read.
Pem read_key_file(const std::string& path, std::string_view label);

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using OpenSslKey = std::unique_ptr<evp_pkey_st, FreeKey>;

// Not for use by several threads at once.
class PublicKey {
 public:
  static constexpr std::string_view label = "PUBLIC KEY";

  // Of a file as read_key_file wants it.
  static PublicKey read(const std::string& path);
  // Of a SubjectPublicKeyInfo in DER, in the one form that has the curve by its name and the point uncompressed. path
  // is for messages. Throws key_invalid.
  static PublicKey parse(std::string_view der, const std::string& path);

  // Whether the owner of this key signed the message. signature: its bytes, not its file's. False as well for what is
  // no signature at all.
  bool made(std::string_view signature, std::string_view message) const;

  // For messages: "Ed25519" or "ECDSA P-256".
  const char* algorithm() const { return algorithm_; }
  // What OpenSSL calls the digest of the algorithm; null where it takes the message itself.
  const char* digest() const { return digest_; }

 private:
  PublicKey(OpenSslKey key, const char* algorithm, const char* digest)
      : key_(std::move(key)), algorithm_(algorithm), digest_(digest) {}

  OpenSslKey key_;
  const char* algorithm_;
  const char* digest_;
};

}  // namespace injector
