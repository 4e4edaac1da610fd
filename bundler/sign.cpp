#include "bundler/sign.h"

#include "bundler/private_key.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/manifest_json.h"
#include "core/process.h"
#include "core/tree_guard.h"

namespace injector {
namespace {

// Whoever reads the name meanwhile finds the old signature or the new one, whole.
void replace(const Directory& directory, const std::string& name, const std::string& text, std::int64_t time) {
  TreeGuard draft(directory, '.' + name + '.' + process::random_name(), [](const Error&) {});
  File file = directory.create_file(draft.name(), 0644);
  file.write_all(text);
  file.set_modification_time(time);
  file.close();
  directory.rename_from(directory, draft.name(), name);
  draft.dismiss();
  directory.set_modification_time(time);
}

}  // namespace

std::string sign(const SignOptions& options) {
  const PrivateKey key = PrivateKey::read(options.key);
  const auto bundle = Directory::try_open(options.bundle);
  if (!bundle) throw Error(Reason::bundle_not_found, options.bundle, "there is no such directory");
  auto file = bundle->try_open_file("manifest.json");
  if (!file) throw Error(Reason::bundle_not_found, bundle->path_of("manifest.json"), "is no file that can be read");
  const std::string document = file->read_all(Manifest::max_document);
  const Manifest manifest = parse_manifest(document, file->path());
  replace(*bundle, signature_name, encode_base64(key.sign(document)), options.time);
  return manifest.name() + ' ' + manifest.version() + ", with an " + key.public_key().algorithm() + " key";
}

}  // namespace injector
