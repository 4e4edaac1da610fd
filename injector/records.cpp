#include "injector/records.h"

#include <algorithm>

#include "core/error.h"
#include "core/manifest_json.h"
#include "injector/log.h"

namespace injector::records {

std::optional<Directory> try_open(const Directory& target) { return try_open_folder(target, folder); }

std::optional<Directory> try_open_folder(const Directory& parent, const std::string& name) {
  auto opened = parent.try_open_directory(name);
  if (opened) return opened;
  const auto status = parent.try_status(name);
  if (!status) return std::nullopt;
  if (status->type == FileType::directory) {
    // Another injector may have created it since.
    opened = parent.try_open_directory(name);
    if (opened) return opened;
    throw Error(Reason::target_not_writable, parent.path_of(name), "is closed to this user");
  }
  throw Error(Reason::target_unsafe, parent.path_of(name), "is not a directory");
}

Directory open_or_create_folder(const Directory& parent, const std::string& name) {
  constexpr std::uint32_t permissions = 01777;
  if (auto opened = try_open_folder(parent, name)) return std::move(*opened);
  const std::uint32_t mode = parent.status().mode & permissions;
  const bool created = parent.try_create_directory(name, mode);
  auto opened = try_open_folder(parent, name);
  if (!opened) throw Error(Reason::io_error, parent.path_of(name), "vanished while it was opened");
  // A default access control list on the volume can have taken bits away.
  if (created && (opened->status().mode & permissions) != mode) opened->set_mode(mode);
  return std::move(*opened);
}

std::optional<Manifest> try_read(const Directory& library, const std::string& name) {
  auto file = library.try_open_file(name);
  if (!file) {
    if (library.try_status(name)) {
      log::write(log::Level::warn, "the record cannot be read and counts as absent", {{"path", library.path_of(name)}});
    }
    return std::nullopt;
  }
  try {
    return read_manifest(*file).manifest;
  } catch (const Error& error) {
    if (error.reason() != Reason::manifest_invalid) throw;  // a volume that cannot be read is another matter
    log::write(log::Level::warn, "the record is damaged and counts as absent",
               {{"path", file->path()}, {"error", error.problem()}});
    return std::nullopt;
  }
}

std::string read_selection(const Directory& library) {
  constexpr std::size_t most = 4096;
  auto file = library.try_open_file(selection);
  if (!file || file->status().type != FileType::file || file->status().size > most) return "";
  std::string text = file->read_all(most);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Listing list(const Directory& library) {
  Listing listing;
  library.list([&](const std::string& name) {
    if (name.starts_with("previous-")) listing.previous.push_back(name);
    if (name.starts_with("stage-")) listing.stages.push_back(name);
  });
  return listing;
}

std::vector<std::string> libraries(const Directory& injector_folder) {
  std::vector<std::string> names;
  injector_folder.list([&](std::string name) {
    if (name == replaced || !is_library_name(name)) return;
    const auto status = injector_folder.try_status(name);
    if (status && status->type == FileType::directory) names.push_back(std::move(name));
  });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace injector::records
