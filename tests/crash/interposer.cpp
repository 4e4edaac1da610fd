// Runs a command under a seccomp user-notification filter: counts its file-system calls over all threads, and kills
// the command, fails the call or does half of it at one of them. Works on a static executable, which LD_PRELOAD cannot
// reach, and counts over all threads, which strace cannot.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr int own_failure = 125;

struct Call {
  const char* name;
  int number;
  bool counted = true;  // where --calls does not say otherwise
};

// clang-format off
#define CALL(name, ...) Call{#name, SYS_##name __VA_OPT__(,) __VA_ARGS__}
constexpr Call calls[] = {
    CALL(openat), CALL(openat2), CALL(close), CALL(close_range), CALL(name_to_handle_at), CALL(open_by_handle_at),
    CALL(read), CALL(pread64), CALL(readv), CALL(preadv), CALL(preadv2), CALL(readahead), CALL(lseek),
    CALL(write), CALL(pwrite64), CALL(writev), CALL(pwritev), CALL(pwritev2),
    CALL(copy_file_range), CALL(sendfile), CALL(splice), CALL(truncate), CALL(ftruncate), CALL(fallocate),
    CALL(fadvise64), CALL(fsync), CALL(fdatasync), CALL(sync_file_range), CALL(syncfs), CALL(sync),
    CALL(linkat), CALL(symlinkat), CALL(renameat), CALL(renameat2), CALL(unlinkat), CALL(mkdirat), CALL(mknodat),
    CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(fchownat), CALL(utimensat), CALL(umask),
    CALL(statx), CALL(fstat), CALL(newfstatat), CALL(statfs), CALL(fstatfs), CALL(readlinkat), CALL(faccessat),
    CALL(faccessat2), CALL(getdents64), CALL(getcwd), CALL(chdir), CALL(fchdir), CALL(flock), CALL(fcntl),
    CALL(setxattr), CALL(lsetxattr), CALL(fsetxattr), CALL(getxattr), CALL(lgetxattr), CALL(fgetxattr),
    CALL(listxattr), CALL(llistxattr), CALL(flistxattr), CALL(removexattr), CALL(lremovexattr), CALL(fremovexattr),
    Call{"fchmodat2", 452}, // newer than the headers of Debian 12
#ifdef SYS_open // the older names: not on every architecture
    CALL(open), CALL(creat), CALL(link), CALL(symlink), CALL(rename), CALL(unlink), CALL(mkdir),
    CALL(rmdir), CALL(mknod), CALL(chmod), CALL(chown), CALL(lchown), CALL(utime), CALL(utimes), CALL(futimesat),
    CALL(stat), CALL(lstat), CALL(readlink), CALL(access), CALL(getdents),
#endif
    CALL(prctl), CALL(landlock_create_ruleset), CALL(landlock_add_rule), CALL(landlock_restrict_self), CALL(seccomp),
    CALL(mmap, false), CALL(munmap, false), CALL(mremap, false), CALL(ioctl, false),
    CALL(clone, false), CALL(clone3, false), CALL(getrandom, false), CALL(sched_getaffinity, false),
};
// clang-format on
#undef CALL

int number_of(std::string_view name) {
  for (const Call& call : calls)
    if (name == call.name) return call.number;
  throw std::invalid_argument("no such call in the list of --help: " + std::string(name));
}

std::string list(bool counted) {
  std::string text;
  for (const Call& call : calls)
    if (call.counted == counted) text.append(text.empty() ? "" : " ").append(call.name);
  return text;
}

int value_of(std::string_view name, int last, const char* (*describe)(int)) {
  for (int value = 1; value <= last; ++value)
    if (const char* known = describe(value); known != nullptr && name == known) return value;
  throw std::invalid_argument("unknown name: " + std::string(name));
}

int errno_of(std::string_view name) { return value_of(name, 133, strerrorname_np); }
int signal_of(std::string_view name) { return value_of(name, 64, sigabbrev_np); }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Fd {
 public:
  explicit Fd(long fd, const char* what) : fd_(static_cast<int>(fd)) {
    if (fd < 0) fail(what);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Options {
  std::vector<std::string> command;
  std::set<int> counted;
  std::map<int, int> denied;          // call → errno
  std::uint64_t first = 0, last = 0;  // the calls to strike, from 1; none if 0
  int error = 0, signal = 0;          // what strikes them
  bool half = false;
  std::string act;  // or what somebody else does just before
  bool trace = false, count = false;
  std::string output;
};

std::pair<std::uint64_t, std::uint64_t> range(std::string_view text) {
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), first);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || first == 0 || (!rest.empty() && rest != "+"))
    throw std::invalid_argument("not a call's number, from 1: " + std::string(text));
  return {first, rest.empty() ? first : UINT64_MAX};
}

