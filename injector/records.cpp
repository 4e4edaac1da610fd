#include "injector/records.h"

#include <algorithm>

#include "core/error.h"
#include "core/manifest_json.h"
#include "core/process.h"
#include "log/log.h"

namespace injector::records {
namespace {

constexpr std::size_t most_names = 4096;  // of which a directory of ours has a handful
constexpr std::size_t most_previous = 8;  // a killed run leaves one; each image has one fallback
constexpr std::uint32_t document_mode = 0644;
constexpr const char* previous_prefix = "previous-";
constexpr const char* fallback_prefix = "fallback-";

void warn(const Directory& library, const std::string& name, const std::string& why) {
  log::write(log::Level::warn, "the record counts as absent", {{"path", library.path_of(name)}, {"error", why}});
}

}  // namespace

std::size_t limit_for(std::size_t own_document) { return std::max(max_document, 2 * own_document); }

std::string previous_name(const std::string& digest) { return previous_prefix + digest.substr(0, 16) + ".json"; }

std::string fallback_name(const std::string& digest) { return fallback_prefix + digest.substr(0, 16) + ".json"; }

std::vector<std::string> Listing::outdated() const {
  std::vector<std::string> all = previous;
  all.insert(all.end(), fallbacks.begin(), fallbacks.end());
  return all;
}

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

std::optional<std::string> try_read_text(const Directory& library, const std::string& name, std::size_t limit) {
  for (int tries = 2;;) {
    try {
      auto file = library.try_open_file(name);
      return file ? file->try_read_all(limit) : std::nullopt;
    } catch (const Error& error) {
      if (error.reason() != Reason::io_error) throw;
      if (--tries == 0) return "";
    }
  }
}

void write(const Directory& directory, const std::string& name, std::string_view text) {
  File file = directory.create_file(name, document_mode);
  file.write_all(text);
  file.close();
}

std::optional<Manifest> try_read(const Directory& library, const std::string& name, std::size_t limit) {
  return try_parse(library, name, try_read_text(library, name, limit));
}

std::optional<Manifest> try_parse(const Directory& library, const std::string& name,
                                  const std::optional<std::string>& text) {
  if (!text && !library.try_status(name)) return std::nullopt;
  if (!text) {
    warn(library, name, "is too large, or no regular file that can be read");
    return std::nullopt;
  }
  try {
    return parse_manifest(*text, library.path_of(name));
  } catch (const Error& error) {
    warn(library, name, error.problem());
    return std::nullopt;
  }
}

bool is_cut_short(const std::string& record, const std::string& document) {
  return record != document && document.starts_with(record.substr(0, record.find_last_not_of('\0') + 1));
}

// Group and others may have got the right to write since, by the kubelet for fsGroup.
bool keeps_modes(const Directory& library, const std::string& record) {
  const auto status = library.try_status(record);
  return !status || (status->mode & ~0022U) == document_mode;
}

std::optional<std::string> try_read_selection(const Directory& library) {
  constexpr std::size_t most = 4096;
  auto text = try_read_text(library, selection, most);
  if (!text && !library.try_status(selection)) return "";
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
    if (name.starts_with(previous_prefix) && listing.previous.size() < most_previous) listing.previous.push_back(name);
    if (name.starts_with(fallback_prefix) && listing.fallbacks.size() < most_previous)
      listing.fallbacks.push_back(name);
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
