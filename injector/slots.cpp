#include "injector/slots.h"

#include <utility>

#include "core/error.h"
#include "injector/log.h"
#include "injector/records.h"

namespace injector {
namespace {

// Whose the names of a target are.
class Names {
 public:
  Names(const Bundle& bundle, const Directory& target, const Found& found, const Context& context)
      : library_(bundle.manifest.name()), target_(target), found_(found), context_(context), others_(library_) {}

  std::optional<std::string> other_owner(const std::string& name) {
    return found_.folder ? others_.owner_of(name, *found_.folder) : std::nullopt;
  }

  bool may_remove(const std::string& name, const Status& seen) const {
    if (!found_.ownership.claims(name)) return false;
    const auto library = records::try_open_folder(*found_.folder, library_);
    return library && found_.ownership.may_remove(name, seen, target_, *library, context_);
  }

  void refuse_other_owner(const std::string& name) {
    if (const auto owner = other_owner(name)) {
      throw Error(Reason::name_taken, target_.path_of(name), "belongs to the library " + *owner,
                  "Use another target for one of the two.");
    }
  }

  [[noreturn]] void refuse_stranger(const std::string& name, const Status& seen) const {
    const std::string problem = found_.ownership.claims(name)
                                    ? "belongs to uid " + std::to_string(seen.uid) + " and is not what its record says"
                                    : "is a directory that no injector installed";
    throw Error(Reason::name_taken, target_.path_of(name), problem, "Move it away, or use --replace.");
  }

 private:
  std::string library_;
  const Directory& target_;
  const Found& found_;
  const Context& context_;
  OtherLibraries others_;
};

}  // namespace

Slot Slot::look(const Directory& target, std::string name, std::optional<Status> seen) {
  Slot slot{std::move(name), seen, std::nullopt, 0, false};
  if (seen && seen->type == FileType::directory) slot.held = target.try_open_directory(slot.name);
  return slot;
}

bool Slot::is_what_was_seen(const std::optional<Status>& status) const {
  if (!status || !seen) return !status && !seen;
  const bool directory = seen->type == FileType::directory;
  if ((status->type == FileType::directory) != directory) return false;
  return !directory || status->inode == seen->inode;
}

std::vector<Slot> slots_to_fill(const Bundle& bundle, const Directory& target, const Found& found, bool replace,
                                const Context& context) {
  Names names(bundle, target, found, context);
  const Manifest& manifest = bundle.manifest;
  std::vector<Slot> slots;
  for (std::size_t position = 0; position < manifest.top().size(); ++position) {
    const std::uint32_t index = manifest.top()[position];
    const std::string name = manifest.name_of(index);
    const auto& seen = found.comparison.top[position];
    if (seen) names.refuse_other_owner(name);
    if (found.comparison.right(index, manifest.end_of_top(position))) continue;
    Slot slot = Slot::look(target, name, seen);
    slot.position = position;
    slot.foreign = seen && seen->type == FileType::directory && !names.may_remove(name, *seen);
    if (slot.foreign && !replace) names.refuse_stranger(name, *seen);
    slots.push_back(std::move(slot));
  }
  return slots;
}

std::vector<Slot> slots_to_empty(const Bundle& bundle, const Directory& target, const Found& found,
                                 const Context& context) {
  Names names(bundle, target, found, context);
  std::vector<Slot> slots;
  for (const std::string& name : found.ownership.outdated()) {
    const auto seen = target.try_status(name);
    if (!seen || names.other_owner(name)) continue;
    if (names.may_remove(name, *seen)) {
      slots.push_back(Slot::look(target, name, seen));
    } else {
      log::write(log::Level::warn, "a record names it, but it is not ours: it stays",
                 {{"path", target.path_of(name)}, {"uid", std::to_string(seen->uid)}});
    }
  }
  return slots;
}

}  // namespace injector
