#include "bundler/sign.h"

#include "bundler/draft.h"
#include "bundler/private_key.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {
std::string sign(const SignOptions& options) {
  const PrivateKey key = PrivateKey::read(options.key);
  const auto bundle = Directory::try_open(options.bundle);
  if (!bundle) throw Error(Reason::bundle_not_found, options.bundle, "there is no such directory");
  auto file = bundle->try_open_file("manifest.json");
  if (!file) throw Error(Reason::bundle_not_found, bundle->path_of("manifest.json"), "is no file that can be read");
  const std::string document = file->read_all(Manifest::max_document);
  const Manifest manifest = parse_manifest(document, file->path());
  replace_file(*bundle, signature_name, encode_base64(key.sign(document)), options.time);
  bundle->set_modification_time(options.time);
  return manifest.name() + ' ' + manifest.version() + ", with an " + key.public_key().algorithm() + " key";
}

}  // namespace injector
