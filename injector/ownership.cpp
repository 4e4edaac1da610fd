#include "injector/ownership.h"

namespace injector {
namespace {

std::set<std::string> top_names(const Manifest& manifest) {
  std::set<std::string> names;
  for (const std::uint32_t index : manifest.top()) names.insert(manifest.name_of(index));
  return names;
}

std::optional<std::string> try_read_document(const Directory& library) {
  auto file = library.try_open_file(records::document);
  if (!file || file->status().size > Manifest::max_document) return std::nullopt;
  return file->read_all(Manifest::max_document);
}

}  // namespace

Ownership::Ownership(const std::optional<Directory>& folder, const Bundle& bundle)
    : wanted_(top_names(bundle.manifest)) {
  if (!folder) return;
  const Manifest& manifest = bundle.manifest;
  if (const auto library = records::try_open_folder(*folder, manifest.name())) {
    listing_ = records::list(*library);
    // The same document needs no second parse.
    record_is_current_ = try_read_document(*library) == bundle.document;
    selection_is_current_ = records::read_selection(*library) == bundle.selection;
    if (record_is_current_ && selection_is_current_) {
      add_ours(manifest);
    } else if (const auto record = records::try_read(*library, records::document)) {
      add_ours(*record);
    }
    for (const std::string& previous : listing_.previous) {
      if (const auto record = records::try_read(*library, previous)) add_ours(*record);
    }
  }
  for (const std::string& other : records::libraries(*folder)) {
    if (other == manifest.name()) continue;
    const auto library = records::try_open_folder(*folder, other);
    const auto record = library ? records::try_read(*library, records::document) : std::nullopt;
    if (!record) continue;
    for (const std::string& name : top_names(*record)) others_.emplace_back(name, other);
  }
}

void Ownership::add_ours(const Manifest& manifest) { ours_.merge(top_names(manifest)); }

std::vector<std::string> Ownership::outdated() const {
  std::vector<std::string> names;
  for (const std::string& name : ours_) {
    if (!wanted_.contains(name) && !other_owner(name)) names.push_back(name);
  }
  return names;
}

std::optional<std::string> Ownership::other_owner(const std::string& name) const {
  for (const auto& [taken, library] : others_) {
    if (taken == name) return library;
  }
  return std::nullopt;
}

}  // namespace injector
