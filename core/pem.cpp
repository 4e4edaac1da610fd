#include "core/pem.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/openssl.h"

namespace injector {
namespace {

using openssl::bytes_of;

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_line_end(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_line_end(text.back())) text.remove_suffix(1);
  return text;
}

Pem problem(std::string text) { return {"", "", std::move(text)}; }

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a NUL behind it
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  // OpenSSL passes over blanks, counts what padding stands for, and does not look at the bits that are left over.
  const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
  bytes.resize(static_cast<std::size_t>(length) - std::min(static_cast<std::size_t>(length), padding));
  if (encode_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string without_line_ends(std::string_view text) {
  std::string joined(text);
  std::erase_if(joined, is_line_end);
  return joined;
}

Pem parse_pem(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with(begin_mark)) return problem("does not begin with " + std::string(begin_mark));
  text.remove_prefix(begin_mark.size());
  const std::size_t label_end = text.find(dashes);
  if (label_end == std::string_view::npos) return problem("has no label");
  Pem pem;
  pem.label = text.substr(0, label_end);
  text.remove_prefix(label_end + dashes.size());
  const std::string end = std::string(end_mark) + pem.label + std::string(dashes);
  const std::size_t body_end = text.find(end);
  if (body_end == std::string_view::npos) return problem("does not end with " + end);
  if (body_end + end.size() != text.size()) return problem("has more than one key, or text behind it");
  auto bytes = decode_base64(without_line_ends(text.substr(0, body_end)));
  if (!bytes) return problem("is not base64");
  pem.bytes = std::move(*bytes);
  return pem;
}

std::string print_pem(std::string_view label, std::string_view bytes) {
  constexpr std::size_t width = 64;
  std::string text = std::string(begin_mark).append(label).append(dashes).append("\n");
  const std::string body = encode_base64(bytes);
  for (std::size_t at = 0; at < body.size(); at += width) text += body.substr(at, width) + '\n';
  return text.append(end_mark).append(label).append(dashes).append("\n");
}

}  // namespace injector
