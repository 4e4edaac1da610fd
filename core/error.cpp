#include "core/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "core/utf8.h"

namespace injector {
namespace {

struct ReasonText {
  Reason reason;
  std::string_view name;
  ExitCode code;
  std::string_view remedy;
};

constexpr std::string_view pull_again = "Pull the image again or rebuild it.";
constexpr std::string_view free_space = "Free space in the volume or give it a larger size.";

// In the order of the enumeration: name_of and the others index it.
constexpr std::array texts = {
    ReasonText{Reason::installed, "installed", ExitCode::ok, ""},
    ReasonText{Reason::already_installed, "already-installed", ExitCode::ok, ""},
    ReasonText{Reason::would_install, "would-install", ExitCode::ok, ""},
    ReasonText{Reason::verified, "verified", ExitCode::ok, ""},
    ReasonText{Reason::packed, "packed", ExitCode::ok, ""},
    ReasonText{Reason::bundle_signed, "signed", ExitCode::ok, ""},
    ReasonText{Reason::generated, "generated", ExitCode::ok, ""},
    ReasonText{Reason::catalogued, "catalogued", ExitCode::ok, ""},
    ReasonText{Reason::usage, "usage", ExitCode::usage, "See --help."},
    ReasonText{Reason::digest_mismatch, "digest-mismatch", ExitCode::damaged, pull_again},
    ReasonText{Reason::size_mismatch, "size-mismatch", ExitCode::damaged, pull_again},
    ReasonText{Reason::type_mismatch, "type-mismatch", ExitCode::damaged, pull_again},
    ReasonText{Reason::mode_mismatch, "mode-mismatch", ExitCode::damaged, pull_again},
    ReasonText{Reason::link_mismatch, "link-mismatch", ExitCode::damaged, pull_again},
    ReasonText{Reason::missing_entry, "missing-entry", ExitCode::damaged, pull_again},
    ReasonText{Reason::surplus_entry, "surplus-entry", ExitCode::damaged, pull_again},
    ReasonText{Reason::manifest_invalid, "manifest-invalid", ExitCode::damaged, pull_again},
    ReasonText{Reason::signature_missing, "signature-missing", ExitCode::damaged,
               "Sign the bundle, or install from a signed image."},
    ReasonText{Reason::signature_invalid, "signature-invalid", ExitCode::damaged,
               "Install from the signer's image, or name the signer's key with --public-key."},
    ReasonText{Reason::key_invalid, "key-invalid", ExitCode::damaged,
               "Give one Ed25519 or ECDSA P-256 key as PEM, as openssl writes it."},
    ReasonText{Reason::archive_invalid, "archive-invalid", ExitCode::damaged, "Fetch it again."},
    ReasonText{Reason::unsafe_entry, "unsafe-entry", ExitCode::damaged, "Remove it from the input."},
    ReasonText{Reason::key_not_found, "key-not-found", ExitCode::not_found, "Mount the key there, or name its file."},
    ReasonText{Reason::bundle_not_found, "bundle-not-found", ExitCode::not_found,
               "Name the bundle's directory with --bundle."},
    ReasonText{Reason::not_installed, "not-installed", ExitCode::not_found, "Run injector install first."},
    ReasonText{Reason::input_not_found, "input-not-found", ExitCode::not_found, "Name an existing file or directory."},
    ReasonText{Reason::not_running, "not-running", ExitCode::unavailable, "Look at what it wrote itself."},
    ReasonText{Reason::api_failed, "api-failed", ExitCode::unavailable,
               "Look at the API server, at what this account may do, and at the network policy."},
    ReasonText{Reason::internal, "internal", ExitCode::internal, "This is a bug: please report this line."},
    ReasonText{Reason::target_missing, "target-missing", ExitCode::cannot_create,
               "Mount a volume there, or name its directory with --target."},
    ReasonText{Reason::target_not_directory, "target-not-directory", ExitCode::cannot_create,
               "Mount a volume there, or name its directory with --target."},
    ReasonText{Reason::target_not_writable, "target-not-writable", ExitCode::cannot_create,
               "Run as a user who can write there, or let this one (in a Pod: fsGroup)."},
    ReasonText{Reason::target_read_only, "target-read-only", ExitCode::cannot_create,
               "Mount a volume there (docker run -v DIR:/target), and not readOnly."},
    ReasonText{Reason::name_taken, "name-taken", ExitCode::cannot_create, "Move it away or use another target."},
    ReasonText{Reason::target_unsafe, "target-unsafe", ExitCode::cannot_create, "Remove it from the target."},
    ReasonText{Reason::io_error, "io-error", ExitCode::io, "Look at the volume and at the node's kernel log."},
    ReasonText{Reason::no_space, "no-space", ExitCode::temporary, free_space},
    ReasonText{Reason::no_inodes, "no-inodes", ExitCode::temporary, "Use a volume with more inodes."},
    ReasonText{Reason::lock_timeout, "lock-timeout", ExitCode::temporary,
               "Try again, or give it longer with --timeout."},
    ReasonText{Reason::too_many_files, "too-many-files", ExitCode::temporary,
               "Raise the limit of open files, or use --threads 1."},
    ReasonText{Reason::out_of_memory, "out-of-memory", ExitCode::temporary, "Raise the memory limit."},
    ReasonText{Reason::does_not_fit, "does-not-fit", ExitCode::misfit, "Use an image that is made for it."},
    ReasonText{Reason::version_too_old, "version-too-old", ExitCode::misfit,
               "Use a newer image, or a lower --minimum-version."},
    ReasonText{Reason::interrupted, "interrupted", ExitCode::interrupted, "Run it again."},
    ReasonText{Reason::terminated, "interrupted", ExitCode::terminated, "Run it again."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (static_cast<std::size_t>(texts[i].reason) != i) return false;
  }
  return texts.size() == static_cast<std::size_t>(Reason::terminated) + 1;
}
static_assert(in_order());

const ReasonText& text_of(Reason reason) { return texts[static_cast<std::size_t>(reason)]; }

Reason reason_for(int error, Access access) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return Reason::no_space;
    case ENOMEM:
      return Reason::out_of_memory;
    case EMFILE:
    case ENFILE:
      return Reason::too_many_files;
    case EROFS:
      return Reason::target_read_only;
    case EACCES:
    case EPERM:
      return access == Access::write ? Reason::target_not_writable : Reason::io_error;
    default:
      return Reason::io_error;
  }
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string line = utf8::printable(text);
  if (line.size() <= limit) return line;
  std::size_t end = limit - 3;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end) + "...";
}

}  // namespace

