#include "injector/records.h"

#include <algorithm>

#include "core/error.h"
#include "core/manifest_json.h"
#include "core/process.h"
#include "injector/log.h"

namespace injector::records {
namespace {

constexpr std::size_t most_names = 4096;  // of which a directory of ours has a handful
constexpr std::size_t most_previous = 8;  // a killed run leaves one
constexpr std::uint32_t document_mode = 0644;

void warn(const Directory& library, const std::string& name, const std::string& why) {
  log::write(log::Level::warn, "the record counts as absent", {{"path", library.path_of(name)}, {"error", why}});
}

}  // namespace

std::size_t limit_for(std::size_t own_document) { return std::max(max_document, 2 * own_document); }

std::string previous_name(const std::string& digest) { return "previous-" + digest.substr(0, 16) + ".json"; }

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
  if (created && (opened->status().mode & permissions) != mode) opened->try_set_mode(mode);
  return std::move(*opened);
}

std::optional<Manifest> try_read(const Directory& library, const std::string& name, std::size_t limit) {
  auto file = library.try_open_file(name);
  if (!file && !library.try_status(name)) return std::nullopt;
  const auto bytes = file ? file->try_read_all(limit) : std::nullopt;
  if (!bytes) {
    warn(library, name, "is no regular file of at most " + std::to_string(limit) + " bytes that can be read");
    return std::nullopt;
  }
  try {
    return parse_manifest(*bytes, file->path());
  } catch (const Error& error) {
    warn(library, name, error.problem());
    return std::nullopt;
  }
}

// Group and others may have got the right to write since, by the kubelet for fsGroup.
bool keeps_modes(const Directory& library) {
  const auto status = library.try_status(document);
  return !status || (status->mode & ~0022U) == document_mode;
}

std::optional<std::string> try_read_selection(const Directory& library) {
  constexpr std::size_t most = 4096;
  auto file = library.try_open_file(selection);
  if (!file && !library.try_status(selection)) return "";
  auto text = file ? file->try_read_all(most) : std::nullopt;
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

std::string read_signature(const Directory& library) {
  auto file = library.try_open_file(signature);
  return file ? file->try_read_all(max_signature_file).value_or("") : "";
}

Listing list(const Directory& library) {
  Listing listing;
  std::size_t seen = 0;
  library.list_while([&](const std::string& name) {
    if (name.starts_with("previous-") && listing.previous.size() < most_previous) listing.previous.push_back(name);
    if (name.starts_with("stage-")) listing.stages.push_back(name);
    if (name == signature) listing.signature = true;
    return ++seen < most_names;
  });
  return listing;
}

std::vector<std::string> libraries(const Directory& injector_folder) {
  std::vector<std::string> names;
  std::size_t seen = 0;
  injector_folder.list_while([&](std::string name) {
    if (name == replaced || !is_library_name(name)) return ++seen < most_names;
    const auto status = injector_folder.try_status(name);
    if (status && status->type == FileType::directory) names.push_back(std::move(name));
    return ++seen < most_names;
  });
  std::sort(names.begin(), names.end());
  return names;
}

void keep(const Directory& injector_folder, const Directory& from, const std::string& name) {
  const OwnFolder folder(injector_folder, replaced);
  const std::string kept = name.substr(0, 200) + '-' + process::random_name();
  if (!folder.directory().try_rename_from(from, name, kept)) {
    throw Error(Reason::name_taken, from.path_of(name), "cannot be moved: a lower layer of this file system has it",
                "Move it away, or use another target.");
  }
  log::write(log::Level::warn, "a directory that was not ours was moved away",
             {{"path", from.path_of(name)}, {"to", folder.directory().path_of(kept)}});
}

}  // namespace injector::records
