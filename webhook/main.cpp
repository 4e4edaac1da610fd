#include <cstdio>
#include <exception>
#include <string>

#include "core/error.h"
#include "core/process.h"
#include "webhook/explain.h"
#include "webhook/options.h"
#include "webhook/policy.h"
#include "webhook/serve.h"

namespace injector {
namespace {

int close(const Error& error) {
  const std::string line = closing_line("webhook", error.reason(), error.path(), error.problem(), error.remedy());
  log::write_closing(log::Level::error, line, {{"path", error.path()}});
  return static_cast<int>(exit_code_of(error.reason()));
}

int print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? 0 : close(Error(Reason::io_error, "stdout", "cannot be written"));
}

int run(const WebhookOptions& options) {
  log::configure(options.log_level, options.log_format, "webhook");
  switch (options.command) {
    case WebhookCommand::serve:
      serve(options.serve);
      break;
    case WebhookCommand::explain:
      return print(explain(options.explain));
    case WebhookCommand::report:
      return print(report(options.report));
    case WebhookCommand::policy:
      return print(policy(options.policy));
    case WebhookCommand::certificate:
      log::write(log::Level::info, keep_certificate(options.certificate, [](bool problem, const std::string& what) {
                   log::write(problem ? log::Level::warn : log::Level::info, what);
                 }));
      break;
    case WebhookCommand::check:
      return print(check(options.check));
    case WebhookCommand::print:
      return print(options.text);
  }
  return 0;
}

int guarded_main(int argc, const char* const* argv) {
  log::configure(log::Level::info, log::Format::automatic, "webhook");
  process::prepare();
  try {
    return run(parse_webhook_options(argc, argv));
  } catch (const Error& error) {
    return close(error);
  } catch (const std::exception& error) {
    return close(Error(Reason::internal, "", error.what()));
  }
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) { return injector::guarded_main(argc, argv); }
