#include "bundler/private_key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

#include "core/der.h"
#include "core/error.h"
#include "core/openssl.h"

namespace injector {
namespace {

using openssl::bytes_of;
using openssl::check;
using openssl::der_of;

std::string pkcs8_of(const EVP_PKEY* key) {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(EVP_PKEY2PKCS8(key),
                                                                                       PKCS8_PRIV_KEY_INFO_free);
  return der_of(info.get(), i2d_PKCS8_PRIV_KEY_INFO);
}

}  // namespace

PrivateKey::PrivateKey(OpenSslKey key, const std::string& path)
    : key_(std::move(key)), public_key_(PublicKey::parse(der_of(key_.get(), i2d_PUBKEY), path)) {}

PrivateKey PrivateKey::generate() {
  openssl::prepare();
  OpenSslKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) throw Error(Reason::internal, "", "EVP_PKEY_Q_keygen failed");
  return {std::move(key), ""};
}

PrivateKey PrivateKey::read(const std::string& path) {
  openssl::prepare();
  const std::string der = read_key_file(path, label).bytes;
  const unsigned char* at = bytes_of(der);
  OpenSslKey key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != bytes_of(der) + der.size()) {
    throw Error(Reason::key_invalid, path, "is no private key in PKCS #8");
  }
  return {std::move(key), path};
}

std::string PrivateKey::pem() const { return print_pem(label, pkcs8_of(key_.get())); }

std::string PrivateKey::public_pem() const { return print_pem(PublicKey::label, der_of(key_.get(), i2d_PUBKEY)); }

std::string PrivateKey::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context) throw Error(Reason::out_of_memory, "", "OpenSSL cannot be set up");
  check(EVP_DigestSignInit_ex(context.get(), nullptr, public_key_.digest(), nullptr, nullptr, key_.get(), nullptr),
        "EVP_DigestSignInit_ex");
  const auto sign = [&](unsigned char* to, std::size_t& size) {
    check(EVP_DigestSign(context.get(), to, &size, bytes_of(message), message.size()), "EVP_DigestSign");
  };
  std::size_t size = 0;
  sign(nullptr, size);
  std::string signature(size, '\0');
  sign(reinterpret_cast<unsigned char*>(signature.data()), size);
  signature.resize(size);
  return signature;
}

}  // namespace injector
