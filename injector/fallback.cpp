#include "injector/fallback.h"

#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/directory_cache.h"
#include "injector/fill.h"
#include "injector/records.h"
#include "injector/stage.h"
#include "injector/stage_plan.h"
#include "injector/target.h"
#include "log/log.h"

namespace injector {
namespace {

// What has a name counts as right, whatever it is: only what is absent will be staged.
Comparison look_for_names(const Manifest& manifest, const Directory& target) {
  Comparison found{std::vector(manifest.size(), State::right), std::vector<Hashed>(manifest.size()), {}, {}};
  for (const std::uint32_t index : manifest.top()) {
    if (!target.try_status(manifest.name_of(index))) found.states[index] = State::absent;
  }
  return found;
}

// Where the file system has no exchange, a kill leaves a name free whose entry is not lost.
void put_back_what_was_moved_aside(const Directory& target, const Directory& library) {
  for (const std::string& stage : records::list(library).stages) {
    try {
      Stage::put_back(target, library, stage);
    } catch (const Error& error) {
      log::warn_about_leftover(error);
    }
  }
}

// It is small, and on the disk before it has its names: a power loss leaves it whole, or absent and placed again.
void sync(const Directory& parent, const std::string& name) {
  if (auto file = parent.try_open_file(name)) file->sync();
}

void sync(const Manifest& manifest, const StagePlan& plan, const Stage& stage) {
  DirectoryCache directories(manifest, stage.fresh(), Use::names, Reason::io_error);
  for (const std::uint32_t index : plan.entries()) sync(directories.parent_of(index), manifest.name_of(index));
  sync(stage.root(), records::document);
}

void publish(const Site& site, const Stage& stage, const std::vector<std::size_t>& tops) {
  const std::string record = records::fallback_name(Hasher::digest_of(site.bundle.document).text());
  site.library.rename_from(stage.root(), records::document, record);
  for (const std::size_t position : tops) {
    const std::string name = site.bundle.manifest.name_of(site.bundle.manifest.top()[position]);
    site.target.try_rename_to_free(stage.fresh(), name, name);
  }
  log::write(log::Level::debug, "the fallback is there until the library is",
             {{"path", site.target.path()},
              {"library", site.bundle.manifest.name()},
              {"version", site.bundle.manifest.version()}});
}

void fill_absent(const Bundle& fallback, const Directory& target, bool fsync, const Context& context) {
  const Directory folder = records::open_or_create_folder(target, records::folder);
  const records::OwnFolder library(folder, fallback.manifest.name());
  put_back_what_was_moved_aside(target, library.directory());
  const Comparison found = look_for_names(fallback.manifest, target);
  const StagePlan plan(fallback.manifest, found);
  if (plan.tops().empty()) return;
  const Ownership nothing({}, fallback, context);
  const Site site{target, folder, library.directory(), fallback, nothing, context};
  Stage stage(site);
  fill(fallback, plan, found, target, stage.fresh(), {}, context);
  records::write(stage.root(), records::document, fallback.document);
  sync(fallback.manifest, plan, stage);
  context.interrupt.check();
  publish(site, stage, plan.tops());
  if (fsync) target.sync_file_system();
}

std::optional<Lock> fill_in_turn(const InstallOptions& options, const PublicKeys& keys, const Context& context) {
  const Bundle fallback = Bundle::open(*options.fallback, keys);
  const Directory target = open_target(options.target);
  if (StagePlan(fallback.manifest, look_for_names(fallback.manifest, target)).tops().empty()) return std::nullopt;
  std::optional<Lock> lock;
  try {
    lock = Lock::take(records::open_or_create_folder(target, records::folder), options.timeout, context);
  } catch (const Error& error) {
    if (error.reason() == Reason::lock_timeout) fill_absent(fallback, target, options.fsync, context);
    throw;
  }
  fill_absent(fallback, target, options.fsync, context);
  return lock;
}

bool is_of_the_install(Reason reason) {
  return reason == Reason::lock_timeout || exit_code_of(reason) >= ExitCode::interrupted;
}

// An image without a fallback is nothing to be told of, unless it was named.
log::Level level_of(const Error& error) {
  const bool none = error.reason() == Reason::bundle_not_found && error.path() == default_fallback;
  return none ? log::Level::debug : log::Level::warn;
}

}  // namespace

std::optional<Lock> place_fallback(const InstallOptions& options, const PublicKeys& keys, const Context& context) {
  try {
    return fill_in_turn(options, keys, context);
  } catch (const Error& error) {
    if (is_of_the_install(error.reason())) throw;
    log::write(level_of(error), "no fallback", {{"path", error.path()}, {"error", error.problem()}});
    return std::nullopt;
  }
}

}  // namespace injector
