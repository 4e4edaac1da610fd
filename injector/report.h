#pragma once

#include <chrono>
#include <string>

#include "core/error.h"
#include "injector/outcome.h"

namespace injector {

// Tells how a run ended, once: on stderr, and in the termination message file where that exists.
class Reporter {
 public:
  explicit Reporter(std::string termination_message) : termination_message_(std::move(termination_message)) {}

  // Both give the exit code.
  int report(const Outcome& outcome) const;
  int report(const Error& error) const;

 private:
  int close(Reason reason, const std::string& line, const std::string& path, const Outcome* outcome) const;

  std::string termination_message_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace injector
