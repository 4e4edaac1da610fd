#include "core/signature.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace injector {
namespace {

std::string bytes(std::string_view hexadecimal) {
  std::string all;
  for (std::size_t i = 0; i < hexadecimal.size(); i += 2) {
    all += static_cast<char>(std::stoi(std::string(hexadecimal.substr(i, 2)), nullptr, 16));
  }
  return all;
}

// RFC 8032, 7.1, test 2; RFC 6979, A.2.5, SHA-256 of "sample".
const std::string ed25519_prefix = "302a300506032b6570032100";
const std::string ed25519_key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const std::string ed25519_signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
const std::string ecdsa_prefix = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const std::string ecdsa_x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const std::string ecdsa_y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const std::string ecdsa_signature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

PublicKey key_of(const std::string& hexadecimal) { return PublicKey::parse(bytes(hexadecimal), "key.pem"); }

struct Vector {
  std::string key;
  std::string signature;
  std::string message;
};

const Vector vectors[] = {{ed25519_prefix + ed25519_key, ed25519_signature, "r"},
                          {ecdsa_prefix + "04" + ecdsa_x + ecdsa_y, ecdsa_signature, "sample"}};

TEST(Signature, VectorsOfTheRfcs) {
  EXPECT_EQ(std::string(key_of(vectors[0].key).algorithm()), "Ed25519");
  EXPECT_EQ(std::string(key_of(vectors[1].key).algorithm()), "ECDSA P-256");
  for (const Vector& vector : vectors) {
    const PublicKey key = key_of(vector.key);
    EXPECT_TRUE(key.made(bytes(vector.signature), vector.message));
    EXPECT_FALSE(key.made(bytes(vector.signature), vector.message + "r"));
    EXPECT_FALSE(key.made(bytes(vector.signature), ""));
  }
  EXPECT_FALSE(key_of(vectors[0].key).made(bytes(ecdsa_signature), "r"));
  EXPECT_FALSE(key_of(vectors[1].key).made(bytes(ed25519_signature), "sample"));
}

TEST(Signature, NoBitMayDiffer) {
  for (const Vector& vector : vectors) {
    const PublicKey key = key_of(vector.key);
    std::string signature = bytes(vector.signature);
    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
      char& byte = signature[bit / 8];
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      EXPECT_FALSE(key.made(signature, vector.message)) << bit;
      byte = static_cast<char>(byte ^ (1 << bit % 8));
    }
    EXPECT_FALSE(key.made(signature + '\0', vector.message));
    EXPECT_FALSE(key.made(signature.substr(1), vector.message));
    EXPECT_FALSE(key.made("", vector.message));
  }
}

TEST(Signature, AnyOtherKeyIsRefused) {
  const std::string point = ecdsa_x + ecdsa_y;
  for (const std::string& key : {
           std::string(), ed25519_prefix, ed25519_prefix + ed25519_key + "00", ed25519_prefix + ed25519_key.substr(2),
           ed25519_key,
           "302a300506032b656e032100" + ed25519_key,     // X25519
           ecdsa_prefix + "04" + ecdsa_y + ecdsa_x,      // not on the curve
           ecdsa_prefix + "04" + std::string(128, '0'),  //
           ecdsa_prefix + "05" + point,                  //
           "3039301306072a8648ce3d020106082a8648ce3d030107032200"
           "03" +
               ecdsa_x,  // compressed
           "3056301006072a8648ce3d020106052b8104000a034200"
           "04" +
               point,  // secp256k1
       }) {
    try {
      key_of(key);
      ADD_FAILURE() << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.reason(), Reason::key_invalid) << key;
      EXPECT_EQ(error.path(), "key.pem");
    }
  }
}

}  // namespace
}  // namespace injector
