#pragma once

#include <optional>
#include <string>

#include "core/process.h"
#include "injector/context.h"
#include "injector/options.h"
#include "injector/outcome.h"

namespace injector {

// Each command throws Error where it fails. What it prints for its caller goes to out, which main writes to stdout.
Outcome verify(const Options& options, const Context& context);
void inspect(const Options& options, std::string& out);
void print_env(const Options& options, std::string& out);
// Gives the exit code of the program; with OnFailure::fail it becomes the program and does not return.
int run_program(const Options& options, const Context& context, const process::Inherited& inherited);

}  // namespace injector
