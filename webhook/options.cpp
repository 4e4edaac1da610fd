#include "webhook/options.h"

#include <CLI/CLI.hpp>
#include <array>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/version.h"

namespace injector {
namespace {

void add_files(CLI::App& app, KnowledgeFiles& files) {
  app.add_option("--configuration", files.configuration, "YAML or JSON, as docs/webhook.md describes it")
      ->option_text("FILE");
  app.add_option("--catalog", files.catalog, "What there is (default: /catalog.json)")->option_text("FILE");
}

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App& serve = *app.add_subcommand("serve", "Answer the API server, until SIGTERM");
  add_files(serve, options.files);
  serve.add_option("--certificates", options.certificates, "A directory with tls.crt, tls.key and perhaps ca.crt")
      ->required()
      ->option_text("DIR");
  serve.add_option("--listen", options.listen, "Where reviews come in, by TLS (default: 0.0.0.0:8443)")
      ->option_text("ADDRESS:PORT");
  serve.add_option("--metrics", options.metrics, "Where /healthz, /readyz and /metrics are (default: 0.0.0.0:8080)")
      ->option_text("ADDRESS:PORT");
  serve.add_option("--drain", options.drain, "How long to go on after SIGTERM (default: 10)")
      ->check(CLI::Range(0U, 3600U))
      ->option_text("SECONDS");
}

void read_labels(const std::vector<std::string>& texts, std::map<std::string, std::string>& labels) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) throw CLI::ValidationError('"' + text + "\" is not KEY=VALUE");
    labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
}

void add_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App& explain =
      *app.add_subcommand("explain", "Say what becomes of a Pod, or of the Pods of a workload, and why");
  add_files(explain, options.files);
  explain.add_option("-f,--filename", options.input, "YAML or JSON; - is stdin")->required()->option_text("FILE");
  explain.add_option("-n,--namespace", options.space, "Where it names none itself (default: default)")
      ->option_text("NAME");
  explain
      .add_option_function<std::vector<std::string>>(
          "--namespace-labels", [&](const auto& texts) { read_labels(texts, options.namespace_labels); },
          "Those of that namespace, which rules look at")
      ->delimiter(',')
      ->option_text("KEY=VALUE,...");
  explain.add_option("--output", options.output, "text or json (default: text)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ExplainOutput>{{"text", ExplainOutput::text}, {"json", ExplainOutput::json}}))
      ->option_text("FORM");
}

void add_report(CLI::App& app, ReportOptions& options) {
  CLI::App& report = *app.add_subcommand("report", "Say which Pods of a cluster asked in vain, and why");
  add_files(report, options.files);
  report.add_option("-f,--filename", options.input, "What kubectl get pods -A -o json printed (default: -, stdin)")
      ->option_text("FILE");
}

void add_policy(CLI::App& app, PolicyOptions& options) {
  CLI::App& policy = *app.add_subcommand("policy", "Print a MutatingAdmissionPolicy that adds one library by itself");
  add_files(policy, options.files);
  policy.add_option("--library", options.library, "Its name in the catalog")->required()->option_text("NAME");
  policy.add_option("--rule", options.rule, "For the Pods of this rule that ask for nothing; else for those that ask")
      ->option_text("RULE");
  policy.add_option("--version", options.version, "As an annotation would say it (default: latest)")
      ->option_text("VERSION");
}

void add_account(CLI::App& app, std::string& account) {
  app.add_option("--account", account, "Where the service account's token and ca.crt are, as in a Pod")
      ->option_text("DIR");
}

void add_certificate(CLI::App& app, CertificateOptions& options) {
  CLI::App& certificate =
      *app.add_subcommand("certificate", "Make the server's certificate, and see to it that the API server trusts it");
  certificate.add_flag("--keep", options.keep, "Go on, and renew it when two thirds of its life are over");
  certificate.add_option("--namespace", options.name_space, "Of the Secret and the Service")
      ->required()
      ->option_text("NAME");
  certificate.add_option("--secret", options.secret, "Where it is kept; it exists, and may be empty")
      ->required()
      ->option_text("NAME");
  certificate.add_option("--webhook", options.webhook, "The MutatingWebhookConfiguration whose caBundle is set")
      ->required()
      ->option_text("NAME");
  certificate.add_option("--service", options.service, "For whom it is made")->required()->option_text("NAME");
  certificate.add_option("--directory", options.directory, "Where the server reads it: serve --certificates")
      ->required()
      ->option_text("DIR");
  certificate.add_option("--lifetime", options.lifetime, "In seconds (default: 90 days)")
      ->check(CLI::Range(Time{10}, Time{10} * 365 * 24 * 3600))
      ->option_text("SECONDS");
  add_account(certificate, options.account);
}

void add_check(CLI::App& app, CheckOptions& options) {
  CLI::App& check =
      *app.add_subcommand("check", "Ask the API server for a Pod that asks for a library, without making it");
  check.add_option("--catalog", options.catalog, "What there is (default: /catalog.json)")->option_text("FILE");
  check.add_option("-n,--namespace", options.space, "Where the Pod would be (default: default)")->option_text("NAME");
  add_account(check, options.account);
}

void add_log(CLI::App& app, WebhookOptions& options) {
  app.add_option("--log-level", options.log_level, "debug, info, warn or error (default: info)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::Level>{{"debug", log::Level::debug},
                                                                            {"info", log::Level::info},
                                                                            {"warn", log::Level::warn},
                                                                            {"error", log::Level::error}}))
      ->option_text("LEVEL");
  app.add_option("--log-format", options.log_format, "auto: text on a terminal, else json; or text, json")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::Format>{
          {"auto", log::Format::automatic}, {"text", log::Format::text}, {"json", log::Format::json}}))
      ->option_text("FORMAT");
}

constexpr std::array commands = {
    std::pair("serve", WebhookCommand::serve),   std::pair("explain", WebhookCommand::explain),
    std::pair("report", WebhookCommand::report), std::pair("certificate", WebhookCommand::certificate),
    std::pair("check", WebhookCommand::check),   std::pair("policy", WebhookCommand::policy)};

}  // namespace

WebhookOptions parse_webhook_options(int argc, const char* const* argv) {
  WebhookOptions options;
  CLI::App app("Adds a tracing library to the Pods that ask for one, before they are stored.", "webhook");
  app.set_version_flag("--version", std::string("webhook ") + version);
  app.require_subcommand(1);
  app.fallthrough();
  add_log(app, options);
  add_serve(app, options.serve);
  add_explain(app, options.explain);
  add_report(app, options.report);
  add_policy(app, options.policy);
  add_certificate(app, options.certificate);
  add_check(app, options.check);
  try {
    app.parse(argc, argv);
    for (const auto& [name, command] : commands) {
      if (app.got_subcommand(name)) options.command = command;
    }
  } catch (const CLI::CallForVersion& text) {
    options.command = WebhookCommand::print;
    options.text = text.what() + std::string("\n");
  } catch (const CLI::CallForHelp&) {
    options.command = WebhookCommand::print;
    options.text = (app.get_subcommands().empty() ? &app : app.get_subcommands().front())->help();
  } catch (const CLI::ParseError& error) {
    throw Error(Reason::usage, "", error.what());
  }
  return options;
}

}  // namespace injector
