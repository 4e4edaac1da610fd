#include "core/process.h"

#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "core/error.h"

namespace injector::process {

void prepare() {
  ::umask(0);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  constexpr rlim_t enough = 4096;
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, enough));
  ::setrlimit(RLIMIT_NOFILE, &files);
}

bool is_terminal_stderr() { return ::isatty(STDERR_FILENO) == 1; }

std::string_view architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
#error "give this architecture the name that uname -m has for it"
#endif
}

unsigned available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::string random_name() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) throw_errno(errno, "getrandom", "", Access::read);
  std::string name;
  for (int i = 0; i < 16; ++i, value >>= 4U) name += "0123456789abcdef"[value & 15U];
  return name;
}

}  // namespace injector::process
