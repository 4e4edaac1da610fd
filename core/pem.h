#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace injector {

// RFC 4648, with padding. What decode takes is what encode gives, and nothing else: a text that differs in one bit
// never means the same bytes.
std::string encode_base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);

// text without its line ends, LF and CR: some tools wrap base64 and some do not.
std::string without_line_ends(std::string_view text);

// What a PEM file (RFC 7468) of one block holds: the block's label, as PUBLIC KEY, and the bytes it encodes. Nothing
// may stand before or behind the block but line ends. problem is a clause, empty where there is none.
struct Pem {
  std::string label;
  std::string bytes;
  std::string problem;
};
Pem parse_pem(std::string_view text);

// The same as a file, in lines of 64 characters.
std::string print_pem(std::string_view label, std::string_view bytes);

}  // namespace injector
