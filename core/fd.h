#pragma once

#include <utility>

namespace injector {

// Owns a file descriptor. The destructor ignores what close reports; File::close does not.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // Gives the descriptor away; the caller closes it.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// What a system call works on, and so what is wrong with it for a moment only. Whatever it is, EINTR: a signal came.
enum class On {
  open_file,  // nothing else: what a network file system says of an open file (ESTALE) stays so, and what it says of
              // data that were written (EIO) it says once, so that a second call would hide the loss
  data,       // of an open file, to be read or written: EAGAIN too
  name,       // EAGAIN, since another process has a lease on the file; and ESTALE, since the server gave the name to
              // another file, or lost its own memory
};

// Whether the system call of this thread that failed last is worth another try; waits where that needs a moment, for a
// second in all. tries: how often it was made before.
bool passes(On what, unsigned tries);

// Makes a system call again while what hinders it passes. Not for close(2): that has closed, whatever it says.
template <typename Call>
auto retry(Call call, On what = On::open_file) {
  for (unsigned tries = 0;; ++tries) {
    const auto result = call();
    if (result != -1 || !passes(what, tries)) return result;
  }
}

}  // namespace injector
