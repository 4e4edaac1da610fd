#include "bundler/draft.h"

#include <utility>

#include "core/error.h"
#include "core/process.h"

namespace injector {

Directory open_parent(const std::string& path) {
  auto parent = Directory::try_open(path);
  if (!parent) throw Error(Reason::target_missing, path, "is no directory", "Create it first.");
  return std::move(*parent);
}

Draft::Draft(const std::string& parent, const std::string& label)
    : parent_(open_parent(parent)),
      // The error that leads to a failing removal says more than the removal's own.
      guard_(parent_, '.' + label.substr(0, 200) + '.' + process::random_name(), [](const Error&) {}),
      root_(create_fresh(parent_, guard_.name())) {}

void Draft::commit(const std::string& name) {
  if (!parent_.try_rename_to_free(parent_, guard_.name(), name)) {
    throw Error(Reason::name_taken, parent_.path_of(name), "exists already", "Remove it or name another output.");
  }
  guard_.dismiss();
}

Directory create_fresh(const Directory& parent, const std::string& name) {
  if (!parent.try_create_directory(name, 0755)) throw Error(Reason::name_taken, parent.path_of(name), "exists already");
  auto directory = parent.try_open_directory(name);
  if (!directory) throw Error(Reason::io_error, parent.path_of(name), "vanished while it was written");
  directory->try_remove_default_acl();
  return std::move(*directory);
}

void replace_file(const Directory& directory, const std::string& name, std::string_view text,
                  std::optional<std::int64_t> time) {
  TreeGuard draft(directory, '.' + name + '.' + process::random_name(), [](const Error&) {});
  File file = directory.create_file(draft.name(), 0644);
  file.write_all(text);
  if (time) file.set_modification_time(*time);
  file.close();
  directory.rename_from(directory, draft.name(), name);
  draft.dismiss();
}

Place split_place(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace injector
