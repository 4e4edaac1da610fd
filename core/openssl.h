#pragma once

#include <string_view>

namespace injector::openssl {

// Before the first use of OpenSSL, and as often as anybody likes: whatever openssl.cnf the machine has must not choose
// our algorithms, and reading it costs time.
void prepare();

// OpenSSL's own results are never ignored: an update that did not happen would make any content look right. Throws
// internal, which names the call, unless result is 1.
void check(int result, const char* call);

// A text as OpenSSL takes bytes.
const unsigned char* bytes_of(std::string_view text);

}  // namespace injector::openssl
