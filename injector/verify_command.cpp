#include "injector/commands.h"
#include "injector/compare.h"
#include "injector/selected.h"

namespace injector {

Outcome verify(const Options& options, const Context& context) {
  const bool installed = options.selection.target.has_value();
  Outcome outcome{Reason::verified, options.selection.target.value_or(options.selection.bundle), "", "", ""};
  for (const Selected& selected : select(options.selection)) {
    const Manifest& manifest = selected.manifest;
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < manifest.size(); ++i) bytes += manifest[i].size;
    context.progress.begin("verifying " + manifest.name(), bytes);
    const Comparison found = compare(manifest, selected.tree, selected.modes, !installed, context);
    context.progress.end();
    if (found.first) {
      throw Error(found.first->reason, found.first->path, found.first->problem,
                  installed ? "Run injector install again, it repairs what differs." : "");
    }
    outcome.text += (outcome.text.empty() ? "" : ", ") + manifest.name() + ' ' + manifest.version() + " (" +
                    std::to_string(manifest.size()) + (manifest.size() == 1 ? " entry)" : " entries)");
    outcome.library = manifest.name();
    outcome.version = manifest.version();
  }
  return outcome;
}

}  // namespace injector
