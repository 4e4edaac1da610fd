#include "injector/confine.h"

#include "core/sandbox.h"
#include "log/log.h"

namespace injector {
namespace {

sandbox::Paths needed_by(const Options& options) {
  sandbox::Paths paths;
  paths.overwrite.push_back(options.termination_message);
  const Trust& trust = options.command == Command::install ? options.install.trust : options.selection.trust;
  paths.read = trust.public_keys;
  if (options.command == Command::install) {
    paths.read.push_back(options.install.bundle);
    if (options.install.fallback) paths.read.push_back(*options.install.fallback);
    (options.install.dry_run ? paths.read : paths.write).push_back(options.install.target);
  } else {
    paths.read.push_back(options.selection.target.value_or(options.selection.bundle));
  }
  return paths;
}

}  // namespace

void confine(const Options& options) {
  if (options.command == Command::run) return;
  const std::string missing = sandbox::confine(needed_by(options));
  if (missing.empty()) return;
  log::write(log::Level::debug, "this process could not be confined as it should be", {{"error", missing}});
}

}  // namespace injector
