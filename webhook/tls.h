#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace injector {

// A certificate with its private key, to serve TLS 1.3 with.
class ServerCertificate {
 public:
  // Reads DIRECTORY/tls.crt and tls.key, PEM, as a Secret of type kubernetes.io/tls has them, and ca.crt, if it is
  // there: the bundle by which clients believe it. Throws Error with the file that is wrong.
  static ServerCertificate read(const std::string& directory);

  // The state of a new connection; the caller frees it.
  ssl_st* connection() const;

  // Seconds since 1970.
  std::int64_t not_after() const { return not_after_; }
  // Why no client would believe it now; empty where it would.
  std::string doubt(std::int64_t now) const;

 private:
  std::shared_ptr<ssl_ctx_st> context_;
  std::int64_t not_before_ = 0;
  std::int64_t not_after_ = 0;
  bool in_bundle_ = true;
};

}  // namespace injector
