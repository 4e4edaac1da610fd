#include "core/openssl.h"

#include <openssl/crypto.h>

#include <string>

#include "core/error.h"

namespace injector::openssl {

void prepare() { check(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr), "OPENSSL_init_crypto"); }

void check(int result, const char* call) {
  if (result != 1) throw Error(Reason::internal, "", std::string(call) + " failed");
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace injector::openssl
