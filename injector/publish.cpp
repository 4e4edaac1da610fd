#include "injector/publish.h"

#include "core/digest.h"
#include "core/error.h"
#include "injector/records.h"

namespace injector {

// The signature first: a record whose signature is another version's is then never taken for the current one, and the
// run after a kill publishes both.
void Publisher::publish_record() {
  const Directory& library = site_.library;
  if (!site_.bundle.signature.empty() || site_.ownership.listing().signature) publish_beside(records::signature);
  const auto there = library.try_status(records::document);
  if (there && there->type == FileType::directory) library.remove_tree(records::document);
  auto current = library.try_open_file(records::document);
  const auto document =
      current ? current->try_read_all(records::limit_for(site_.bundle.document.size())) : std::nullopt;
  if (document) {
    // Its name is its content's, so that a run that was killed here does not leave two of the same.
    const std::string previous = records::previous_name(Hasher::digest_of(*document).text());
    library.remove_tree(previous);
    // Without links, the old record is renamed: for a moment there is none, which loses nothing but its names.
    if (!library.try_link(library, records::document, previous)) {
      library.rename_from(library, records::document, previous);
    }
  }
  library.rename_from(stage_.root(), records::document, records::document);
}

void Publisher::publish_beside(const char* name) {
  const Directory& library = site_.library;
  const auto there = library.try_status(name);
  const bool wanted = stage_.root().try_status(name).has_value();
  if (there && (!wanted || there->type == FileType::directory)) library.remove_tree(name);
  if (wanted) library.rename_from(stage_.root(), name, name);
}

void Publisher::publish(const Slot& slot) {
  if (slot.foreign) return move_away(slot);
  if (site_.target.try_rename_to_free(stage_.fresh(), slot.name, slot.name)) return;
  if (!slot.seen) refuse(slot.name);
  replace(slot);
}

void Publisher::replace(const Slot& slot) {
  const Directory& fresh = stage_.fresh();
  if (!slot.is_what_was_seen(site_.target.try_status(slot.name))) refuse(slot.name);
  if (!site_.target.try_exchange(fresh, slot.name, slot.name)) return replace_aside(slot);
  if (slot.is_what_was_seen(fresh.try_status(slot.name))) return;
  if (!site_.target.try_exchange(fresh, slot.name, slot.name)) records::keep(site_.folder, fresh, slot.name);
  refuse(slot.name);
}

// A file system without exchange: a file replaces a file at once, a directory leaves its name free for a moment.
void Publisher::replace_aside(const Slot& slot) {
  const Directory& target = site_.target;
  const auto fresh = stage_.fresh().try_status(slot.name);
  const bool of_files = slot.seen->type != FileType::directory && fresh && fresh->type != FileType::directory;
  if (of_files) return target.rename_from(stage_.fresh(), slot.name, slot.name);
  if (stage_.old().try_rename_from(target, slot.name, slot.name)) {
    if (!slot.is_what_was_seen(stage_.old().try_status(slot.name))) {
      give_back(stage_.old(), slot.name);
      refuse(slot.name);
    }
  } else {
    // It cannot be moved at all: a part of it is in a lower layer.
    if (!slot.is_what_was_seen(target.try_status(slot.name))) refuse(slot.name);
    target.remove_tree(slot.name);
  }
  if (!target.try_rename_to_free(stage_.fresh(), slot.name, slot.name)) refuse(slot.name);
}

// What was not ours is swapped straight out of its name, so that a kill between two steps cannot lose it.
void Publisher::move_away(const Slot& slot) {
  const Directory& fresh = stage_.fresh();
  if (site_.target.try_exchange(fresh, slot.name, slot.name)) return records::keep(site_.folder, fresh, slot.name);
  records::keep(site_.folder, site_.target, slot.name);
  if (!site_.target.try_rename_to_free(fresh, slot.name, slot.name)) refuse(slot.name);
}

void Publisher::retire(const Slot& slot) {
  const Directory& fresh = stage_.fresh();
  if (!fresh.try_rename_from(site_.target, slot.name, slot.name)) return site_.target.remove_tree(slot.name);
  if (!slot.is_what_was_seen(fresh.try_status(slot.name))) give_back(fresh, slot.name);
}

// What turned out to be a stranger's, once it was moved.
void Publisher::give_back(const Directory& from, const std::string& name) {
  if (!site_.target.try_rename_to_free(from, name, name)) records::keep(site_.folder, from, name);
}

void Publisher::refuse(const std::string& name) const {
  throw Error(Reason::name_taken, site_.target.path_of(name), "was made by somebody else while the install ran",
              "Run it again; if it stays, move it away.");
}

}  // namespace injector
