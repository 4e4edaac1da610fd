#pragma once

#include <csignal>

namespace injector {

// SIGTERM and SIGINT, held back from the moment this is made, so that they end a run between two steps and not within
// one. Make it before any thread starts.
class Interrupt {
 public:
  Interrupt();

  // Throws interrupted or terminated where such a signal has come.
  void check() const;

 private:
  sigset_t signals_{};
};

}  // namespace injector
