#include "injector/selected.h"

#include "core/error.h"
#include "injector/bundle.h"
#include "injector/records.h"
#include "injector/target.h"

namespace injector {
namespace {

Selected read_record(const Directory& folder, const std::string& library, const std::string& target,
                     const PublicKeys& keys) {
  const auto home = records::try_open_folder(folder, library);
  auto file = home ? home->try_open_file(records::document) : std::nullopt;
  if (!file) throw Error(Reason::not_installed, target, "has no record of the library " + library);
  auto [document, signature, manifest] = read_manifest(*home, *file, keys);
  if (manifest.name() != library) {
    throw Error(Reason::manifest_invalid, file->path(), "is the record of " + manifest.name() + ", not of " + library,
                "Run injector install again.");
  }
  std::string selection = records::try_read_selection(*home).value_or("");
  if (const auto choice = Choice::parse(selection)) {
    manifest = manifest.chosen(*choice);
  } else {
    selection.clear();  // not one of ours: as if there were none
  }
  const Modes modes = records::keeps_modes(*home) ? Modes::kept : Modes::of_the_mount;
  return {std::move(document), std::move(manifest), open_target(target), std::move(selection), modes};
}

}  // namespace

std::vector<Selected> select(const Selection& selection) {
  const PublicKeys keys = read_keys(selection.trust.public_keys);
  std::vector<Selected> all;
  if (!selection.target) {
    Bundle bundle = Bundle::open(selection.bundle, keys);
    check_version(bundle.manifest, selection.trust, selection.bundle);
    all.push_back({std::move(bundle.document), std::move(bundle.manifest), std::move(bundle.payload), "", Modes::kept});
    return all;
  }
  const Directory target = open_target(*selection.target);
  const auto folder = records::try_open(target);
  if (!folder) throw Error(Reason::not_installed, target.path(), "no injector has installed anything here");
  const auto names = selection.library ? std::vector{*selection.library} : records::libraries(*folder);
  if (names.empty()) throw Error(Reason::not_installed, target.path(), "nothing is installed here");
  for (const std::string& name : names) {
    if (!is_library_name(name)) throw Error(Reason::usage, name, "is not the name of a library");
    all.push_back(read_record(*folder, name, *selection.target, keys));
    check_version(all.back().manifest, selection.trust, target.path());
  }
  return all;
}

}  // namespace injector
