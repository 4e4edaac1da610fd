#include "injector/bundle.h"

#include "core/error.h"
#include "core/process.h"

namespace injector {
namespace {

std::string joined(const std::set<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

}  // namespace

Bundle Bundle::open(const std::string& path, const PublicKeys& keys) {
  const auto root = Directory::try_open(path);
  if (!root) throw Error(Reason::bundle_not_found, path, "there is no such directory");
  auto file = root->try_open_file("manifest.json");
  if (!file || file->status().type != FileType::file)
    throw Error(Reason::bundle_not_found, root->path_of("manifest.json"), "is no file that can be read");
  auto [document, signature, manifest] = read_manifest(*root, *file, keys);
  auto payload = root->try_open_directory("payload");
  if (!payload) throw Error(Reason::missing_entry, root->path_of("payload"), "is no directory that can be read");
  return {std::move(document), std::move(signature), std::move(manifest), std::move(*payload), ""};
}

void Bundle::choose(Choice choice) {
  if (!choice.names("arch")) choice.add("arch", std::string(process::architecture()));
  Choice known;
  for (const auto& [key, there] : manifest.selector_values()) {
    if (!choice.names(key)) continue;
    bool any = false;
    for (const std::string& value : choice.wanted().at(key)) {
      any = any || there.contains(value);
      known.add(key, value);
    }
    if (any) continue;
    throw Error(Reason::does_not_fit, payload.path(),
                manifest.name() + " has nothing for " + key + ' ' + joined(choice.wanted().at(key)) + ", only for " +
                    joined(there));
  }
  if (known.empty()) return;
  manifest = manifest.chosen(known);
  if (manifest.selector_values().empty()) {
    throw Error(Reason::does_not_fit, payload.path(), manifest.name() + " has nothing for all of " + known.text());
  }
  selection = known.text();
}

}  // namespace injector
