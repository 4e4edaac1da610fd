#include "core/digest.h"

#include <openssl/evp.h>

#include "core/error.h"
#include "core/openssl.h"

namespace injector {
namespace {

using openssl::check;

// The value of each lower-case hexadecimal digit; -1 for all else.
constexpr auto nibbles = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  std::int8_t value = 0;
  for (const char digit : std::string_view("0123456789abcdef")) values[static_cast<unsigned char>(digit)] = value++;
  return values;
}();

int nibble(char c) { return nibbles[static_cast<unsigned char>(c)]; }

}  // namespace

std::optional<Digest> Digest::parse(std::string_view hexadecimal) {
  if (hexadecimal.size() != 2 * size) return std::nullopt;
  std::array<std::uint8_t, size> bytes{};
  for (std::size_t i = 0; i < size; ++i) {
    const int high = nibble(hexadecimal[2 * i]);
    const int low = nibble(hexadecimal[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Digest(bytes);
}

std::string Digest::text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (const std::uint8_t byte : bytes_) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

struct Hasher::Context {
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Hasher::Hasher() {
  openssl::prepare();
  context_ = std::make_unique<Context>();
  if (!context_->algorithm || !context_->state) throw Error(Reason::out_of_memory, "", "SHA-256 cannot be set up");
  check(EVP_DigestInit_ex2(context_->state.get(), context_->algorithm.get(), nullptr), "EVP_DigestInit_ex2");
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view bytes) {
  check(EVP_DigestUpdate(context_->state.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
}

Digest Hasher::finish() {
  std::array<std::uint8_t, Digest::size> bytes{};
  check(EVP_DigestFinal_ex(context_->state.get(), bytes.data(), nullptr), "EVP_DigestFinal_ex");
  check(EVP_DigestInit_ex2(context_->state.get(), nullptr, nullptr), "EVP_DigestInit_ex2");
  return Digest(bytes);
}

Digest Hasher::digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace injector
