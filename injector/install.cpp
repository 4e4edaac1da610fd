#include "injector/install.h"

#include <algorithm>
#include <vector>

#include "core/directory.h"
#include "core/error.h"
#include "core/tree_guard.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/lock.h"
#include "injector/log.h"
#include "injector/ownership.h"
#include "injector/publish.h"
#include "injector/records.h"
#include "injector/stage.h"
#include "injector/target.h"

namespace injector {
namespace {

// What was found in the target, before anything in it is changed.
struct Found {
  Ownership ownership;
  Comparison comparison;

  bool installed() const { return comparison.all_right() && ownership.record_is_current(); }
};

Found look_at(const Bundle& bundle, const Directory& target, const Context& context) {
  return {Ownership(records::try_open(target), bundle.manifest, bundle.document),
          compare(bundle.manifest, target, false, context)};
}

std::string describe(const Manifest& manifest) { return manifest.name() + ' ' + manifest.version(); }

Outcome outcome(Reason reason, const Directory& target, const Manifest& manifest, const std::string& more = {}) {
  return {reason, target.path(), describe(manifest) + more, manifest.name(), manifest.version()};
}

bool is_taken(const Directory& target, const Found& found, const std::string& name, State state) {
  if (found.ownership.is_ours(name) || state == State::right) return false;
  const auto status = target.try_status(name);
  return status && status->type == FileType::directory;
}

// A name must be free, ours, or a file, which is replaced as cp would. Gives the directories that --replace moves away.
std::vector<std::size_t> check_names(const Manifest& manifest, const Directory& target, const Found& found,
                                     bool replace) {
  std::vector<std::size_t> foreign;
  for (std::size_t position = 0; position < manifest.top().size(); ++position) {
    const std::uint32_t index = manifest.top()[position];
    const std::string name = manifest.name_of(index);
    if (const auto owner = found.ownership.other_owner(name)) {
      throw Error(Reason::name_taken, target.path_of(name), "belongs to the library " + *owner,
                  "Use another target for one of the two.");
    }
    const bool right = found.comparison.right(index, manifest.end_of_top(position));
    if (!is_taken(target, found, name, right ? State::right : State::wrong)) continue;
    if (!replace) {
      throw Error(Reason::name_taken, target.path_of(name), "is a directory that no injector installed",
                  "Move it away, or use --replace.");
    }
    foreign.push_back(position);
  }
  return foreign;
}

void remove_with_warning(const Directory& directory, const std::string& name) {
  try {
    directory.remove_tree(name);
  } catch (const Error& error) {
    log::warn_about_leftover(error);
  }
}

void remove_stages(const Directory& library, const Found& found) {
  for (const std::string& stage : found.ownership.listing().stages) remove_with_warning(library, stage);
}

// Names that only earlier versions had, then the records that said so.
void clean_up(const Directory& target, const Directory& library, const Ownership& ownership) {
  for (const std::string& name : ownership.outdated()) remove_with_warning(target, name);
  for (const std::string& previous : records::list(library).previous) remove_with_warning(library, previous);
}

void tidy(const Directory& target, const Manifest& manifest, const Found& found) {
  if (found.ownership.listing().tidy()) return;
  const auto folder = records::try_open(target);
  const auto library = folder ? records::try_open_folder(*folder, manifest.name()) : std::nullopt;
  if (!library) return;
  remove_stages(*library, found);
  clean_up(target, *library, found.ownership);
}

// The directory of a library in .injector, which goes again where the install does not come to its end.
class LibraryFolder {
 public:
  LibraryFolder(const Directory& target, const std::string& name)
      : folder_(records::open_or_create_folder(target, records::folder)),
        guard_(folder_, name, log::warn_about_leftover),
        library_((keep_if_there(), records::open_or_create_folder(folder_, name))) {}

  const Directory& folder() const { return folder_; }
  const Directory& library() const { return library_; }
  void keep() { guard_.dismiss(); }

 private:
  void keep_if_there() {
    if (folder_.try_status(guard_.name())) guard_.dismiss();
  }

  Directory folder_;
  TreeGuard guard_;
  Directory library_;
};

void publish(const Bundle& bundle, const Directory& target, const LibraryFolder& home, const Stage& stage,
             const StagePlan& plan, const Found& found, const std::vector<std::size_t>& foreign) {
  std::optional<Directory> replaced;
  if (!foreign.empty()) replaced = records::open_or_create_folder(home.folder(), records::replaced);
  Publisher publisher(target, home.library(), stage);
  if (!found.ownership.record_is_current()) publisher.publish_record();
  for (const std::size_t position : plan.tops()) {
    const bool is_foreign = std::find(foreign.begin(), foreign.end(), position) != foreign.end();
    publisher.publish(bundle.manifest.name_of(bundle.manifest.top()[position]), is_foreign ? &*replaced : nullptr);
  }
  publisher.commit();
}

// Steps 3 to 6 of the protocol, under the lock.
void bring_in(const InstallOptions& options, const Bundle& bundle, const Directory& target, const Found& found,
              const Context& context) {
  const std::vector<std::size_t> foreign = check_names(bundle.manifest, target, found, options.replace);
  const StagePlan plan(bundle.manifest, found.comparison);
  LibraryFolder home(target, bundle.manifest.name());
  remove_stages(home.library(), found);
  plan.check_room(target, bundle.document.size(), options.size_limit);
  context.progress.begin("installing " + describe(bundle.manifest), plan.bytes_to_copy());
  {
    Stage stage(home.library());
    stage.fill(bundle, plan, target, found.comparison, context);
    stage.write_record(bundle.document);
    if (options.fsync) target.sync_file_system();
    context.interrupt.check();
    publish(bundle, target, home, stage, plan, found, foreign);
    home.keep();
  }
  clean_up(target, home.library(), found.ownership);
  if (options.fsync) target.sync_file_system();
  context.progress.end();
}

Outcome already_installed(const Directory& target, const Bundle& bundle, const Found& found, bool locked) {
  if (locked) tidy(target, bundle.manifest, found);
  return outcome(Reason::already_installed, target, bundle.manifest, " is there, every byte of it was checked");
}

Outcome try_out(const InstallOptions& options, const Bundle& bundle, const Directory& target, const Found& found) {
  if (found.installed()) return already_installed(target, bundle, found, false);
  target.check_writable();
  check_names(bundle.manifest, target, found, options.replace);
  const StagePlan plan(bundle.manifest, found.comparison);
  plan.check_room(target, bundle.document.size(), options.size_limit);
  return outcome(Reason::would_install, target, bundle.manifest,
                 ": " + std::to_string(plan.bytes_to_copy()) + " bytes to copy, nothing was changed");
}

}  // namespace

Outcome install(const InstallOptions& options, const Context& context) {
  const Bundle bundle = Bundle::open(options.bundle);
  const Directory target = open_target(options.target);
  std::optional<Lock> lock = options.dry_run ? std::nullopt : Lock::try_take(target);
  Found found = look_at(bundle, target, context);
  if (options.dry_run) return try_out(options, bundle, target, found);
  if (found.installed()) return already_installed(target, bundle, found, lock.has_value());
  if (!lock) {
    // All that counts is right and nothing can be written: the application has what it needs.
    if (found.comparison.all_right() && !target.is_writable()) return already_installed(target, bundle, found, false);
    lock = Lock::take(target, options.timeout, context);
    found = look_at(bundle, target, context);
    if (found.installed()) return already_installed(target, bundle, found, true);
  }
  bring_in(options, bundle, target, found, context);
  return outcome(Reason::installed, target, bundle.manifest);
}

}  // namespace injector
