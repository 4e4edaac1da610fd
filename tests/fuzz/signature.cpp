#include "core/signature.h"

#include "core/pem.h"
#include "core/version_order.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {

// The file of a public key.
void run_key(std::string_view bytes) {
  const Pem pem = parse_pem(bytes);
  if (!pem.problem.empty()) return;
  const Pem again = parse_pem(print_pem(pem.label, pem.bytes));
  require(again.problem.empty() && again.label == pem.label && again.bytes == pem.bytes,
          "a key that was written and read is another one");
  accepts([&] {
    const PublicKey key = PublicKey::parse(pem.bytes, "k");
    require(!key.made(bytes, bytes) && !key.made("", bytes), "what is no signature was made with a key");
  });
}

// The file of a key, that of a signature, and what was signed.
void run_signature(std::string_view bytes) {
  const auto texts = parts(bytes, 3);
  const auto signature = decode_base64(without_line_ends(texts[1]));
  if (!signature) return;
  require(encode_base64(*signature) == without_line_ends(texts[1]), "two texts are one signature");
  const Pem pem = parse_pem(texts[0]);
  if (!pem.problem.empty()) return;
  accepts([&] {
    const PublicKey key = PublicKey::parse(pem.bytes, "k");
    if (!key.made(*signature, texts[2])) return;
    require(!key.made(*signature, texts[2] + ' '), "two messages have one signature");
    require(!key.made(*signature + '\0', texts[2]), "a signature may have something behind it");
  });
}

// Three versions: an order is one whichever two are compared.
void run_version(std::string_view bytes) {
  const auto texts = parts(bytes, 3);
  for (const std::string& a : texts) {
    require(compare_versions(a, a) == 0, "a version is not itself");
    for (const std::string& b : texts) {
      const auto order = compare_versions(a, b);
      require((order < 0) == (compare_versions(b, a) > 0), "two versions are both the older");
      for (const std::string& c : texts) {
        require(order > 0 || compare_versions(b, c) > 0 || compare_versions(a, c) <= 0, "three versions go round");
      }
    }
  }
}

}  // namespace injector::fuzz
