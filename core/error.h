#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace injector {

// The exit codes of sysexits(3) that have a meaning here. README.md has them as users see them.
enum class ExitCode : int {
  ok = 0,
  usage = 64,
  damaged = 65,
  not_found = 66,
  unavailable = 69,
  internal = 70,
  cannot_create = 73,
  io = 74,
  temporary = 75,
  misfit = 78,
  interrupted = 130,
  terminated = 143,
};

// Why a run ended. Each reason has a fixed name, exit code and default remedy.
enum class Reason {
  installed,
  already_installed,
  would_install,
  verified,
  packed,
  bundle_signed,
  generated,
  catalogued,
  usage,
  digest_mismatch,
  size_mismatch,
  type_mismatch,
  mode_mismatch,
  link_mismatch,
  missing_entry,
  surplus_entry,
  manifest_invalid,
  signature_missing,
  signature_invalid,
  key_invalid,
  archive_invalid,
  unsafe_entry,
  key_not_found,
  bundle_not_found,
  not_installed,
  input_not_found,
  not_running,
  api_failed,
  internal,
  target_missing,
  target_not_directory,
  target_not_writable,
  target_read_only,
  name_taken,
  target_unsafe,
  io_error,
  no_space,
  no_inodes,
  lock_timeout,
  too_many_files,
  out_of_memory,
  does_not_fit,
  version_too_old,
  interrupted,
  terminated,
};

std::string_view name_of(Reason reason);
ExitCode exit_code_of(Reason reason);
std::string_view remedy_for(Reason reason);

// The only error type: it travels from where something failed to main, which prints it once.
class Error : public std::exception {
 public:
  // path: what it is about; problem: a clause without a full stop; remedy: a sentence, or empty for the reason's own.
  Error(Reason reason, std::string path, std::string problem, std::string remedy = {});

  const char* what() const noexcept override { return problem_.c_str(); }
  Reason reason() const { return reason_; }
  const std::string& path() const { return path_; }
  const std::string& problem() const { return problem_; }
  const std::string& remedy() const { return remedy_; }

 private:
  Reason reason_;
  std::string path_;
  std::string problem_;
  std::string remedy_;
};

// What a failed system call was about to do: a full disk is another error for a reader than for a writer.
enum class Access { read, write };

// Throws the Error for a failed system call: its name, its path and errno's text.
[[noreturn]] void throw_errno(int error, std::string_view call, std::string path, Access access);

// "REASON: PATH: WHAT. REMEDY (exit CODE)" on one line of at most 1 KiB, without control characters.
// code: empty for the reason's own.
std::string closing_line(std::string_view program, Reason reason, std::string_view path, std::string_view problem,
                         std::string_view remedy, std::optional<ExitCode> code = {});

}  // namespace injector