std::string_view name_of(Reason reason) { return text_of(reason).name; }
ExitCode exit_code_of(Reason reason) { return text_of(reason).code; }
std::string_view remedy_for(Reason reason) { return text_of(reason).remedy; }

Error::Error(Reason reason, std::string path, std::string problem, std::string remedy)
    : reason_(reason), path_(std::move(path)), problem_(std::move(problem)), remedy_(std::move(remedy)) {
  if (remedy_.empty()) remedy_ = remedy_for(reason);
}

void throw_errno(int error, std::string_view call, std::string path, Access access) {
  std::string problem(call);
  problem.append(": ").append(std::strerror(error));
  const Reason reason = reason_for(error, access);
  const bool unreadable = reason == Reason::io_error && (error == EACCES || error == EPERM);
  throw Error(reason, std::move(path), std::move(problem), unreadable ? "Make it readable for this user." : "");
}

std::string closing_line(std::string_view program, Reason reason, std::string_view path, std::string_view problem,
                         std::string_view remedy, std::optional<ExitCode> code) {
  constexpr std::size_t limit = 1024;
  std::string line(program);
  line.append(": ").append(name_of(reason)).append(": ");
  if (!path.empty()) line.append(printable(path, 400)).append(": ");
  std::string tail;
  if (remedy.ends_with('.')) remedy.remove_suffix(1);
  if (!remedy.empty()) tail.append(". ").append(printable(remedy, 256));
  tail.append(" (exit ").append(std::to_string(static_cast<int>(code.value_or(exit_code_of(reason))))).append(")");
  return line.append(printable(problem, limit - line.size() - tail.size())).append(tail);
}

}  // namespace injector