// The options, or the exit status where the command line is at its end (--help, an error).
std::pair<Options, std::optional<int>> parse(int argc, char** argv) {
  Options options;
  std::string kill, fail, half, at, error = "EIO", signal = "KILL";
  std::vector<std::string> only, deny;
  CLI::App app(
      "Runs a command, counts its file-system calls over all threads, and strikes at one of them.\n"
      "For example: interposer --fail 12 --errno ENOSPC -- cp -r from to");
  app.add_flag("--count", options.count, "print the number of calls");
  app.add_flag("--trace", options.trace, "print each call: number, name, first argument if it is a descriptor");
  auto* killing = app.add_option("--kill", kill, "send the signal at call N (or N+: from N on), before its effect");
  app.add_option("--signal", signal, "the signal: KILL, TERM, INT, …")->needs(killing)->capture_default_str();
  auto* failing = app.add_option("--fail", fail, "fail call N (or N+) instead of making it")->excludes(killing);
  app.add_option("--errno", error, "the error of --fail")->needs(failing)->capture_default_str();
  auto* halving =
      app.add_option("--half", half, "read or write half of what call N (or N+) of read and write asks for");
  halving->excludes(killing, failing);
  auto* acting = app.add_option("--at", at, "run --act before call N (or N+)")->excludes(killing, failing, halving);
  app.add_option("--act", options.act, "a shell command: what another process does meanwhile")->needs(acting);
  app.add_option("--calls", only, "count only these calls: NAME,…")->delimiter(',')->allow_extra_args(false);
  app.add_option("--deny", deny, "always fail a call: NAME=ERRNO,…")->delimiter(',')->allow_extra_args(false);
  app.add_option("--output", options.output, "print to this file; default: standard output");
  app.add_option("command", options.command, "the command and its arguments, after --")->required();
  app.footer(
      "With --kill, --fail, --half and --at the call that was struck is printed as by --trace; nothing if N was not "
      "reached.\n"
      "Exit status: the command's; 128 + signal where a signal ended it (137: killed by --kill);\n"
      "125 where interposer itself failed, 126 and 127 where the command could not be run.\n"
      "A denied call counts as well. A command that forks is counted with its children, but only it is killed.\n"
      "\nCounted without --calls: " +
      list(true) + "\nCan be named besides: " + list(false));
  try {
    app.parse(argc, argv);
    if (!kill.empty()) std::tie(options.first, options.last) = range(kill), options.signal = signal_of(signal);
    if (!fail.empty()) std::tie(options.first, options.last) = range(fail), options.error = errno_of(error);
    if (!at.empty()) std::tie(options.first, options.last) = range(at);
    if (!half.empty()) {
      std::tie(options.first, options.last) = range(half);
      options.half = true;
      only = {"read", "write"};
    }
    for (const std::string& name : only) options.counted.insert(number_of(name));
    for (const Call& call : calls)
      if (only.empty() && call.counted) options.counted.insert(call.number);
    for (const std::string& rule : deny) {
      const std::size_t equals = rule.find('=');
      if (equals == rule.npos) throw std::invalid_argument("not NAME=ERRNO: " + rule);
      options.denied[number_of(rule.substr(0, equals))] = errno_of(rule.substr(equals + 1));
    }
  } catch (const CLI::ParseError& end) {
    return {options, app.exit(end) == 0 ? 0 : own_failure};
  }
  return {options, std::nullopt};
}

// What a call is answered: it is made, or it has this result without having been made.
struct Verdict {
  int error = 0;
  std::optional<ssize_t> result = std::nullopt;
};

// Does half of a read or a write in the place of the process that asked for it: what is open there is opened here for
// the time of the call, and the position in the file is one.
Verdict half_of(const seccomp_notif& call) {
  const Fd process(::syscall(SYS_pidfd_open, call.pid, 0), "pidfd_open");
  const Fd file(::syscall(SYS_pidfd_getfd, process.get(), call.data.args[0], 0), "pidfd_getfd");
  std::vector<char> bytes((call.data.args[2] + 1) / 2);
  const iovec here = {bytes.data(), bytes.size()};
  iovec there = {reinterpret_cast<void*>(call.data.args[1]), bytes.size()};  // NOLINT: an address of the other process
  const auto pid = static_cast<pid_t>(call.pid);
  if (call.data.nr == SYS_write) {
    if (::process_vm_readv(pid, &here, 1, &there, 1, 0) != static_cast<ssize_t>(bytes.size())) fail("process_vm_readv");
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    return count < 0 ? Verdict{errno} : Verdict{0, count};
  }
  const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) return {errno};
  there.iov_len = static_cast<std::size_t>(count);
  if (::process_vm_writev(pid, &here, 1, &there, 1, 0) != count) fail("process_vm_writev");
  return {0, count};
}

