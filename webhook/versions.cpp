#include "webhook/versions.h"

#include <algorithm>

namespace injector {

const LibraryVersion* resolve(const Library& library, std::string_view text) {
  if (library.versions.empty()) return nullptr;
  if (text == "latest") return &library.versions.front();
  if (text.starts_with('v')) text.remove_prefix(1);
  const auto begins = [&](const LibraryVersion& known) {
    const std::string_view version = known.version;
    return version.starts_with(text) && (version.size() == text.size() || version[text.size()] == '.');
  };
  const auto same = std::find_if(library.versions.begin(), library.versions.end(),
                                 [&](const LibraryVersion& known) { return known.version == text; });
  if (same != library.versions.end()) return &*same;
  const auto found = std::find_if(library.versions.begin(), library.versions.end(), begins);
  return text.empty() || found == library.versions.end() ? nullptr : &*found;
}

std::string versions_of(const Library& library) {
  std::string all;
  for (const LibraryVersion& known : library.versions) all += (all.empty() ? "" : ", ") + known.version;
  return all;
}

std::string image_of(const LibraryVersion& version, const std::string& registry) {
  std::string image = version.image;
  if (!version.digest.empty()) {
    // A colon behind the last slash begins a tag; a digest takes its place.
    const std::size_t slash = image.rfind('/');
    const std::size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
    image = image.substr(0, colon) + '@' + version.digest;
  }
  if (registry.empty()) return image;
  return registry + (registry.ends_with('/') ? "" : "/") + image;
}

}  // namespace injector
