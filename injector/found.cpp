#include "injector/found.h"

#include <utility>

#include "core/error.h"
#include "injector/records.h"
#include "injector/stage.h"
#include "log/log.h"

namespace injector {
namespace {

void remove_stages(const Bundle& bundle, const Directory& target, const Directory& folder, const Ownership& ownership,
                   const Context& context) {
  if (ownership.listing().stages.empty()) return;
  const Site site{target, folder, *ownership.library(), bundle, ownership, context};
  for (const std::string& stage : ownership.listing().stages) {
    try {
      Stage::remove(site, stage);
    } catch (const Error& error) {
      log::warn_about_leftover(error);
    }
  }
}

}  // namespace

Found look_at(const Bundle& bundle, const Directory& target, Locked locked, const Context& context) {
  auto folder = records::try_open(target);
  Ownership ownership(folder, bundle, context);
  if (locked == Locked::yes && folder) remove_stages(bundle, target, *folder, ownership, context);
  Comparison comparison = compare(bundle.manifest, target, ownership.modes(), false, context);
  return {std::move(folder), std::move(ownership), std::move(comparison)};
}

std::optional<Found> try_look_at(const Bundle& bundle, const Directory& target, const Context& context) {
  try {
    return look_at(bundle, target, Locked::no, context);
  } catch (const Error& error) {
    context.interrupt.check();
    log::write(log::Level::debug, "the look without the lock failed",
               {{"path", error.path()}, {"error", error.problem()}});
    return std::nullopt;
  }
}

}  // namespace injector
