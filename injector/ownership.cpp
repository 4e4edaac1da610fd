#include "injector/ownership.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/process.h"

namespace injector {

Ownership::Ownership(const std::optional<Directory>& folder, const Bundle& bundle) : bundle_(bundle) {
  if (folder) library_ = records::try_open_folder(*folder, bundle.manifest.name());
  if (!library_) return;
  listing_ = records::list(*library_);
  keeps_modes_ = records::keeps_modes(*library_);
  selection_is_current_ = records::try_read_selection(*library_) == bundle.selection;
  // The same document needs no second parse.
  auto file = library_->try_open_file(records::document);
  record_is_current_ = file && file->try_read_all(bundle.document.size()) == bundle.document && has_signature();
  for (const std::string& previous : listing_.previous) {
    if (const auto record = try_read(*library_, previous)) add_claims(*record, previous);
  }
  for (const std::string& stage : listing_.stages) add_pending(stage);
  if (record_is_current_ && selection_is_current_) {
    add_claims(bundle.manifest, records::document);
  } else if (const auto record = try_read(*library_, records::document)) {
    add_claims(*record, records::document);
  }
}

bool Ownership::has_signature() const {
  return bundle_.signature.empty() || records::read_signature(*library_) == bundle_.signature;
}

std::optional<Manifest> Ownership::try_read(const Directory& folder, const std::string& record) const {
  return records::try_read(folder, record, records::limit_for(bundle_.document.size()));
}

void Ownership::add_claims(const Manifest& manifest, const std::string& record) {
  for (const std::uint32_t index : manifest.top()) claims_[manifest.name_of(index)].push_back(record);
}

void Ownership::add_pending(const std::string& stage) {
  constexpr std::size_t most = 2;  // each run removes those of the runs before
  const auto root = pending_.size() < most ? library_->try_open_directory(stage) : std::nullopt;
  auto record = root ? try_read(*root, records::document) : std::nullopt;
  if (record) pending_.push_back(std::move(*record));
}

bool Ownership::claims(const std::string& name) const {
  return claims_.contains(name) ||
         std::any_of(pending_.begin(), pending_.end(), [&](const Manifest& record) { return record.has_top(name); });
}

std::vector<std::string> Ownership::outdated() const {
  std::set<std::string> names;
  for (const auto& [name, records] : claims_) names.insert(name);
  for (const Manifest& record : pending_) {
    for (const std::uint32_t index : record.top()) names.insert(record.name_of(index));
  }
  for (const std::uint32_t index : bundle_.manifest.top()) names.erase(bundle_.manifest.name_of(index));
  return {names.begin(), names.end()};
}

bool Ownership::may_remove(const std::string& name, const Status& status, const Directory& parent,
                           const Context& context) const {
  const auto claimed = claims_.find(name);
  if (claimed != claims_.end()) {
    if (status.uid == process::effective_user()) return true;
    for (const std::string& record : claimed->second) {
      if (is_as_recorded(name, record, parent, context)) return true;
    }
  }
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const Manifest& record) { return is_right(record, name, parent, modes(), context); });
}

bool Ownership::is_as_recorded(const std::string& name, const std::string& record, const Directory& parent,
                               const Context& context) const {
  const auto manifest = try_read(*library_, record);
  if (!manifest) return false;
  if (is_right(*manifest, name, parent, modes(), context)) return true;
  const auto choice = Choice::parse(records::try_read_selection(*library_).value_or(""));
  return choice && !choice->empty() && is_right(manifest->chosen(*choice), name, parent, modes(), context);
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
