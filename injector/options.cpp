#include "injector/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/manifest.h"
#include "core/tree_path.h"
#include "core/version.h"

namespace injector {
namespace {

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0    done: installed, already installed, verified\n"
    "  64   usage: the command line or an INJECTOR_* variable\n"
    "  65   damaged: a bundle, or (verify) what is installed, is not what its manifest says, or not what its\n"
    "       signature says; or a key is none\n"
    "  66   there is no bundle, nothing is installed, or a key is not there\n"
    "  69   (run) the program cannot be started\n"
    "  70   a bug of the injector\n"
    "  73   the target cannot be written, or a name in it is taken\n"
    "  74   an input or output error\n"
    "  75   no space, the lock's deadline, or another temporary condition: a retry can help\n"
    "  78   the bundle has nothing for this machine, or for what --select asks, or is older than --minimum-version\n"
    "  130  ended by SIGINT\n"
    "  143  ended by SIGTERM\n";

template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <typename Value>
void add_choice(CLI::App& app, const std::string& name, const std::string& variable, Value& value,
                const Choices<Value>& choices, const std::string& help) {
  std::string names;
  for (const auto& choice : choices) names += (names.empty() ? "" : "|") + choice.first;
  const auto choose = [&value, choices, names, name](const std::string& text) {
    for (const auto& [choice, meaning] : choices) {
      if (choice == text) {
        value = meaning;
        return;
      }
    }
    throw CLI::ValidationError(name, '"' + text + "\" is not one of " + names);
  };
  app.add_option_function<std::string>(name, choose, help)->envname(variable)->option_text(names);
}

Choices<log::Format> log_formats() {
  return {{"auto", log::Format::automatic}, {"text", log::Format::text}, {"json", log::Format::json}};
}

void add_common(CLI::App& app, Options& options) {
  app.add_option("--threads", options.threads, "Threads, 1 to 64 (default: from the CPU quota, at most 4)")
      ->check(CLI::Range(1U, 64U))
      ->envname("INJECTOR_THREADS")
      ->option_text("N");
  app.add_option("--termination-message", options.termination_message, "File that takes the closing line if it exists")
      ->envname("INJECTOR_TERMINATION_MESSAGE")
      ->option_text("FILE=/dev/termination-log");
  add_choice<log::Level>(app, "--log-level", "INJECTOR_LOG_LEVEL", options.log_level,
                         {{"debug", log::Level::debug},
                          {"info", log::Level::info},
                          {"warn", log::Level::warn},
                          {"error", log::Level::error}},
                         "What to log (default: info)");
  add_choice(app, "--log-format", "INJECTOR_LOG_FORMAT", options.log_format, log_formats(),
             "How to log (default: auto, text on a terminal and JSON elsewhere)");
}

// As in PATH: a colon stands between two names, so that a variable can name several.
std::vector<std::string> split_paths(const std::vector<std::string>& lists) {
  std::vector<std::string> paths;
  for (const std::string& list : lists) {
    for (std::size_t begin = 0; begin <= list.size();) {
      const std::size_t end = std::min(list.find(':', begin), list.size());
      if (end == begin) throw CLI::ValidationError("--public-key", '"' + list + "\" names a file without a name");
      paths.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return paths;
}

void add_trust(CLI::App& command, Trust& trust) {
  const auto set_keys = [&trust](const std::vector<std::string>& lists) { trust.public_keys = split_paths(lists); };
  command
      .add_option_function<std::vector<std::string>>(
          "--public-key", set_keys, "The key of who signs manifests, as PEM; any of several, as FILE:FILE or repeated")
      ->allow_extra_args(false)
      ->envname("INJECTOR_PUBLIC_KEY")
      ->option_text("FILE");
  const auto is_version = [](const std::string& text) {
    return is_library_version(text) ? "" : '"' + text + "\" is no version";
  };
  command.add_option("--minimum-version", trust.minimum_version, "Refuse an older version of the library")
      ->check(is_version)
      ->envname("INJECTOR_MINIMUM_VERSION")
      ->option_text("VERSION");
}

void add_install(CLI::App& command, Options& options) {
  InstallOptions& install = options.install;
  command.add_option("--bundle", install.bundle, "The bundle")->envname("INJECTOR_BUNDLE")->option_text("DIR=/bundle");
  command.add_option("--target", install.target, "The directory to install into")
      ->envname("INJECTOR_TARGET")
      ->option_text("DIR=/target");
  const auto set_timeout = [&install](const long long& seconds) { install.timeout = std::chrono::seconds(seconds); };
  command
      .add_option_function<long long>("--timeout", set_timeout,
                                      "How long to wait for another injector, in seconds (default: 60)")
      ->check(CLI::Range(0LL, 86'400LL))
      ->envname("INJECTOR_TIMEOUT")
      ->option_text("SECONDS");
  command.add_option("--size-limit", install.size_limit, "Fail rather than write more than that many bytes")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{Manifest::max_number}))
      ->envname("INJECTOR_SIZE_LIMIT")
      ->option_text("BYTES");
  const auto select = [&install](const std::string& text) {
    const auto choice = Choice::parse(text);
    if (!choice)
      throw CLI::ValidationError("--select", '"' + text + "\" is not KEY=VALUE,... of arch, libc and python");
    install.choice = *choice;
  };
  command
      .add_option_function<std::string>("--select", select,
                                        "Install only what is for these, such as python=3.12,libc=musl")
      ->envname("INJECTOR_SELECT")
      ->option_text("KEY=VALUE,...");
  add_trust(command, install.trust);
  command.add_flag("--replace", install.replace, "Move a directory that no injector installed out of the way")
      ->envname("INJECTOR_REPLACE");
  command
      .add_flag("--fsync", install.fsync,
                "Wait until the volume has written everything, for volumes that outlive the Pod")
      ->envname("INJECTOR_FSYNC");
  command.add_flag("--dry-run", install.dry_run, "Say what would be done, and change nothing")
      ->envname("INJECTOR_DRY_RUN");
  add_common(command, options);
}

// --target is never taken from INJECTOR_TARGET here: in an image with both variables set, these commands are about
// the bundle unless the command line says otherwise.
void add_reader(CLI::App& command, Options& options) {
  CLI::Option* target = command.add_option("--target", options.selection.target, "What is installed in a target");
  target->option_text("DIR");
  command.add_option("--bundle", options.selection.bundle, "A bundle")
      ->envname("INJECTOR_BUNDLE")
      ->option_text("DIR=/bundle");
  command.add_option("--library", options.selection.library, "One library of the target (default: all)")
      ->needs(target)
      ->option_text("NAME");
  add_common(command, options);
}

void add_verify(CLI::App& command, Options& options) {
  add_reader(command, options);
  add_trust(command, options.selection.trust);
}

void add_env(CLI::App& command, Options& options) {
  add_reader(command, options);
  command.add_option("--mount", options.mount, "Where the application sees the target")
      ->envname("INJECTOR_MOUNT")
      ->option_text("PATH=/target");
  add_choice<EnvironmentOutput>(command, "--output", "INJECTOR_OUTPUT", options.environment_output,
                                {{"text", EnvironmentOutput::text},
                                 {"shell", EnvironmentOutput::shell},
                                 {"json", EnvironmentOutput::json},
                                 {"kubernetes", EnvironmentOutput::kubernetes}},
                                "For docker run --env-file, for eval, or as data (default: text)");
}

void add_inspect(CLI::App& command, Options& options) {
  add_reader(command, options);
  add_choice<InspectOutput>(command, "--output", "INJECTOR_OUTPUT", options.inspect_output,
                            {{"text", InspectOutput::text}, {"json", InspectOutput::json}}, "How (default: text)");
}

void add_run(CLI::App& command, Options& options) {
  add_verify(command, options);
  add_choice<OnFailure>(command, "--on-failure", "INJECTOR_ON_FAILURE", options.on_failure,
                        {{"fail", OnFailure::fail}, {"continue", OnFailure::continue_without}},
                        "Where the program cannot be started, or ends by itself: fail, or sleep (default: fail)");
  command.footer(std::string("PATH [ARG...] come last: the program, an entry of the payload, and its arguments.\n\n") +
                 exit_codes);
}

// Where the program of run stands: behind the options and their values.
std::size_t find_program(const CLI::App& command, const std::vector<const char*>& all) {
  std::size_t at = 2;
  for (; at < all.size() && *all[at] == '-'; ++at) {
    if (all[at] == std::string("--")) return at;
    const CLI::Option* option = command.get_option_no_throw(all[at]);
    if (option != nullptr && option->get_items_expected_max() > 0) ++at;
  }
  return std::min(at, all.size());
}

// Takes the program and its arguments out of the command line: they are not ours to understand.
std::vector<std::string> take_program(const CLI::App& command, std::vector<const char*>& all) {
  const std::size_t at = find_program(command, all);
  std::vector<std::string> program(all.begin() + static_cast<std::ptrdiff_t>(at), all.end());
  if (!program.empty() && program.front() == "--") program.erase(program.begin());
  all.resize(at);
  return program;
}

// The value of an option's variable; empty where there is none.
std::string value_of_variable(const CLI::Option& option) {
  const char* value = option.get_envname().empty() ? nullptr : std::getenv(option.get_envname().c_str());
  return value == nullptr ? "" : value;
}

// Where a value came from a variable, the message names the variable.
std::string with_source(const CLI::App& command, const std::string& message) {
  for (const CLI::Option* option : command.get_options()) {
    if (value_of_variable(*option).empty() || message.find(option->get_name()) == std::string::npos) continue;
    return message + " (" + option->get_envname() + " is set)";
  }
  return message;
}

// CLI11 takes "2x" for a number of times.
void check_flags(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string text = value_of_variable(*option);
    const bool flag = option->get_items_expected_max() == 0;
    if (!flag || text.empty() || text == "1" || text == "0" || text == "true" || text == "false") continue;
    throw Error(Reason::usage, option->get_envname(), '"' + text + "\" is not true or false");
  }
}

// Newer versions of CLI11 pass over a variable whose value the option refuses: as an argument it is refused.
void insist_on_variables(CLI::App& app, const CLI::App& command, std::vector<const char*> all) {
  std::vector<std::string> passed_over;
  for (const CLI::Option* option : command.get_options()) {
    const std::string value = value_of_variable(*option);
    if (!value.empty() && option->count() == 0) passed_over.push_back(option->get_name() + '=' + value);
  }
  if (passed_over.empty()) return;
  for (const std::string& argument : passed_over) all.push_back(argument.c_str());
  app.parse(static_cast<int>(all.size()), all.data());
}

void check_selection(const CLI::App& command, const std::vector<const char*>& all) {
  const auto given = [&](const std::string& option) {
    return std::any_of(all.begin() + 1, all.end(),
                       [&](const std::string& arg) { return arg == option || arg.starts_with(option + '='); });
  };
  if (command.get_name() != "install" && given("--bundle") && given("--target")) {
    throw CLI::ValidationError("--bundle and --target exclude each other");
  }
}

struct KnownCommand {
  const char* name;
  const char* help;
  Command command;
  void (*add_options)(CLI::App&, Options&);
};

constexpr std::array known_commands = {
    KnownCommand{"install", "Install the bundle's library into the target (the default)", Command::install,
                 add_install},
    KnownCommand{"verify", "Check every byte of a bundle or of what is installed", Command::verify, add_verify},
    KnownCommand{"inspect", "Print the manifest", Command::inspect, add_inspect},
    KnownCommand{"env", "Print the environment that the application needs", Command::env, add_env},
    KnownCommand{"run", "Check a program of the payload, and run it: run [OPTION...] PATH [ARG...]", Command::run,
                 add_run},
};

std::vector<const char*> with_command(int argc, const char* const* argv) {
  std::vector<const char*> all(argv, argv + argc);
  const std::string first = argc > 1 ? argv[1] : "";
  const bool general = first == "--help" || first == "-h" || first == "--version";
  if (!general && (first.empty() || first.starts_with('-'))) all.insert(all.begin() + 1, "install");
  return all;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Installs a tracing library into a volume that it shares with an application.", "injector");
  app.set_version_flag("--version", std::string("injector ") + version);
  app.require_subcommand(1);
  app.footer(exit_codes);
  std::vector<const char*> all = with_command(argc, argv);
  const std::string chosen = all.size() > 1 ? all[1] : "";
  const CLI::App* command = &app;
  for (const KnownCommand& known : known_commands) {
    CLI::App* added = app.add_subcommand(known.name, known.help);
    if (chosen != known.name) continue;
    // The chosen command alone gets its options: CLI11 reads the variables of all that are there.
    known.add_options(*added, options);
    command = added;
    options.command = known.command;
  }
  if (command == &app && !chosen.starts_with('-')) throw Error(Reason::usage, chosen, "is not a command");
  check_flags(*command);
  if (options.command == Command::run) options.program = take_program(*command, all);
  try {
    app.parse(static_cast<int>(all.size()), all.data());
    insist_on_variables(app, *command, all);
    check_selection(*command, all);
    if (options.command == Command::run && options.program.empty()) throw CLI::RequiredError("PATH");
  } catch (const CLI::CallForVersion& version_text) {
    options.command = Command::print;
    options.text = version_text.what() + std::string("\n");
  } catch (const CLI::CallForHelp&) {
    options.command = Command::print;
    options.text = command == &app ? app.help() : command->help(app.get_name());
  } catch (const CLI::ParseError& error) {
    throw Error(Reason::usage, "", with_source(*command, error.what()));
  }
  return options;
}

Options early_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app;
  app.allow_extras();
  app.set_help_flag();
  std::string format;
  app.add_option("--log-format", format)->envname("INJECTOR_LOG_FORMAT");
  app.add_option("--termination-message", options.termination_message)->envname("INJECTOR_TERMINATION_MESSAGE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError&) {
    // parse_options says it, with what has been understood until here.
  }
  for (const auto& [name, value] : log_formats()) {
    if (name == format) options.log_format = value;
  }
  return options;
}

}  // namespace injector
