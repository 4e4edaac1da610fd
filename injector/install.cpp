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

  bool installed() const {
    return comparison.all_right() && ownership.record_is_current() && ownership.selection_is_current();
  }
};

Found look_at(const Bundle& bundle, const Directory& target, const Context& context) {
  return {Ownership(records::try_open(target), bundle), compare(bundle.manifest, target, false, context)};
}

std::string describe(const Manifest& manifest) { return manifest.name() + ' ' + manifest.version(); }

Outcome outcome(Reason reason, const Directory& target, const Bundle& bundle, const std::string& more = {}) {
  const Manifest& manifest = bundle.manifest;
  const std::string selection = bundle.selection.empty() ? "" : " (" + bundle.selection + ')';
  return {reason, target.path(), describe(manifest) + selection + more, manifest.name(), manifest.version()};
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
    if (found.ownership.is_ours(name) || found.comparison.right(index, manifest.end_of_top(position))) continue;
    const auto status = target.try_status(name);
    if (!status || status->type != FileType::directory) continue;
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

// Names that only earlier versions had go into the stage, each whole; then the records that said so, unless one of the
// names had to stay. What is installed is installed: nothing here is an error, the next run tries again.
void clean_up(const Directory& target, const Directory& library, const Stage& stage, const Ownership& ownership) {
  try {
    for (const std::string& name : ownership.outdated()) {
      if (target.try_status(name)) stage.old().rename_from(target, name, name);
    }
    for (const std::string& previous : records::list(library).previous) library.remove_tree(previous);
  } catch (const Error& error) {
    log::warn_about_leftover(error);
  }
}

// What a killed run lent to replaced/ and did not exchange: its name ends in its own inode (see publish.cpp).
void remove_lent(const Directory& folder) {
  const auto replaced = records::try_open_folder(folder, records::replaced);
  if (!replaced) return;
  std::vector<std::string> lent;
  replaced->list([&](std::string name) {
    const auto status = replaced->try_status(name);
    if (status && name.ends_with("." + std::to_string(status->inode))) lent.push_back(std::move(name));
  });
  for (const std::string& name : lent) remove_with_warning(*replaced, name);
}

void tidy(const Directory& target, const Manifest& manifest, const Found& found) {
  const auto folder = records::try_open(target);
  if (folder) remove_lent(*folder);
  if (found.ownership.listing().tidy()) return;
  const auto library = folder ? records::try_open_folder(*folder, manifest.name()) : std::nullopt;
  if (!library) return;
  remove_stages(*library, found);
  if (!found.ownership.listing().previous.empty()) clean_up(target, *library, Stage(*library), found.ownership);
}

// A directory in .injector, which goes again where it is new and the install does not come to its end.
class OwnFolder {
 public:
  OwnFolder(const Directory& parent, const std::string& name) {
    // In this order: what is there already is never in the guard's hands.
    if (!parent.try_status(name)) guard_.emplace(parent, name, log::warn_about_leftover);
    directory_.emplace(records::open_or_create_folder(parent, name));
  }

  const Directory& directory() const { return *directory_; }
  void keep() {
    if (guard_) guard_->dismiss();
  }

 private:
  std::optional<TreeGuard> guard_;
  std::optional<Directory> directory_;
};

void publish(const Bundle& bundle, const Directory& target, const Directory& folder, const Directory& library,
             const Stage& stage, const StagePlan& plan, const Found& found, const std::vector<std::size_t>& foreign) {
  std::optional<OwnFolder> replaced;
  if (!foreign.empty()) replaced.emplace(folder, records::replaced);
  Publisher publisher(target, library, stage);
  const auto name_of = [&](std::size_t position) { return bundle.manifest.name_of(bundle.manifest.top()[position]); };
  // Before the record: with it, a directory that is still a stranger's would be ours to the next run.
  for (const std::size_t position : foreign) publisher.publish(name_of(position), &replaced->directory());
  if (!found.ownership.record_is_current()) publisher.publish_record();
  if (!found.ownership.selection_is_current()) publisher.publish_selection();
  for (const std::size_t position : plan.tops()) {
    const bool is_foreign = std::find(foreign.begin(), foreign.end(), position) != foreign.end();
    if (!is_foreign) publisher.publish(name_of(position), nullptr);
  }
  publisher.commit();
  if (replaced) replaced->keep();
}

// Steps 3 to 6 of the protocol, under the lock.
void bring_in(const InstallOptions& options, const Bundle& bundle, const Directory& target, const Found& found,
              const Context& context) {
  const std::vector<std::size_t> foreign = check_names(bundle.manifest, target, found, options.replace);
  const StagePlan plan(bundle.manifest, found.comparison);
  const Directory folder = records::open_or_create_folder(target, records::folder);
  OwnFolder home(folder, bundle.manifest.name());
  const Directory& library = home.directory();
  remove_stages(library, found);
  remove_lent(folder);
  plan.check_room(target, bundle.document.size(), options.size_limit);
  context.progress.begin("installing " + describe(bundle.manifest), plan.bytes_to_copy());
  {
    Stage stage(library);
    stage.fill(bundle, plan, target, found.comparison, context);
    stage.write_record(bundle);
    if (options.fsync) target.sync_file_system();
    context.interrupt.check();
    publish(bundle, target, folder, library, stage, plan, found, foreign);
    home.keep();
    clean_up(target, library, stage, found.ownership);
  }
  if (options.fsync) target.sync_file_system();
  context.progress.end();
}

Outcome already_installed(const Directory& target, const Bundle& bundle, const Found& found, bool locked) {
  if (locked) tidy(target, bundle.manifest, found);
  return outcome(Reason::already_installed, target, bundle, " is there, every byte of it was checked");
}

Outcome try_out(const InstallOptions& options, const Bundle& bundle, const Directory& target, const Found& found) {
  if (found.installed()) return already_installed(target, bundle, found, false);
  target.check_writable();
  check_names(bundle.manifest, target, found, options.replace);
  const StagePlan plan(bundle.manifest, found.comparison);
  plan.check_room(target, bundle.document.size(), options.size_limit);
  return outcome(Reason::would_install, target, bundle,
                 ": " + std::to_string(plan.bytes_to_copy()) + " bytes to copy, nothing was changed");
}

}  // namespace

Outcome install(const InstallOptions& options, const Context& context) {
  Bundle bundle = Bundle::open(options.bundle);
  bundle.choose(options.choice);
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
  return outcome(Reason::installed, target, bundle);
}

}  // namespace injector
