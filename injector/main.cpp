#include <cstdio>
#include <exception>
#include <functional>
#include <new>
#include <optional>

#include "core/error.h"
#include "core/process.h"
#include "injector/commands.h"
#include "injector/install.h"
#include "injector/interrupt.h"
#include "injector/limits.h"
#include "injector/log.h"
#include "injector/options.h"
#include "injector/report.h"

namespace injector {
namespace {

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(Reason::io_error, "stdout", "cannot be written");
  }
}

std::optional<Outcome> run(const Options& options, const Interrupt& interrupt) {
  if (options.command == Command::print) {
    print(options.text);
    return std::nullopt;
  }
  const Limits limits = Limits::read();
  Progress progress(process::is_terminal_stderr() && options.log_format != log::Format::json);
  const Context context{interrupt, progress, options.threads.value_or(limits.threads(process::available_processors())),
                        limits.dirty_window()};
  std::string out;
  switch (options.command) {
    case Command::install:
      return install(options.install, context);
    case Command::verify:
      return verify(options, context);
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
  return std::nullopt;
}

// The one place where errors are caught to be told.
int guarded(const Reporter& reporter, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return reporter.report(error);
  } catch (const std::bad_alloc&) {
    return reporter.report(Error(Reason::out_of_memory, "", "there is not enough memory"));
  } catch (const std::exception& error) {
    return reporter.report(Error(Reason::internal, "", error.what()));
  }
}

int run_and_report(const Options& options, const Interrupt& interrupt) {
  log::configure(options.log_level, options.log_format);
  const Reporter reporter(options.termination_message);
  return guarded(reporter, [&] {
    const auto outcome = run(options, interrupt);
    return outcome ? reporter.report(*outcome) : 0;
  });
}

int parse_and_run(int argc, const char* const* argv) {
  process::prepare();
  const Interrupt interrupt;
  log::configure(log::Level::info, log::Format::automatic);
  return guarded(Reporter(Options().termination_message), [&] {
    Options options;
    try {
      options = parse_options(argc, argv);
    } catch (const Error& error) {
      // Told as the command line wanted it, as far as that can be understood.
      const Options early = early_options(argc, argv);
      log::configure(early.log_level, early.log_format);
      return Reporter(early.termination_message).report(error);
    }
    return run_and_report(options, interrupt);
  });
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) { return injector::parse_and_run(argc, argv); }
