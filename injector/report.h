#pragma once

#include <chrono>
#include <string>

#include "core/error.h"
#include "injector/outcome.h"
#include "log/log.h"

namespace injector {

// Tells how a run ended, once: on stderr, and in the termination message file where that exists.
class Reporter {
 public:
  explicit Reporter(std::string termination_message) : termination_message_(std::move(termination_message)) {}

  // Both give the exit code.
  int report(const Outcome& outcome) const;
  int report(const Error& error) const;
  // An error that the application is not to suffer from: as loud, but the exit code will be 0. meanwhile: a sentence.
  int report_survived(const Error& error, const std::string& meanwhile) const;

 private:
  int close(const Error& error, const std::string& remedy, ExitCode code) const;
  int close(log::Level level, const std::string& line, log::Fields fields, ExitCode code) const;

  std::string termination_message_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace injector
