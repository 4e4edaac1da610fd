#include "injector/publish.h"

#include "core/digest.h"
#include "core/error.h"
#include "core/process.h"
#include "injector/log.h"
#include "injector/records.h"

namespace injector {

Publisher::~Publisher() {
  if (committed_) return;
  for (auto done = done_.rbegin(); done != done_.rend(); ++done) {
    try {
      undo(*done);
    } catch (const Error& error) {
      log::write(log::Level::warn, "what was published cannot be taken back",
                 {{"path", error.path()}, {"error", error.problem()}});
    }
  }
}

void Publisher::publish_record() {
  const auto there = library_.try_status(records::document);
  if (there && there->type == FileType::directory) {
    throw Error(Reason::target_unsafe, library_.path_of(records::document), "is a directory");
  }
  auto current = library_.try_open_file(records::document);
  if (!current) {
    library_.rename_from(stage_.root(), records::document, records::document);
    done_.push_back({Step::record_new, records::document, &library_, ""});
    return;
  }
  // Its name is its content's, so that a run that was killed here does not leave two of the same.
  const std::string digest = Hasher::digest_of(current->read_all(Manifest::max_document)).text();
  const std::string previous = "previous-" + digest.substr(0, 16) + ".json";
  library_.remove_tree(previous);
  if (!library_.try_link(library_, records::document, previous)) {
    // No links here: the old record is renamed, and for a moment there is none, which loses nothing but its names.
    library_.rename_from(library_, records::document, previous);
  }
  done_.push_back({Step::record_linked, records::document, &library_, previous});
  library_.rename_from(stage_.root(), records::document, records::document);
}

void Publisher::publish_selection() {
  if (library_.try_status(records::selection)) {
    stage_.old().rename_from(library_, records::selection, records::selection);
    done_.push_back({Step::selection_old, records::selection, &stage_.old(), records::selection});
  }
  if (!stage_.root().try_status(records::selection)) return;
  library_.rename_from(stage_.root(), records::selection, records::selection);
  done_.push_back({Step::moved, records::selection, &library_, records::selection});
}

void Publisher::publish(const std::string& name, const Directory* replaced) {
  if (target_.try_rename_to_free(stage_.fresh(), name, name)) {
    done_.push_back({Step::moved, name, &target_, name});
  } else if (replaced != nullptr) {
    move_away(name, *replaced);
  } else {
    replace(name);
  }
}

void Publisher::replace(const std::string& name) {
  if (target_.try_exchange(stage_.fresh(), name, name)) {
    done_.push_back({Step::exchanged, name, &stage_.fresh(), name});
    return;
  }
  // A file system without exchange: a file replaces a file at once, a directory leaves its name free for a moment.
  const auto old = target_.try_status(name);
  const auto fresh = stage_.fresh().try_status(name);
  const bool directory = old && fresh && (old->type == FileType::directory || fresh->type == FileType::directory);
  if (directory) {
    stage_.old().rename_from(target_, name, name);
    done_.push_back({Step::moved_aside, name, &stage_.old(), name});
  } else if (stage_.old().try_link(target_, name, name)) {
    done_.push_back({Step::moved_aside, name, &stage_.old(), name});
  }
  target_.rename_from(stage_.fresh(), name, name);
}

// What was not ours is swapped straight into its new place, so that a kill between two steps cannot lose it.
void Publisher::move_away(const std::string& name, const Directory& replaced) {
  const auto fresh = stage_.fresh().try_status(name);
  const std::string kept =
      name.substr(0, 200) + '-' + process::random_name() + '.' + std::to_string(fresh ? fresh->inode : 0);
  replaced.rename_from(stage_.fresh(), name, kept);
  done_.push_back({Step::moved, name, &replaced, kept});
  if (target_.try_exchange(replaced, kept, name)) {
    done_.push_back({Step::exchanged, name, &replaced, kept});
  } else {
    stage_.fresh().rename_from(replaced, kept, name);
    done_.pop_back();
    replaced.rename_from(target_, name, kept);
    done_.push_back({Step::moved_aside, name, &replaced, kept});
    target_.rename_from(stage_.fresh(), name, name);
  }
  log::write(log::Level::warn, "a directory that was not ours was moved away",
             {{"path", target_.path_of(name)}, {"to", replaced.path_of(kept)}});
}

void Publisher::undo(const Done& done) {
  switch (done.step) {
    case Step::moved:
      stage_.fresh().rename_from(*done.other, done.other_name, done.name);
      break;
    case Step::exchanged:
      target_.try_exchange(*done.other, done.other_name, done.name);
      break;
    case Step::moved_aside:
      if (target_.try_status(done.name)) stage_.fresh().rename_from(target_, done.name, done.name);
      target_.rename_from(*done.other, done.other_name, done.name);
      break;
    case Step::selection_old:
      library_.rename_from(*done.other, done.other_name, done.name);
      break;
    case Step::record_new:
      done.other->remove_file(done.name);
      break;
    case Step::record_linked:
      done.other->rename_from(*done.other, done.other_name, done.name);
      done.other->remove_tree(done.other_name);  // where it still was the same file, the rename did nothing
      break;
  }
}

}  // namespace injector
