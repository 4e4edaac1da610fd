#include "core/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "core/fd.h"

namespace injector::sandbox {
namespace {

// Debian 12's headers end with the second version of landlock(7).
constexpr std::uint64_t access_truncate = 1U << 14U;   // from the third on
constexpr std::uint64_t access_ioctl_dev = 1U << 15U;  // from the fifth on

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t overwriting = LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate;
// What takes a system call of its own, execve(2) and ioctl(2).
constexpr std::uint64_t by_calls = LANDLOCK_ACCESS_FS_EXECUTE | access_ioctl_dev;
// Whatever lies there can be moved away, sockets and devices too: to the kernel that is making one.
constexpr std::uint64_t writing = ~by_calls;
constexpr std::uint64_t of_files = LANDLOCK_ACCESS_FS_READ_FILE | overwriting;  // the kernel refuses others for a file

// What the kernel is to forbid, except by rule: all that a version of landlock(7) knows.
struct Forbidden {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // to bind and to connect a TCP socket
  std::uint64_t scopes = 0;   // abstract sockets of others, and signals to others

  explicit Forbidden(long version) {
    constexpr std::uint64_t two = 3;
    files = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;
    if (version >= 2) files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) files |= access_truncate;
    if (version >= 4) network = two;
    if (version >= 5) files |= access_ioctl_dev;
    if (version >= 6) scopes = two;
  }
};

// The rules, as they are made; whatever fails, nothing is restricted.
class Rules {
 public:
  explicit Rules(const Forbidden& forbidden)
      : known_(forbidden.files),
        fd_(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &forbidden, sizeof forbidden, 0))) {
    failed_ = !fd_;
  }

  void allow(const std::vector<std::string>& paths, std::uint64_t rights, bool file = false) {
    for (const std::string& path : paths) {
      if (!failed_) failed_ = !try_allow(path, rights & known_, file);
    }
  }

  // Whether the process is restricted now; errno tells why not.
  bool apply() const { return !failed_ && ::syscall(SYS_landlock_restrict_self, fd_.get(), 0) == 0; }

 private:
  // file: any other type is none of ours.
  bool try_allow(const std::string& path, std::uint64_t rights, bool file) const {
    const Fd place(retry([&] { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }, On::name));
    if (!place) return errno == ENOENT;
    struct stat found {};
    if (::fstat(place.get(), &found) != 0) return false;
    if (file && !S_ISREG(found.st_mode)) return true;
    if (!S_ISDIR(found.st_mode)) rights &= of_files;
    const landlock_path_beneath_attr rule = {rights, place.get()};
    return ::syscall(SYS_landlock_add_rule, fd_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  }

  std::uint64_t known_;
  Fd fd_;
  bool failed_ = false;
};

// For each name the kernel looks for rules from there upwards, for a link from both names, and ends early at one that
// allows all it could forbid: so the target's does, where seccomp has taken the calls that this would be for.
bool restrict_files(const Paths& paths, bool calls_are_restricted) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return false;
  // The first version (Linux 5.13 to 5.18) allows no rename from one directory into another, by no rule.
  if (version == 1 && !paths.write.empty()) {
    errno = ENOSYS;
    return false;
  }
  Rules rules{Forbidden(version)};
  rules.allow(paths.read, reading);
  rules.allow(paths.write, calls_are_restricted ? writing | by_calls : writing);
  rules.allow(paths.overwrite, overwriting, true);
  return rules.apply();
}

// What the injector and its libraries call, and what glibc calls in its place on an older or a newer kernel.
constexpr std::array allowed = {
    // memory
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
    // threads, and the end
    SYS_clone, SYS_clone3, SYS_exit, SYS_exit_group, SYS_futex, SYS_rseq, SYS_set_robust_list, SYS_sched_getaffinity,
    SYS_sched_yield, SYS_getpid, SYS_gettid, SYS_tgkill,
    // signals; the last goes on with a wait that SIGSTOP and SIGCONT interrupted
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigreturn, SYS_restart_syscall,
    // time and chance
    SYS_clock_gettime, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep, SYS_getrandom,
    // who and where
    SYS_geteuid, SYS_getegid, SYS_uname, SYS_getcwd,
    // names
    SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_mkdirat, SYS_linkat,
    SYS_symlinkat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_utimensat,
    // open files
    SYS_close, SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_lseek, SYS_fstat, SYS_fstatfs, SYS_getdents64,
    SYS_fchmod, SYS_fremovexattr, SYS_flock, SYS_fadvise64, SYS_sync_file_range, SYS_syncfs, SYS_fsync,
    // giving up more
    SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self};

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;  // numbers of x32 are beyond all those above
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "give this architecture the name that linux/audit.h has for it"
#endif

// The list as a program for the kernel, which keeps its verdict about each number: the order costs nothing.
constexpr auto filter = [] {
  constexpr std::size_t count = allowed.size();
  static_assert(count < 250, "a jump goes no further");
  constexpr auto load = [](std::size_t offset) {
    return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
  };
  constexpr auto skip_if = [](auto value, std::size_t right, std::size_t wrong) {
    return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(right), static_cast<std::uint8_t>(wrong),
                       static_cast<std::uint32_t>(value)};
  };
  std::array<sock_filter, count + 5> program{};
  program[0] = load(offsetof(seccomp_data, arch));
  program[1] = skip_if(architecture, 0, count + 1);
  program[2] = load(offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < count; ++i) program[3 + i] = skip_if(allowed[i], count - i, 0);
  program[count + 3] = sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS};
  program[count + 4] = sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  return program;
}();

bool restrict_calls() {
  auto program = filter;
  const sock_fprog whole = {static_cast<unsigned short>(program.size()), program.data()};
  // Without the flag, kernels before 5.16 slow the processor down against programs that guess at each other's memory:
  // there is no other program in this process.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &whole) == 0;
}

}  // namespace

std::string confine(const Paths& paths) {
  std::string missing;
  const auto note = [&](bool had, const char* what) {
    if (!had) missing.append(missing.empty() ? "" : ", ").append(what).append(": ").append(std::strerror(errno));
  };
  note(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
  const bool calls = restrict_calls();
  note(calls, "seccomp");
  note(restrict_files(paths, calls), "landlock");
  return missing;
}

}  // namespace injector::sandbox
