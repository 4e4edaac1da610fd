#include "injector/left.h"

#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/records.h"
#include "injector/target.h"

namespace injector {
namespace {

enum class Left { nothing, fallback, something };

Left look_for(const Manifest& fallback, const Directory& target, const Context& context) {
  bool all = true;
  for (const std::uint32_t index : fallback.top()) {
    const std::string name = fallback.name_of(index);
    if (!target.try_status(name)) return Left::nothing;
    all = all && is_right(fallback, name, target, Modes::of_the_mount, context);
  }
  return all ? Left::fallback : Left::something;
}

// Without a fallback, nobody knows which names the application needs.
Left look_for_anything(const Directory& target) {
  const bool empty = target.list_while([](const std::string& name) { return name == records::folder; });
  return empty ? Left::nothing : Left::something;
}

std::optional<Bundle> try_open_fallback(const InstallOptions& options) {
  try {
    return options.fallback ? std::optional(Bundle::open(*options.fallback)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // place_fallback has said why
  }
}

Left look(const InstallOptions& options, const Interrupt& interrupt) {
  Progress progress(false);
  const Context context{interrupt, progress, 1, {}, {}};
  try {
    const Directory target = open_target(options.target);
    const auto fallback = try_open_fallback(options);
    return fallback ? look_for(fallback->manifest, target, context) : look_for_anything(target);
  } catch (const Error& error) {
    return error.reason() == Reason::target_missing ? Left::nothing : Left::something;
  }
}

}  // namespace

std::string describe_what_is_left(const InstallOptions& options, const Interrupt& interrupt) {
  switch (look(options, interrupt)) {
    case Left::nothing:
      return "Until then the application finds nothing there.";
    case Left::fallback:
      return "Until then the application has the fallback and goes without.";
    case Left::something:
      return "Until then the application has what is there.";
  }
  return "";
}

}  // namespace injector
