#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/digest.h"

namespace injector {

struct WheelFile {
  Digest digest;
  std::uint64_t size = 0;
};

// Where pip puts a wheel's file, relative to site-packages (PyPA, "Binary distribution format"); empty for scripts,
// headers and data, which have no place there.
std::optional<std::string> place_of_wheel_file(const std::string& path);

// Whether a directory is the one of the metadata, of which a wheel has one.
bool is_dist_info(const std::string& name);

// Whether path is the wheel's RECORD, or a signature of it, which RECORD cannot list with a digest.
bool is_record(const std::string& path);
bool is_record_signature(const std::string& path);

// Holds a wheel's files against its RECORD, both ways (PyPA, "Recording installed projects"). Throws digest_mismatch,
// size_mismatch, missing_entry, surplus_entry or archive_invalid.
void check_record(const std::string& wheel, const std::string& record, const std::map<std::string, WheelFile>& files);

}  // namespace injector
