#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <string>

#include "core/error.h"

namespace injector::openssl {

// What one of OpenSSL's functions i2d_… makes of an object: where the buffer is null it allocates one. Throws internal,
// for an object that is null too.
template <typename Object, typename Encode>
std::string der_of(const Object* object, Encode encode) {
  unsigned char* buffer = nullptr;
  const int length = object == nullptr ? -1 : encode(object, &buffer);
  if (length <= 0) throw Error(Reason::internal, "", "OpenSSL cannot encode a key or a certificate");
  std::string der(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(length));
  OPENSSL_free(buffer);
  return der;
}

}  // namespace injector::openssl
