#include "core/fd.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace injector {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

bool passes(On what, unsigned tries) {
  // Each has an end: a file system that says nothing else must not hang us.
  constexpr unsigned most_interruptions = 1000;
  constexpr unsigned most_pauses = 50;
  constexpr auto pause = std::chrono::milliseconds(20);
  if (errno == EINTR) return tries < most_interruptions;
  const bool waits = (errno == EAGAIN && what != On::open_file) || (errno == ESTALE && what == On::name);
  if (!waits || tries > most_pauses) return false;
  if (tries > 0) std::this_thread::sleep_for(pause);
  return true;
}

}  // namespace injector
