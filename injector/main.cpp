#include <cstdio>
#include <exception>
#include <functional>
#include <new>

#include "core/error.h"
#include "core/process.h"
#include "injector/commands.h"
#include "injector/confine.h"
#include "injector/install.h"
#include "injector/interrupt.h"
#include "injector/left.h"
#include "injector/limits.h"
#include "injector/options.h"
#include "injector/report.h"
#include "log/log.h"

namespace injector {
namespace {

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(Reason::io_error, "stdout", "cannot be written");
  }
}

// What the process was when it started, and what it has become for the time of its work.
struct Process {
  process::Inherited inherited = process::prepare();
  Interrupt interrupt;
};

// Gives the exit code.
int run(const Options& options, const Process& self, const Reporter& reporter) {
  if (options.command == Command::print) {
    print(options.text);
    return 0;
  }
  const Limits limits = Limits::read();
  Progress progress(process::is_terminal_stderr() && options.log_format != log::Format::json);
  const Context context{self.interrupt, progress,
                        options.threads.value_or(limits.threads(process::available_processors())),
                        limits.dirty_window(), limits.memory};
  confine(options);
  std::string out;
  switch (options.command) {
    case Command::install:
      return reporter.report(install(options.install, context));
    case Command::verify:
      return reporter.report(verify(options, context));
    case Command::run:
      return run_program(options, context, self.inherited);
    case Command::inspect:
      inspect(options, out);
      break;
    case Command::env:
      print_env(options, out);
      break;
    case Command::print:
      break;
  }
  print(out);
  return 0;
}

// The one place where errors are caught to be told. tell gives the exit code.
int guarded(const std::function<int(const Error&)>& tell, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return tell(error);
  } catch (const std::bad_alloc&) {
    return tell(Error(Reason::out_of_memory, "", "there is not enough memory"));
  } catch (const std::exception& error) {
    return tell(Error(Reason::internal, "", error.what()));
  }
}

int run_and_report(const Options& options, const Process& self) {
  log::configure(options.log_level, options.log_format);
  const Reporter reporter(options.termination_message);
  const auto tell = [&](const Error& error) {
    const bool asked = exit_code_of(error.reason()) >= ExitCode::interrupted;
    if (options.on_failure == OnFailure::fail || options.command == Command::print || asked) {
      return reporter.report(error);
    }
    if (options.command == Command::install) {
      return reporter.report_survived(error, describe_what_is_left(options.install, self.interrupt));
    }
    const int code = reporter.report_survived(error, "Until then the application goes without, and this sleeps.");
    process::sleep_until_asked_to_end();
    return code;
  };
  return guarded(tell, [&] { return run(options, self, reporter); });
}

int parse_and_run(int argc, const char* const* argv) {
  const Process self;
  log::configure(log::Level::info, log::Format::automatic);
  const auto tell = [&](const Error& error) {
    const Reporter reporter(Options().termination_message);
    const bool survived = is_install_to_continue(argc, argv) && exit_code_of(error.reason()) != ExitCode::usage;
    return survived ? reporter.report_survived(error, "Until then the application has what is there.")
                    : reporter.report(error);
  };
  return guarded(tell, [&] {
    Options options;
    try {
      options = parse_options(argc, argv);
    } catch (const Error& error) {
      // Told as the command line wanted it, as far as that can be understood.
      const Options early = early_options(argc, argv);
      log::configure(early.log_level, early.log_format);
      return Reporter(early.termination_message).report(error);
    }
    return run_and_report(options, self);
  });
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) {
  try {
    return injector::parse_and_run(argc, argv);
  } catch (...) {
    // There is not even the memory to say so.
    return static_cast<int>(injector::is_install_to_continue(argc, argv) ? injector::ExitCode::ok
                                                                         : injector::ExitCode::temporary);
  }
}
