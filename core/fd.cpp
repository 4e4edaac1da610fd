#include "core/fd.h"

#include <unistd.h>

#include <cerrno>

namespace injector {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

bool was_interrupted() { return errno == EINTR; }

}  // namespace injector
