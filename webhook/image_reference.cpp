#include "webhook/image_reference.h"

#include <algorithm>

namespace injector {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_tag = 128;
constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view hexadecimal = "0123456789abcdef";

bool is_of(std::string_view text, std::string_view allowed, std::string_view also = "") {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char byte) {
    return allowed.find(byte) != std::string_view::npos || also.find(byte) != std::string_view::npos;
  });
}

bool ends_are_of(std::string_view text, std::string_view allowed) {
  return is_of(text.substr(0, 1), allowed) && is_of(text.substr(text.size() - 1), allowed);
}

// A component of a path: runs of letters with one dot, one or two underscores or any number of dashes between them.
bool is_component(std::string_view text) {
  if (!is_of(text, lower, "._-") || !ends_are_of(text, lower)) return false;
  for (const std::string_view wrong : {"..", "___", "._", "_.", ".-", "-.", "_-", "-_"}) {
    if (text.find(wrong) != std::string_view::npos) return false;
  }
  return true;
}

bool is_host(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  if (colon < text.size() && !is_of(text.substr(colon + 1), "0123456789")) return false;
  const std::string_view name = text.substr(0, colon);
  return is_of(name, letters, ".-") && ends_are_of(name, letters) && name.find("..") == std::string_view::npos;
}

bool is_path(std::string_view path) {
  for (;;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (!is_component(path.substr(0, slash))) return false;
    if (slash == path.size()) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_name(std::string_view name) {
  if (name.size() > longest_name) return false;
  const std::size_t slash = name.find('/');
  const bool has_host =
      slash != std::string_view::npos && is_host(name.substr(0, slash)) && is_path(name.substr(slash + 1));
  return has_host || is_path(name);
}

bool is_tag(std::string_view tag) {
  return tag.size() <= longest_tag && is_of(tag, letters, "_.-") && is_of(tag.substr(0, 1), letters, "_");
}

// The two that registries have; the second is longer.
bool is_digest(std::string_view digest) {
  for (const auto& [algorithm, digits] :
       {std::pair(std::string_view("sha256:"), 64U), std::pair(std::string_view("sha512:"), 128U)}) {
    if (!digest.starts_with(algorithm)) continue;
    const std::string_view text = digest.substr(algorithm.size());
    return text.size() == digits && is_of(text, hexadecimal);
  }
  return false;
}

}  // namespace

bool is_image_reference(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    if (!is_digest(text.substr(at + 1))) return false;
    text = text.substr(0, at);
  }
  const std::size_t colon = text.rfind(':');
  const bool tagged = colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos;
  if (!tagged) return is_name(text);
  return is_tag(text.substr(colon + 1)) && is_name(text.substr(0, colon));
}

}  // namespace injector
