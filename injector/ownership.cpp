#include "injector/ownership.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/process.h"
#include "injector/compare.h"

namespace injector {

Ownership::Ownership(const std::optional<Directory>& folder, const Bundle& bundle) : bundle_(bundle) {
  const auto library = folder ? records::try_open_folder(*folder, bundle.manifest.name()) : std::nullopt;
  if (!library) return;
  listing_ = records::list(*library);
  keeps_modes_ = records::keeps_modes(*library);
  selection_is_current_ = records::read_selection(*library) == bundle.selection;
  // The same document needs no second parse.
  auto file = library->try_open_file(records::document);
  record_is_current_ = file && file->try_read_all(bundle.document.size()) == bundle.document;
  for (const std::string& previous : listing_.previous) {
    if (const auto record = try_read(*library, previous)) add_claims(*record, previous);
  }
  if (record_is_current_ && selection_is_current_) {
    add_claims(bundle.manifest, records::document);
  } else if (const auto record = try_read(*library, records::document)) {
    add_claims(*record, records::document);
  }
}

std::optional<Manifest> Ownership::try_read(const Directory& library, const std::string& record) const {
  return records::try_read(library, record, records::limit_for(bundle_.document.size()));
}

void Ownership::add_claims(const Manifest& manifest, const std::string& record) {
  for (const std::uint32_t index : manifest.top()) claims_[manifest.name_of(index)].push_back(record);
}

std::vector<std::string> Ownership::outdated() const {
  std::set<std::string> wanted;
  for (const std::uint32_t index : bundle_.manifest.top()) wanted.insert(bundle_.manifest.name_of(index));
  std::vector<std::string> names;
  for (const auto& [name, records] : claims_) {
    if (!wanted.contains(name)) names.push_back(name);
  }
  return names;
}

bool Ownership::may_remove(const std::string& name, const Status& status, const Directory& target,
                           const Directory& library, const Context& context) const {
  const auto claimed = claims_.find(name);
  if (claimed == claims_.end()) return false;
  if (status.uid == process::effective_user()) return true;
  return std::any_of(claimed->second.begin(), claimed->second.end(), [&](const std::string& record) {
    return is_as_recorded(name, record, target, library, context);
  });
}

bool Ownership::is_as_recorded(const std::string& name, const std::string& record, const Directory& target,
                               const Directory& library, const Context& context) const {
  const auto manifest = try_read(library, record);
  if (!manifest) return false;
  const Modes modes = keeps_modes_ ? Modes::kept : Modes::of_the_mount;
  if (is_right(*manifest, name, target, modes, context)) return true;
  const auto choice = Choice::parse(records::read_selection(library));
  return choice && !choice->empty() && is_right(manifest->chosen(*choice), name, target, modes, context);
}

std::optional<std::string> OtherLibraries::owner_of(const std::string& name, const Directory& folder) {
  if (!owners_) {
    owners_.emplace();
    for (const std::string& other : records::libraries(folder)) {
      if (other == own_) continue;
      const auto library = records::try_open_folder(folder, other);
      const auto record = library ? records::try_read(*library, records::document) : std::nullopt;
      if (!record) continue;
      for (const std::uint32_t index : record->top()) owners_->try_emplace(record->name_of(index), other);
    }
  }
  const auto owner = owners_->find(name);
  return owner == owners_->end() ? std::nullopt : std::optional(owner->second);
}

}  // namespace injector
