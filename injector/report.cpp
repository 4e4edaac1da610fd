#include "injector/report.h"

#include "core/file.h"
#include "injector/log.h"

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
  return close(outcome.reason, line, outcome.path, &outcome);
}

int Reporter::report(const Error& error) const {
  const std::string line = closing_line("injector", error.reason(), error.path(), error.problem(), error.remedy());
  return close(error.reason(), line, error.path(), nullptr);
}

int Reporter::close(Reason reason, const std::string& line, const std::string& path, const Outcome* outcome) const {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const int code = static_cast<int>(exit_code_of(reason));
  log::Fields fields = {{"path", path}};
  if (outcome != nullptr) {
    fields.push_back({"library", outcome->library});
    fields.push_back({"version", outcome->version});
  } else {
    fields.push_back({"error", std::string(name_of(reason))});
  }
  fields.push_back({"exit_code", std::to_string(code)});
  fields.push_back(
      {"duration_ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count())});
  log::write_closing(code == 0 ? log::Level::info : log::Level::error, line, fields);
  leave_message(termination_message_, line);
  return code;
}

}  // namespace injector
