#pragma once

#include <string_view>

namespace injector::openssl {

// Before the first use of OpenSSL, and as often as anybody likes: whatever openssl.cnf the machine has must not choose
// our algorithms, and reading it costs time.
void prepare();

// OpenSSL's own results are never ignored: an update that did not happen would make any content look right. Throws
// internal, which names the call, unless result is 1.
void check(int result, const char* call);

// For a std::unique_ptr that owns one of OpenSSL's objects: calls the function that frees it.
template <auto Free>
struct Freed {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

// A text as OpenSSL takes bytes.
const unsigned char* bytes_of(std::string_view text);

}  // namespace injector::openssl
