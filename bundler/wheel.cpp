#include "bundler/wheel.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace injector {
namespace {

constexpr std::string_view remedy = "Fetch it again.";

// One line of comma-separated values (RFC 4180): "" inside quotation marks is one of them.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) {
        fields.back() += line[i++];
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

// "sha256=" and base64url without padding (RFC 4648).
std::optional<Digest> parse_hash(std::string_view text) {
  constexpr std::string_view algorithm = "sha256=";
  constexpr std::size_t digits = 43;
  if (!text.starts_with(algorithm) || text.size() != algorithm.size() + digits) return std::nullopt;
  text.remove_prefix(algorithm.size());
  std::array<std::uint8_t, Digest::size> bytes{};
  unsigned bits = 0;
  unsigned count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xFFFFU;
    count += 6;
    if (count < 8 || at == bytes.size()) continue;
    count -= 8;
    bytes.at(at++) = static_cast<std::uint8_t>(bits >> count);
  }
  return Digest(bytes);
}

[[noreturn]] void fail(Reason reason, const std::string& wheel, const std::string& problem) {
  throw Error(reason, wheel, problem, std::string(remedy));
}

void check_line(const std::string& wheel, const std::vector<std::string>& fields,
                const std::map<std::string, WheelFile>& files) {
  const std::string& path = fields.at(0);
  const auto file = files.find(path);
  if (file == files.end()) fail(Reason::missing_entry, wheel, path + " is missing, RECORD lists it");
  if (is_record(path) || is_record_signature(path)) return;
  const auto digest = parse_hash(fields.at(1));
  if (!digest) fail(Reason::archive_invalid, wheel, "RECORD has no SHA-256 of " + path);
  if (*digest != file->second.digest) {
    fail(Reason::digest_mismatch, wheel,
         path + ": SHA-256 is " + file->second.digest.text() + ", RECORD says " + digest->text());
  }
  const std::string size = std::to_string(file->second.size);
  if (!fields.at(2).empty() && fields.at(2) != size) {
    fail(Reason::size_mismatch, wheel, path + " has " + size + " bytes, RECORD says " + fields.at(2));
  }
}

bool is_in_dist_info(const std::string& path, std::string_view name) {
  const std::size_t slash = path.find('/');
  return slash != std::string::npos && path.substr(slash + 1) == name && is_dist_info(path.substr(0, slash));
}

}  // namespace

std::optional<std::string> place_of_wheel_file(const std::string& path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string::npos || !std::string_view(path).substr(0, slash).ends_with(".data")) return path;
  const std::string below = path.substr(slash + 1);
  for (const std::string_view scheme : {"purelib/", "platlib/"}) {
    if (below.starts_with(scheme) && below.size() > scheme.size()) return below.substr(scheme.size());
  }
  return std::nullopt;
}

bool is_dist_info(const std::string& name) { return name.ends_with(".dist-info"); }

bool is_record(const std::string& path) { return is_in_dist_info(path, "RECORD"); }

bool is_record_signature(const std::string& path) {
  return is_in_dist_info(path, "RECORD.jws") || is_in_dist_info(path, "RECORD.p7s");
}

void check_record(const std::string& wheel, const std::string& record, const std::map<std::string, WheelFile>& files) {
  std::set<std::string> listed;
  for (std::size_t begin = 0; begin < record.size();) {
    const std::size_t end = std::min(record.find('\n', begin), record.size());
    std::string line = record.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != 3) fail(Reason::archive_invalid, wheel, "RECORD has a line that is not PATH,HASH,SIZE");
    if (!listed.insert(fields[0]).second) fail(Reason::archive_invalid, wheel, "RECORD lists " + fields[0] + " twice");
    check_line(wheel, fields, files);
  }
  for (const auto& [path, file] : files) {
    if (!listed.contains(path) && !is_record_signature(path)) {
      fail(Reason::surplus_entry, wheel, path + " is not in RECORD");
    }
  }
}

}  // namespace injector
