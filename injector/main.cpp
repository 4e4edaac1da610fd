#include <cstdio>
#include <exception>
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

int guarded_main(int argc, const char* const* argv) {
  process::prepare();
  const Interrupt interrupt;
  const Options early = early_options(argc, argv);
  Reporter reporter(early.termination_message);
  log::configure(log::Level::info, early.log_format);
  try {
    const Options options = parse_options(argc, argv);
    if (options.command == Command::print) {
      print(options.text);
      return 0;
    }
    log::configure(options.log_level, options.log_format);
    reporter = Reporter(options.termination_message);
    const auto outcome = run(options, interrupt);
    return outcome ? reporter.report(*outcome) : 0;
  } catch (const Error& error) {
    return reporter.report(error);
  } catch (const std::bad_alloc&) {
    return reporter.report(Error(Reason::out_of_memory, "", "there is not enough memory"));
  } catch (const std::exception& error) {
    return reporter.report(Error(Reason::internal, "", error.what()));
  }
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) { return injector::guarded_main(argc, argv); }
