#include "injector/bundle.h"

#include "core/error.h"
#include "core/manifest_json.h"

namespace injector {

Bundle Bundle::open(const std::string& path) {
  const auto root = Directory::try_open(path);
  if (!root) throw Error(Reason::bundle_not_found, path, "there is no such directory");
  auto file = root->try_open_file("manifest.json");
  if (!file || file->status().type != FileType::file)
    throw Error(Reason::bundle_not_found, root->path_of("manifest.json"), "is no file that can be read");
  auto [document, manifest] = read_manifest(*file);
  auto payload = root->try_open_directory("payload");
  if (!payload) throw Error(Reason::missing_entry, root->path_of("payload"), "is no directory that can be read");
  return {std::move(document), std::move(manifest), std::move(*payload)};
}

}  // namespace injector
