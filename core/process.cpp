#include "core/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"

namespace injector::process {

namespace {

constexpr std::array end_signals = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
constexpr std::array other_signals = {SIGUSR1, SIGUSR2, SIGCHLD};

bool asks_for_the_end(int signal) {
  return std::find(end_signals.begin(), end_signals.end(), signal) != end_signals.end();
}

// Holds back the signals that wait_for_signal takes.
sigset_t hold_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : end_signals) sigaddset(&set, signal);
  for (const int signal : other_signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGCHLD, SIG_DFL);  // where it was ignored, the kernel would reap on its own
  return set;
}

int wait_for_signal(const sigset_t& set) {
  return retry([&] { return ::sigwaitinfo(&set, nullptr); });
}

// Reaps all children that have ended; the wait status of the given one, if it is among them.
std::optional<int> reap(pid_t child) {
  std::optional<int> found;
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == child) found = status;
  }
  return found;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

void restore(const Inherited& inherited) {
  ::umask(inherited.umask);
  std::signal(SIGXFSZ, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
  rlimit files{};
  if (inherited.open_files != 0 && ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = inherited.open_files;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  pthread_sigmask(SIG_SETMASK, &inherited.blocked, nullptr);
}

// Returns errno: on success it does not return.
int try_execute(const Program& program, const Inherited& inherited) {
  const std::vector<char*> arguments = pointers(program.arguments);
  const std::vector<char*> environment = pointers(program.environment);
  restore(inherited);
  const int fd = program.file.fd().get();
  ::execveat(fd, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  if (errno != ENOENT) return errno;
  // Perhaps a script: its interpreter opens /dev/fd/N, and so the descriptor has to stay.
  ::fcntl(fd, F_SETFD, 0);
  ::execveat(fd, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  return errno;
}

[[noreturn]] void refuse(const Program& program, int error) {
  const std::string hint = error == ENOENT    ? ": its loader or interpreter is missing"
                           : error == ENOEXEC ? ": it is no program for this machine"
                                              : "";
  throw Error(Reason::not_running, program.file.path(), std::string("execveat: ") + std::strerror(error) + hint,
              "Take one that can run here.");
}

// The child says through a pipe why it did not become the program; where it did, the pipe closes by itself.
pid_t start(const Program& program, const Inherited& inherited) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "pipe2", program.file.path(), Access::read);
  Fd reader(ends[0]);
  Fd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw_errno(errno, "fork", program.file.path(), Access::read);
  if (child == 0) {
    const int error = try_execute(program, inherited);
    const auto written = ::write(writer.get(), &error, sizeof error);
    ::_exit(written == sizeof error ? 126 : 127);
  }
  writer = Fd();
  int error = 0;
  if (retry([&] { return ::read(reader.get(), &error, sizeof error); }) != sizeof error) return child;
  retry([&] { return ::waitpid(child, nullptr, 0); });
  refuse(program, error);
}

}  // namespace

Inherited prepare() {
  Inherited inherited;
  inherited.umask = ::umask(0);
  pthread_sigmask(SIG_BLOCK, nullptr, &inherited.blocked);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return inherited;
  inherited.open_files = files.rlim_cur;
  constexpr rlim_t enough = 4096;
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, enough));
  ::setrlimit(RLIMIT_NOFILE, &files);
  return inherited;
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

std::uint32_t effective_user() { return ::geteuid(); }

std::string identity() {
  std::array<char, 65> host{};  // HOST_NAME_MAX, and its end
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::to_string(::getpid()) + ' ' + host.data();
}

unsigned available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::string random_name() {
  std::uint64_t value = 0;
  if (retry([&] { return ::getrandom(&value, sizeof value, 0); }) != sizeof value)
    throw_errno(errno, "getrandom", "", Access::read);
  std::string name;
  for (int i = 0; i < 16; ++i, value >>= 4U) name += "0123456789abcdef"[value & 15U];
  return name;
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  return all;
}

void execute(const Program& program, const Inherited& inherited) { refuse(program, try_execute(program, inherited)); }

std::string End::text() const {
  return signal != 0 ? "killed by signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

End run(const Program& program, const Inherited& inherited) {
  const sigset_t set = hold_signals();
  const pid_t child = start(program, inherited);
  End end;
  for (;;) {
    const int signal = wait_for_signal(set);
    if (signal != SIGCHLD) {
      end.asked = end.asked || asks_for_the_end(signal);
      ::kill(child, signal);
    } else if (const auto status = reap(child)) {
      if (WIFSIGNALED(*status)) end.signal = WTERMSIG(*status);
      end.code = end.signal != 0 ? 128 + end.signal : WEXITSTATUS(*status);
      return end;
    }
  }
}

void sleep_until_asked_to_end() {
  const sigset_t set = hold_signals();
  for (;;) {
    const int signal = wait_for_signal(set);
    if (asks_for_the_end(signal)) return;
    if (signal == SIGCHLD) reap(0);
  }
}

bool is_asked_to_end_within(std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const sigset_t set = hold_signals();
  const Clock::time_point end = Clock::now() + time;
  for (;;) {
    const auto left = std::max(end - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    const int signal = retry([&] { return ::sigtimedwait(&set, nullptr, &timeout); });
    if (signal < 0) return false;  // it is over: then errno is EAGAIN
    if (asks_for_the_end(signal)) return true;
  }
}

}  // namespace injector::process
