#include "injector/install.h"

#include <utility>
#include <vector>

#include "core/directory.h"
#include "core/error.h"
#include "injector/bundle.h"
#include "injector/fallback.h"
#include "injector/fill.h"
#include "injector/found.h"
#include "injector/lock.h"
#include "injector/publish.h"
#include "injector/records.h"
#include "injector/slots.h"
#include "injector/stage.h"
#include "injector/stage_plan.h"
#include "injector/target.h"
#include "log/log.h"

namespace injector {
namespace {

std::string describe(const Manifest& manifest) { return manifest.name() + ' ' + manifest.version(); }

Outcome outcome(Reason reason, const Directory& target, const Bundle& bundle, const std::string& more = {}) {
  const Manifest& manifest = bundle.manifest;
  const std::string selection = bundle.selection.empty() ? "" : " (" + bundle.selection + ')';
  return {reason, target.path(), describe(manifest) + selection + more, manifest.name(), manifest.version()};
}

// The lock of the target, and whether this user may have it at all, which no probe can tell as well as trying.
struct Turn {
  std::optional<Lock> lock;
  bool closed = false;
};

Turn try_take_turn(const Directory& target) {
  try {
    return {Lock::try_take(records::open_or_create_folder(target, records::folder)), false};
  } catch (const Error& error) {
    if (error.reason() != Reason::target_not_writable && error.reason() != Reason::target_read_only) throw;
    return {std::nullopt, true};
  }
}

Lock take_turn(const Directory& target, bool closed, const InstallOptions& options, const Context& context) {
  if (closed) target.check_writable();  // it says more than the call that was refused
  return Lock::take(records::open_or_create_folder(target, records::folder), options.timeout, context);
}

// Nothing is linked out of a directory that goes to replaced/: it stays its owner's.
void forget_foreign(const Manifest& manifest, const std::vector<Slot>& slots, Comparison& comparison) {
  for (const Slot& slot : slots) {
    if (slot.foreign) comparison.forget_links(manifest.top()[slot.position], manifest.end_of_top(slot.position));
  }
}

void write_record(const Directory& stage, const Bundle& bundle) {
  records::write(stage, records::document, bundle.document);
  if (!bundle.signature.empty()) records::write(stage, records::signature, bundle.signature);
  if (!bundle.selection.empty()) records::write(stage, records::selection, bundle.selection + '\n');
}

// The record last: what has one of its names is ours to the next run, and until a name is published it may be a
// stranger's. If this run ends before, the record in the stage tells what was published.
void publish(Publisher& publisher, const Found& found, const std::vector<Slot>& slots) {
  for (const Slot& slot : slots) publisher.publish(slot);
  if (!found.ownership.record_is_current()) publisher.publish_record();
  if (!found.ownership.selection_is_current()) publisher.publish_beside(records::selection);
}

// Names that only earlier versions had go into the stage, each whole; then the records that said so. What is installed
// is installed: nothing here is an error, the next run tries again.
void clean_up(const Site& site, Stage& stage, const std::vector<Slot>& outdated) {
  Publisher publisher(site, stage);
  try {
    for (const Slot& slot : outdated) publisher.retire(slot);
    stage.end_publishing();
    for (const std::string& outdated_record : records::list(site.library).outdated()) {
      site.library.remove_tree(outdated_record);
    }
  } catch (const Error& error) {
    log::warn_about_leftover(error);
  }
}

void stage_and_publish(const InstallOptions& options, const Site& site, const StagePlan& plan, const Found& found,
                       const Slots& slots, const FreeSpace& free) {
  Stage stage(site);
  const Allowance allowance{options.size_limit, plan.other_bytes(site.bundle.document.size(), free), free};
  fill(site.bundle, plan, found.comparison, site.target, stage.fresh(), allowance, site.context);
  write_record(stage.root(), site.bundle);
  if (options.fsync) site.target.sync_file_system();
  site.context.interrupt.check();
  stage.begin_publishing();
  Publisher publisher(site, stage);
  publish(publisher, found, slots.fill);
  clean_up(site, stage, slots.empty);
}

// Steps 3 to 6 of the protocol, under the lock.
void bring_in(const InstallOptions& options, const Bundle& bundle, const Directory& target, Found& found,
              const Context& context) {
  const Slots slots = decide(bundle, target, found, options.replace, context);
  forget_foreign(bundle.manifest, slots.fill, found.comparison);
  const StagePlan plan(bundle.manifest, found.comparison);
  const FreeSpace free = target.free_space();
  plan.check_room(target.path(), free, bundle.document.size(), {options.size_limit, context.memory});
  if (!found.folder) found.folder = records::open_or_create_folder(target, records::folder);
  const records::OwnFolder library(*found.folder, bundle.manifest.name());
  context.progress.begin("installing " + describe(bundle.manifest), plan.bytes_to_copy());
  stage_and_publish(options, {target, *found.folder, library.directory(), bundle, found.ownership, context}, plan,
                    found, slots, free);
  if (options.fsync) target.sync_file_system();
  context.progress.end();
}

// Removes what a killed run would have removed after it had published.
void tidy(const Directory& target, const Bundle& bundle, const Found& found, const Context& context) {
  if (found.ownership.listing().outdated().empty()) return;
  try {
    const Site site{target, *found.folder, *found.ownership.library(), bundle, found.ownership, context};
    const Slots slots = decide(bundle, target, found, false, context);
    Stage stage(site);
    stage.begin_publishing();
    clean_up(site, stage, slots.empty);
  } catch (const Error& error) {
    log::warn_about_leftover(error);
  }
}

// With --fsync, what an earlier run installed without it, or before it ended, is on the disk now as well.
Outcome already_installed(const InstallOptions& options, const Directory& target, const Bundle& bundle) {
  if (options.fsync && !options.dry_run) target.sync_file_system();
  return outcome(Reason::already_installed, target, bundle, " is there, every byte of it was checked");
}

Outcome try_out(const InstallOptions& options, const Bundle& bundle, const Directory& target, const Context& context) {
  Found found = look_at(bundle, target, Locked::no, context);
  if (found.installed()) return already_installed(options, target, bundle);
  target.check_writable();
  forget_foreign(bundle.manifest, decide(bundle, target, found, options.replace, context).fill, found.comparison);
  const StagePlan plan(bundle.manifest, found.comparison);
  plan.check_room(target.path(), target.free_space(), bundle.document.size(), {options.size_limit, context.memory});
  return outcome(Reason::would_install, target, bundle,
                 ": " + std::to_string(plan.bytes_to_copy()) + " bytes to copy, nothing was changed");
}

}  // namespace

Outcome install(const InstallOptions& options, const Context& context) {
  const PublicKeys keys = read_keys(options.trust.public_keys);
  Turn turn;
  if (options.fallback && !options.dry_run) turn.lock = place_fallback(options, keys, context);
  Bundle bundle = Bundle::open(options.bundle, keys);
  check_version(bundle.manifest, options.trust, options.bundle);
  bundle.choose(options.choice);
  const Directory target = open_target(options.target);
  if (options.dry_run) return try_out(options, bundle, target, context);
  if (!turn.lock) turn = try_take_turn(target);
  if (!turn.lock) {
    const auto found = try_look_at(bundle, target, context);
    if (found && found->installed()) return already_installed(options, target, bundle);
    // All that counts is right and nothing can be written: the application has what it needs.
    if (found && found->comparison.all_right() && turn.closed) return already_installed(options, target, bundle);
    turn.lock = take_turn(target, turn.closed, options, context);
  }
  Found found = look_at(bundle, target, Locked::yes, context);
  if (found.installed()) {
    tidy(target, bundle, found, context);
    return already_installed(options, target, bundle);
  }
  bring_in(options, bundle, target, found, context);
  return outcome(Reason::installed, target, bundle);
}

}  // namespace injector
