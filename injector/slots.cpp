#include "injector/slots.h"

#include <utility>

#include "core/error.h"
#include "log/log.h"

namespace injector {
namespace {

// Whose the names of a target are.
class Names {
 public:
  Names(const Bundle& bundle, const Directory& target, const Found& found, const Context& context)
      : manifest_(bundle.manifest), target_(target), found_(found), context_(context), others_(manifest_.name()) {}

  std::vector<Slot> to_fill(bool replace) {
    std::vector<Slot> slots;
    for (std::size_t position = 0; position < manifest_.top().size(); ++position) {
      const std::uint32_t index = manifest_.top()[position];
      const std::string name = manifest_.name_of(index);
      const auto& seen = found_.comparison.top[position];
      if (seen) refuse_other_owner(name);
      if (found_.comparison.right(index, manifest_.end_of_top(position))) continue;
      Slot slot = Slot::look(target_, name, seen);
      slot.position = position;
      const bool directory = slot.seen && slot.seen->type == FileType::directory;
      slot.foreign = directory && !may_remove(name, *slot.seen);
      if (slot.foreign && !replace) refuse_stranger(name, *slot.seen);
      slots.push_back(std::move(slot));
    }
    return slots;
  }

  std::vector<Slot> to_empty() {
    std::vector<Slot> slots;
    for (const std::string& name : found_.ownership.outdated()) {
      const auto seen = target_.try_status(name);
      if (!seen || other_owner(name)) continue;
      if (may_remove(name, *seen)) {
        slots.push_back(Slot::look(target_, name, seen));
      } else {
        log::write(log::Level::warn, "a record names it, but it is not ours: it stays",
                   {{"path", target_.path_of(name)}, {"uid", std::to_string(seen->uid)}});
      }
    }
    return slots;
  }

 private:
  std::optional<std::string> other_owner(const std::string& name) {
    return found_.folder ? others_.owner_of(name, *found_.folder) : std::nullopt;
  }

  bool may_remove(const std::string& name, const Status& seen) const {
    return found_.ownership.may_remove(name, seen, target_, context_);
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

  const Manifest& manifest_;
  const Directory& target_;
  const Found& found_;
  const Context& context_;
  OtherLibraries others_;
};

}  // namespace

Slot Slot::look(const Directory& target, std::string name, std::optional<Status> seen) {
  Slot slot{std::move(name), seen, std::nullopt, 0, false};
  if (seen && seen->type == FileType::directory) slot.held = target.try_open_directory(slot.name);
  if (slot.held) slot.seen = slot.held->status();  // whatever it was a moment ago
  return slot;
}

bool Slot::is_what_was_seen(const std::optional<Status>& status) const {
  if (!status || !seen) return !status && !seen;
  const bool directory = seen->type == FileType::directory;
  if ((status->type == FileType::directory) != directory) return false;
  return !directory || status->inode == seen->inode;
}

Slots decide(const Bundle& bundle, const Directory& target, const Found& found, bool replace, const Context& context) {
  Names names(bundle, target, found, context);
  return {names.to_fill(replace), names.to_empty()};
}

}  // namespace injector
