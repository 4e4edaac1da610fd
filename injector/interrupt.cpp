#include "injector/interrupt.h"

#include <string>
#include <tuple>

#include "core/error.h"

namespace injector {

Interrupt::Interrupt() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void Interrupt::check() const {
  sigset_t pending;
  sigemptyset(&pending);
  if (sigpending(&pending) != 0) return;
  for (const auto& [signal, reason, name] :
       {std::tuple{SIGTERM, Reason::terminated, "SIGTERM"}, std::tuple{SIGINT, Reason::interrupted, "SIGINT"}}) {
    if (sigismember(&pending, signal) == 1) throw Error(reason, "", std::string(name) + " received");
  }
}

}  // namespace injector
