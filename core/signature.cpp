#include "core/signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/openssl.h"

namespace injector {
namespace {

using namespace std::string_view_literals;

// A public key is one of these prefixes (RFC 8410 and 5480), and then the key itself: a parser of ASN.1 would let more
// in than is meant.
struct Form {
  const char* algorithm;
  const char* type;    // OpenSSL's name
  const char* group;   // the same, of the curve, where there is a choice
  const char* digest;  // the same
  std::string_view prefix;
  std::size_t size;  // of the key, in bytes
};

constexpr std::array forms = {
    Form{"Ed25519", "ED25519", nullptr, nullptr, "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"sv, 32},
    Form{"ECDSA P-256", "EC", "prime256v1", "SHA256",
         "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"sv,
         65},
};

template <typename Object>
using Owned = std::unique_ptr<Object, void (*)(Object*)>;

template <typename Object>
Owned<Object> owned(Object* object, void (*free)(Object*)) {
  if (object == nullptr) throw Error(Reason::out_of_memory, "", "OpenSSL cannot be set up");
  return {object, free};
}

// Null where OpenSSL refuses the key: a point that is not on its curve.
OpenSslKey make_key(const Form& form, std::string_view bytes) {
  openssl::prepare();
  const auto context = owned(EVP_PKEY_CTX_new_from_name(nullptr, form.type, nullptr), EVP_PKEY_CTX_free);
  openssl::check(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
  std::string copy(bytes);  // OpenSSL's parameters are not const
  std::string group(form.group == nullptr ? "" : form.group);
  std::array parameters = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
                           form.group == nullptr
                               ? OSSL_PARAM_construct_end()
                               : OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
                           OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) return nullptr;
  return OpenSslKey(key);
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Pem read_key_file(const std::string& path, std::string_view label) {
  auto file = File::try_open(path);
  if (!file) throw Error(Reason::key_not_found, path, "does not exist");
  const auto text = file->try_read_all(max_key_file);
  if (!text) {
    throw Error(Reason::key_invalid, path, "is no regular file of at most " + std::to_string(max_key_file) + " bytes");
  }
  Pem pem = parse_pem(*text);
  if (!pem.problem.empty()) throw Error(Reason::key_invalid, path, "is no PEM file: it " + pem.problem);
  if (pem.label != label) {
    throw Error(Reason::key_invalid, path, "holds a " + pem.label + ", not a " + std::string(label));
  }
  return pem;
}

PublicKey PublicKey::read(const std::string& path) { return parse(read_key_file(path, label).bytes, path); }

PublicKey PublicKey::parse(std::string_view der, const std::string& path) {
  for (const Form& form : forms) {
    if (!der.starts_with(form.prefix) || der.size() != form.prefix.size() + form.size) continue;
    OpenSslKey key = make_key(form, der.substr(form.prefix.size()));
    if (key) return {std::move(key), form.algorithm, form.digest};
  }
  throw Error(Reason::key_invalid, path, "is neither an Ed25519 key nor an ECDSA key on the curve P-256");
}

bool PublicKey::made(std::string_view signature, std::string_view message) const {
  const auto context = owned(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  openssl::check(EVP_DigestVerifyInit_ex(context.get(), nullptr, digest_, nullptr, nullptr, key_.get(), nullptr),
                 "EVP_DigestVerifyInit_ex");
  return EVP_DigestVerify(context.get(), openssl::bytes_of(signature), signature.size(), openssl::bytes_of(message),
                          message.size()) == 1;
}

}  // namespace injector
