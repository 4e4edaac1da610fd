#include "injector/report.h"

#include "core/file.h"
#include "log/log.h"

namespace injector {
namespace {

// A file that is missing or read-only is ignored: it is a courtesy of Kubernetes, not a part of the work.
void leave_message(const std::string& path, const std::string& line) {
  try {
    if (auto file = File::try_open_for_overwrite(path)) file->write_all(line + "\n");
  } catch (const Error&) {
    log::write(log::Level::debug, "the termination message cannot be written", {{"path", path}});
  }
}

}  // namespace

int Reporter::report(const Outcome& outcome) const {
  const std::string line = closing_line("injector", outcome.reason, outcome.path, outcome.text, "");
  const log::Fields fields = {{"path", outcome.path}, {"library", outcome.library}, {"version", outcome.version}};
  return close(log::Level::info, line, fields, exit_code_of(outcome.reason));
}

int Reporter::report(const Error& error) const { return close(error, error.remedy(), exit_code_of(error.reason())); }

int Reporter::report_survived(const Error& error, const std::string& meanwhile) const {
  return close(error, error.remedy() + ' ' + meanwhile, ExitCode::ok);
}

int Reporter::close(const Error& error, const std::string& remedy, ExitCode code) const {
  const std::string line = closing_line("injector", error.reason(), error.path(), error.problem(), remedy, code);
  return close(log::Level::error, line, {{"path", error.path()}, {"error", std::string(name_of(error.reason()))}},
               code);
}

int Reporter::close(log::Level level, const std::string& line, log::Fields fields, ExitCode code) const {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  fields.push_back({"exit_code", std::to_string(static_cast<int>(code))});
  fields.push_back(
      {"duration_ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count())});
  log::write_closing(level, line, fields);
  leave_message(termination_message_, line);
  return static_cast<int>(code);
}

}  // namespace injector
