#include "injector/ownership.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/process.h"
#include "injector/stage.h"

namespace injector {
namespace {

constexpr std::size_t most_stages = 2;  // each run removes those of the runs before

}  // namespace

Ownership::Ownership(const std::optional<Directory>& folder, const Bundle& bundle, const Context& context)
    : bundle_(bundle) {
  if (folder) library_ = records::try_open_folder(*folder, bundle.manifest.name());
  if (!library_) return;
  listing_ = records::list(*library_);
  keeps_modes_ = records::keeps_modes(*library_);
  selection_is_current_ = records::try_read_selection(*library_) == bundle.selection;
  // The same document needs no second parse.
  const auto document =
      records::try_read_text(*library_, records::document, records::limit_for(bundle.document.size()));
  record_is_current_ = document == bundle.document;
  if (document && records::is_cut_short(*document, bundle.document)) add_claims(bundle.manifest, records::document);
  for (const std::string& previous : listing_.previous) {
    if (const auto record = try_read(*library_, previous)) add_claims(*record, previous);
  }
  for (const std::string& fallback : listing_.fallbacks) add_pending(*library_, fallback);
  add_published(context);  // while what is pending is of fallbacks alone
  for (const std::string& stage : listing_.stages) {
    if (const auto root = library_->try_open_directory(stage)) add_pending(*root, records::document);
  }
  if (record_is_current_ && selection_is_current_) {
    add_claims(bundle.manifest, records::document);
  } else if (const auto record = document ? records::try_parse(*library_, records::document, *document)
                                          : try_read(*library_, records::document)) {
    add_claims(*record, records::document);
  }
}

std::optional<Manifest> Ownership::try_read(const Directory& folder, const std::string& record) const {
  return records::try_read(folder, record, records::limit_for(bundle_.document.size()));
}

void Ownership::add_claims(const Manifest& manifest, const std::string& record) {
  for (const std::uint32_t index : manifest.top()) claims_[manifest.name_of(index)].push_back(record);
}

void Ownership::add_pending(const Directory& folder, const std::string& record) {
  constexpr std::size_t most = 4;  // each run removes the stages of the runs before; each image has one fallback
  keeps_modes_ = keeps_modes_ && records::keeps_modes(folder, record);
  auto manifest = pending_.size() < most ? try_read(folder, record) : std::nullopt;
  if (manifest) pending_.push_back(std::move(*manifest));
}

void Ownership::add_published(const Context& context) {
  for (std::size_t i = 0; i < std::min(listing_.stages.size(), most_stages); ++i) {
    const auto unpublished = Stage::try_open_unpublished(*library_, listing_.stages[i]);
    for (const std::uint32_t index : bundle_.manifest.top()) {
      const std::string name = bundle_.manifest.name_of(index);
      // What came out of the name, if it was not free, was claimed by an earlier record, or it is the fallback.
      const bool out = unpublished && (!unpublished->try_status(name) || is_pending(name, *unpublished, context));
      if (out) claims_[name];
    }
  }
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
  return is_pending(name, parent, context);
}

bool Ownership::is_pending(const std::string& name, const Directory& parent, const Context& context) const {
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
