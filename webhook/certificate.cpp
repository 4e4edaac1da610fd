#include "webhook/certificate.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "core/der.h"
#include "core/error.h"
#include "core/openssl.h"
#include "core/pem.h"
#include "core/signature.h"

namespace injector {
namespace {

using openssl::bytes_of;
using openssl::check;
using openssl::der_of;
using openssl::Freed;

constexpr std::string_view certificate_label = "CERTIFICATE";
constexpr std::string_view key_label = "PRIVATE KEY";

using X509Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using KeyInfo = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<PKCS8_PRIV_KEY_INFO_free>>;

// X.509's own limit for a common name. Nobody compares it: names are in the extension.
constexpr std::size_t max_common_name = 64;

void set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};  // RFC 5280: positive, at most 20 bytes; nobody else may guess it
  check(RAND_bytes(bytes.data(), bytes.size()), "RAND_bytes");
  bytes.front() = static_cast<unsigned char>((bytes.front() & 0x3fU) | 0x40U);
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) check(0, "BN_to_ASN1_INTEGER");
}

void set_name(X509* certificate, std::string_view name) {
  const std::string_view common = name.substr(0, max_common_name);
  X509_NAME* subject = X509_get_subject_name(certificate);
  check(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, bytes_of(common),
                                   static_cast<int>(common.size()), -1, 0),
        "X509_NAME_add_entry_by_NID");
  check(X509_set_issuer_name(certificate, subject), "X509_set_issuer_name");
}

void set_validity(X509* certificate, Time from, Time until) {
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), from) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), until) == nullptr) {
    check(0, "ASN1_TIME_set");
  }
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  check(extension ? 1 : 0, "X509V3_EXT_conf_nid");
  check(X509_add_ext(certificate, extension.get(), -1), "X509_add_ext");
}

std::optional<Time> read_time(const ASN1_TIME* text) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(text, &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

std::optional<Validity> validity_of(const X509* certificate) {
  const auto from = read_time(X509_get0_notBefore(certificate));
  const auto until = read_time(X509_get0_notAfter(certificate));
  if (!from || !until || *from >= *until) return std::nullopt;
  return Validity{*from, *until};
}

X509Certificate parse_certificate(std::string_view text) {
  const Pem pem = parse_pem(text);
  if (!pem.problem.empty() || pem.label != certificate_label) return nullptr;
  const unsigned char* at = bytes_of(pem.bytes);
  X509Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(pem.bytes.size())));
  return at == bytes_of(pem.bytes) + pem.bytes.size() ? std::move(certificate) : nullptr;
}

OpenSslKey parse_key(std::string_view text) {
  const Pem pem = parse_pem(text);
  if (!pem.problem.empty() || pem.label != key_label) return nullptr;
  const unsigned char* at = bytes_of(pem.bytes);
  return OpenSslKey(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pem.bytes.size())));
}

}  // namespace

Leaf make_leaf(const std::string& name, Time now, Time lifetime) {
  openssl::prepare();
  constexpr long version_3 = 2;
  const OpenSslKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const X509Certificate certificate(X509_new());
  if (!key || !certificate) check(0, "EVP_PKEY_Q_keygen");
  X509* const x509 = certificate.get();
  check(X509_set_version(x509, version_3), "X509_set_version");
  set_serial(x509);
  set_name(x509, name);
  set_validity(x509, now - head_start, now + lifetime);
  check(X509_set_pubkey(x509, key.get()), "X509_set_pubkey");
  add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x509, NID_key_usage, "critical,digitalSignature");
  add_extension(x509, NID_ext_key_usage, "serverAuth");
  add_extension(x509, NID_subject_key_identifier, "hash");
  add_extension(x509, NID_subject_alt_name, "DNS:" + name);
  if (X509_sign(x509, key.get(), EVP_sha256()) <= 0) check(0, "X509_sign");
  const KeyInfo info(EVP_PKEY2PKCS8(key.get()));
  return {print_pem(certificate_label, der_of(x509, i2d_X509)),
          print_pem(key_label, der_of(info.get(), i2d_PKCS8_PRIV_KEY_INFO)),
          {now - head_start, now + lifetime}};
}

std::optional<Leaf> read_leaf(std::string_view certificate, std::string_view key, const std::string& name) {
  openssl::prepare();
  if (certificate.size() > max_leaf_file || key.size() > max_leaf_file) return std::nullopt;
  const X509Certificate x509 = parse_certificate(certificate);
  const OpenSslKey secret = parse_key(key);
  if (!x509 || !secret || X509_check_private_key(x509.get(), secret.get()) != 1) return std::nullopt;
  if (X509_check_host(x509.get(), name.data(), name.size(), 0, nullptr) != 1) return std::nullopt;
  const auto validity = validity_of(x509.get());
  if (!validity) return std::nullopt;
  return Leaf{std::string(certificate), std::string(key), *validity};
}

std::vector<Anchor> read_anchors(std::string_view text) {
  openssl::prepare();
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view end = "-----END CERTIFICATE-----";
  std::vector<Anchor> anchors;
  for (std::size_t at = text.find(begin); at != std::string_view::npos;) {
    std::size_t next = text.find(begin, at + begin.size());
    const std::string_view part = text.substr(at, next - at);
    at = next;
    const std::size_t stop = part.find(end);
    if (stop == std::string_view::npos) continue;
    const X509Certificate x509 = parse_certificate(part.substr(0, stop + end.size()));
    const auto validity = x509 ? validity_of(x509.get()) : std::nullopt;
    if (validity) anchors.push_back({print_pem(certificate_label, der_of(x509.get(), i2d_X509)), *validity});
  }
  return anchors;
}

}  // namespace injector
