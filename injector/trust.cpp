#include "injector/trust.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/manifest_json.h"
#include "core/version_order.h"

namespace injector {
namespace {

std::string read_signature(const Directory& directory) {
  auto file = directory.try_open_file(signature_name);
  const std::string path = directory.path_of(signature_name);
  if (!file) throw Error(Reason::signature_missing, path, "is no file that can be read, and there is a public key");
  auto text = file->try_read_all(max_signature_file);
  if (text) return std::move(*text);
  throw Error(Reason::signature_invalid, path,
              "is no regular file of at most " + std::to_string(max_signature_file) + " bytes");
}

void check_signature(const std::string& document, const std::string& text, const PublicKeys& keys,
                     const std::string& path) {
  const auto signature = decode_base64(without_line_ends(text));
  if (!signature) throw Error(Reason::signature_invalid, path, "is not base64");
  const auto made = [&](const PublicKey& key) { return key.made(*signature, document); };
  if (std::any_of(keys.begin(), keys.end(), made)) return;
  throw Error(Reason::signature_invalid, path, "was not made for this manifest.json by any of the public keys");
}

}  // namespace

PublicKeys read_keys(const std::vector<std::string>& paths) {
  PublicKeys keys;
  keys.reserve(paths.size());
  for (const std::string& path : paths) keys.push_back(PublicKey::read(path));
  return keys;
}

SignedManifest read_manifest(const Directory& directory, File& file, const PublicKeys& keys) {
  std::string document = file.read_all(Manifest::max_document);
  std::string signature;
  if (!keys.empty()) {
    signature = read_signature(directory);
    check_signature(document, signature, keys, directory.path_of(signature_name));
  }
  Manifest manifest = parse_manifest(document, file.path());
  return {std::move(document), std::move(signature), std::move(manifest)};
}

void check_version(const Manifest& manifest, const Trust& trust, const std::string& path) {
  if (!trust.minimum_version || compare_versions(manifest.version(), *trust.minimum_version) >= 0) return;
  throw Error(Reason::version_too_old, path,
              manifest.name() + ' ' + manifest.version() + " is older than " + *trust.minimum_version);
}

}  // namespace injector
