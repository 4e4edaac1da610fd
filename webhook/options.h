#pragma once

#include <map>
#include <string>

#include "log/log.h"
#include "webhook/certificate_command.h"
#include "webhook/check.h"

namespace injector {

// Where what decides is read from.
struct KnowledgeFiles {
  std::string configuration;  // empty: none, everything as it is by default
  std::string catalog = "/catalog.json";
};

struct ServeOptions {
  KnowledgeFiles files;
  std::string certificates;  // a directory
  std::string listen = "0.0.0.0:8443";
  std::string metrics = "0.0.0.0:8080";
  unsigned drain = 10;  // seconds
};

enum class ExplainOutput { text, json };

struct ExplainOptions {
  KnowledgeFiles files;
  std::string input;  // a file, or - for stdin
  std::string space = "default";
  std::map<std::string, std::string> namespace_labels;
  ExplainOutput output = ExplainOutput::text;
};

struct ReportOptions {
  KnowledgeFiles files;
  std::string input = "-";
};

struct PolicyOptions {
  KnowledgeFiles files;
  std::string library;
  std::string rule;  // empty: for Pods that ask
  std::string version = "latest";
};

enum class WebhookCommand { serve, explain, report, policy, certificate, check, print };

struct WebhookOptions {
  WebhookCommand command = WebhookCommand::serve;
  ServeOptions serve;
  ExplainOptions explain;
  ReportOptions report;
  PolicyOptions policy;
  CertificateOptions certificate;
  CheckOptions check;
  std::string text;  // for WebhookCommand::print: help or version
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::automatic;
};

// Reads the command line. Throws Error(usage).
WebhookOptions parse_webhook_options(int argc, const char* const* argv);

}  // namespace injector
