#include "core/environment.h"
#include "injector/commands.h"
#include "injector/selected.h"

namespace injector {

void print_env(const Options& options, std::string& out) {
  std::vector<std::vector<Variable>> environments;
  for (const Selected& selected : select(options.selection)) environments.push_back(selected.manifest.environment());
  const std::vector<Variable> environment = join_environments(environments);
  out = print_environment(environment, options.mount, options.environment_output);
  for (const std::string& name : unmergeable(environment, options.environment_output)) {
    log::write(log::Level::warn, name + " may be set already: this form of output replaces it and cannot merge");
  }
}

}  // namespace injector
