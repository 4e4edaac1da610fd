#pragma once

#include <optional>
#include <string>
#include <vector>

#include "injector/environment.h"
#include "injector/install.h"
#include "injector/trust.h"
#include "log/log.h"

namespace injector {

enum class Command { install, verify, inspect, env, run, print };

// Which manifests a command is about: that of a bundle, or those that a target records.
struct Selection {
  std::string bundle = "/bundle";
  std::optional<std::string> target;
  std::optional<std::string> library;  // of a target
  Trust trust;
};

enum class InspectOutput { text, json };

// fail: the exit code says it. continue_without: the application must not suffer, so it is said and survived.
enum class OnFailure { fail, continue_without };

struct Options {
  Command command = Command::install;
  std::string text;  // for Command::print: the help or the version
  InstallOptions install;
  Selection selection;
  InspectOutput inspect_output = InspectOutput::text;
  EnvironmentOutput environment_output = EnvironmentOutput::text;
  std::string mount = "/target";
  OnFailure on_failure = OnFailure::fail;
  std::vector<std::string> program;  // for Command::run: an entry of the payload, and its arguments
  std::optional<unsigned> threads;
  std::string termination_message = "/dev/termination-log";
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::automatic;
};

// Reads the command line and, for what it leaves open, the INJECTOR_* variables; an empty variable counts as unset.
// The command comes first; without one it is install. Throws Error(usage).
Options parse_options(int argc, const char* const* argv);

// The two options that matter where parse_options throws: the format of the log and the file of the message. Never
// throws.
Options early_options(int argc, const char* const* argv);

// Whether this is an install with --on-failure=continue, as far as that can be told where nothing else can.
bool is_install_to_continue(int argc, const char* const* argv) noexcept;

}  // namespace injector
