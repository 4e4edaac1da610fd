#include "webhook/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <ctime>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/openssl.h"

namespace injector {
namespace {

using openssl::Freed;

constexpr std::size_t max_file = std::size_t{1} << 20U;

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  ERR_clear_error();
  throw Error(Reason::key_invalid, path, problem, "Put a PEM certificate and its key there.");
}

std::optional<std::string> try_read(const std::string& path) {
  auto file = File::try_open(path);
  return file ? std::optional(file->read_all(max_file)) : std::nullopt;
}

std::string read_whole(const std::string& path) {
  auto text = try_read(path);
  if (!text) throw Error(Reason::key_not_found, path, "does not exist", "Give --certificates a directory that has it.");
  return std::move(*text);
}

Bio reading(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Certificate next_certificate(BIO* from) { return Certificate(PEM_read_bio_X509(from, nullptr, nullptr, nullptr)); }

std::int64_t seconds(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

// Whether the leaf leads to one of the bundle: it may itself be in it, as a certificate that signed itself is.
bool leads_to(const std::string& bundle, X509* leaf) {
  const Store store(X509_STORE_new());
  const Bio from = reading(bundle);
  while (const Certificate trusted = next_certificate(from.get())) X509_STORE_add_cert(store.get(), trusted.get());
  ERR_clear_error();  // the end of the file is one
  const StoreContext check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), store.get(), leaf, nullptr);
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return good;
}

std::shared_ptr<SSL_CTX> new_context() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // The API server keeps its connections and resumes none: tickets would be made for nobody.
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

}  // namespace

ServerCertificate ServerCertificate::read(const std::string& directory) {
  const std::string certificate_path = directory + "/tls.crt";
  const std::string key_path = directory + "/tls.key";
  const std::string chain = read_whole(certificate_path);
  const std::string key_text = read_whole(key_path);
  const Bio from = reading(chain);
  const Certificate leaf = next_certificate(from.get());
  if (!leaf) refuse(certificate_path, "holds no certificate");
  // Without this, OpenSSL would ask a terminal for the password of a key that has one.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const Key key(PEM_read_bio_PrivateKey(reading(key_text).get(), nullptr, no_password, nullptr));
  if (!key) refuse(key_path, "holds no private key that needs no password");
  ServerCertificate result;
  result.context_ = new_context();
  SSL_CTX* const context = result.context_.get();
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    refuse(key_path, "is not the key of tls.crt");
  }
  while (Certificate issuer = next_certificate(from.get())) SSL_CTX_add1_chain_cert(context, issuer.get());
  ERR_clear_error();
  result.not_before_ = seconds(X509_get0_notBefore(leaf.get()));
  result.not_after_ = seconds(X509_get0_notAfter(leaf.get()));
  if (const auto bundle = try_read(directory + "/ca.crt")) result.in_bundle_ = leads_to(*bundle, leaf.get());
  return result;
}

ssl_st* ServerCertificate::connection() const { return SSL_new(context_.get()); }

std::string ServerCertificate::doubt(std::int64_t now) const {
  if (now < not_before_) return "the certificate is not valid yet";
  if (now > not_after_) return "the certificate has expired";
  if (!in_bundle_) return "the certificate does not lead to any in ca.crt";
  return "";
}

}  // namespace injector