// The filter: what is intercepted asks the supervisor, all else goes straight to the kernel.
std::vector<sock_filter> filter(const Options& options) {
  std::set<int> intercepted = options.counted;
  for (const auto& [call, error] : options.denied) intercepted.insert(call);
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (auto left = static_cast<std::uint8_t>(intercepted.size()); const int call : intercepted)
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), left--, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  return program;
}

// What the child shares with us until it has become the command.
struct Child {
  std::vector<char*> argv;
  std::vector<sock_filter> program;
  long listener = -1;
};

// The child's part; the exit status where the command cannot be run. Calls nothing that is counted.
int become_command(void* shared) {
  Child& child = *static_cast<Child*>(shared);
  const sock_fprog program = {static_cast<unsigned short>(child.program.size()), child.program.data()};
  // Without the second flag a signal would restart a call that waits for its answer, and it would count twice.
  constexpr unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  child.listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (child.listener < 0) return own_failure;
  ::execvp(child.argv[0], child.argv.data());
  return errno == ENOENT ? 127 : 126;
}

class Supervisor {
 public:
  Supervisor(const Options& options, Fd listener, pid_t child)
      : options_(options),
        listener_(std::move(listener)),
        child_(child),
        ended_(::syscall(SYS_pidfd_open, child, 0), "pidfd_open") {
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    if (!options.output.empty()) file_.emplace(::open(options.output.c_str(), flags, 0666), "--output");
  }

  // Answers every call until the command has ended, or has to; its exit status.
  int run() {
    while (!killed_) {
      pollfd ready[] = {{listener_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 && errno != EINTR) fail("poll");
      const bool asked = (ready[0].revents & POLLIN) != 0;
      if (asked) answer();
      if (!asked && ready[1].revents != 0) break;
    }
    if (options_.count) ::dprintf(output(), "%llu\n", static_cast<unsigned long long>(calls_));
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  void answer() {
    seccomp_notif call = {};
    // Fails where the caller was killed in the meantime; so can the answer.
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;
    Verdict verdict;
    if (const auto at = options_.denied.find(call.data.nr); at != options_.denied.end()) verdict.error = at->second;
    if (options_.counted.contains(call.data.nr)) verdict = count(call, verdict);
    // A call that is told to go on can take effect although a SIGKILL waits, and so can those of other threads.
    if (killed_) return;
    constexpr std::uint32_t go_on = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    const bool made = verdict.error == 0 && !verdict.result;
    seccomp_notif_resp response = {call.id, verdict.result.value_or(0), -verdict.error, made ? go_on : 0};
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  Verdict count(const seccomp_notif& call, Verdict planned) {
    const bool struck = ++calls_ >= options_.first && calls_ <= options_.last;
    if (options_.trace || struck) print(call.data);
    if (!struck) return planned;
    if (options_.half) return half_of(call);
    if (!options_.act.empty() && std::system(options_.act.c_str()) != 0) throw std::runtime_error("--act failed");
    if (!options_.act.empty()) return planned;
    if (options_.signal != 0) ::kill(child_, options_.signal);
    killed_ = options_.signal == SIGKILL;
    return options_.signal == 0 ? Verdict{options_.error} : planned;
  }

  void print(const seccomp_data& call) const {
    const auto* known = std::ranges::find(calls, call.nr, &Call::number);  // no other is intercepted
    ::dprintf(output(), "%llu %s", static_cast<unsigned long long>(calls_), known->name);
    const int first = static_cast<int>(call.args[0]);
    if (call.args[0] < 4096 || first == -100) ::dprintf(output(), " %d", first);  // -100: AT_FDCWD
    ::dprintf(output(), "\n");
  }

  int output() const { return file_ ? file_->get() : STDOUT_FILENO; }

  const Options& options_;
  const Fd listener_;
  const pid_t child_;
  const Fd ended_;
  std::optional<Fd> file_;
  std::uint64_t calls_ = 0;
  bool killed_ = false;
};

int run(const Options& options) {
  Child child;
  for (const std::string& argument : options.command) child.argv.push_back(const_cast<char*>(argument.c_str()));
  child.argv.push_back(nullptr);
  child.program = filter(options);
  std::vector<char> stack(1 << 18);
  // With one table of descriptors until the execve, the listener needs not be sent to us.
  const pid_t pid =
      ::clone(become_command, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &child);
  if (pid < 0) fail("clone");
  return Supervisor(options, Fd(child.listener, "seccomp"), pid).run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto [options, status] = parse(argc, argv);
    return status ? *status : run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "interposer: %s\n", error.what());
    return own_failure;
  }
}
