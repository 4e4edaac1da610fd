#include "core/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/directory.h"
#include "core/process.h"
#include "tests/temp_directory.h"

namespace injector {
namespace {

// What a child of this process has to say, once it has confined itself: nothing, where all is as it should be.
class Report {
 public:
  void expect(bool held, const std::string& what) {
    if (!held) text_ += what + ": " + std::strerror(errno) + '\n';
  }
  // Whether the call fails with this error; 0: whether it succeeds.
  void expect(int error, long result, const std::string& what) {
    expect(error == 0 ? result >= 0 : result < 0 && errno == error, what);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Runs the body in a child, which does not come back from what it gives up.
std::string in_child(const std::function<void(Report&)>& body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    Report report;
    body(report);
    const auto written = ::write(ends[1], report.text().data(), report.text().size());
    ::_exit(written == static_cast<ssize_t>(report.text().size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? text : text + "it ended with status " + std::to_string(status);
}

long version_of_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

// From here on a filter of one's own is refused, as some container runtimes do.
void refuse_seccomp(Report& report) {
  std::array program = {
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_seccomp},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog whole = {program.size(), program.data()};
  report.expect(0, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  report.expect(0, ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole), "a filter");
}

class Sandbox : public testing::Test {
 protected:
  Sandbox() {
    for (const char* name : {"read/file", "write/file", "write/sub/file", "other/file", "message", "key"})
      place_.write(name, "text");
    if (::symlink("../other/file", path("write/out").c_str()) != 0 || ::symlink("write", path("link").c_str()) != 0 ||
        ::mkfifo(path("write/fifo").c_str(), 0600) != 0) {
      throw std::runtime_error("no links or pipes here");
    }
  }

  std::string path(const std::string& name) const { return place_.path(name); }
  int open(const std::string& name, int flags) const { return ::open(path(name).c_str(), flags | O_CLOEXEC, 0644); }

  // The target by a link, as a path that does not begin with /, and one that is not there.
  sandbox::Paths paths() const {
    return {{path("read"), path("key"), path("nothing")}, {"link"}, {path("message"), path("read"), "/nothing/at/all"}};
  }
  void confine(Report& report) const {
    report.expect(0, ::chdir(place_.path().c_str()), "chdir");
    const bool whole = version_of_landlock() >= 2;  // the first cannot allow what the target needs
    const std::string missing = sandbox::confine(paths());
    report.expect(whole ? missing.empty() : missing.starts_with("landlock: "), "not had: " + missing);
  }

  TempDirectory place_;
};

// Skips the test where this kernel cannot forbid what it is about: it says so, and what the injector does then other
// tests show.
#define NEEDS_LANDLOCK(version)          \
  if (version_of_landlock() < (version)) \
  GTEST_SKIP() << "this kernel has version " << version_of_landlock() << " of Landlock"

TEST_F(Sandbox, OpensWhatItMayReadAndWritesNothingThere) {
  NEEDS_LANDLOCK(3);
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              report.expect(0, open("read/file", O_RDONLY), "to read a file");
              report.expect(0, open("read", O_RDONLY | O_DIRECTORY), "to list a directory");
              report.expect(0, open("key", O_RDONLY), "to read a file that was named itself");
              report.expect(EACCES, open("read/file", O_WRONLY), "to write a file");
              report.expect(EACCES, open("read/file", O_RDONLY | O_TRUNC), "to empty a file");
              report.expect(EACCES, open("read/new", O_WRONLY | O_CREAT | O_EXCL), "to make a file");
              report.expect(EACCES, ::mkdirat(AT_FDCWD, path("read/made").c_str(), 0755), "to make a directory");
              report.expect(EACCES, ::unlinkat(AT_FDCWD, path("read/file").c_str(), 0), "to remove a file");
              report.expect(EACCES, open("key", O_WRONLY), "to write a file that was named itself");
            }),
            "");
}

TEST_F(Sandbox, ChangesWhatItMayWrite) {
  NEEDS_LANDLOCK(2);
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              const auto target = Directory::try_open(path("write"), Access::write);
              report.expect(target.has_value(), "to open the target");
              target->create_file("new", 0644).write_all("text");
              report.expect(target->try_create_directory("made", 0755), "to make a directory");
              const auto made = target->try_open_directory("made");
              report.expect(made.has_value() && made->try_link(*target, "new", "twin"), "to link a file");
              made->create_symlink("link", "twin");
              made->rename_from(*target, "new", "moved");
              report.expect(made->try_exchange(*target, "fifo", "moved"), "to exchange a pipe for a file");
              report.expect(target->try_open_file("file")->try_read_all(100) == "text", "to read a file");
              target->remove_tree("sub");
              target->remove_tree("made");
            }),
            "");
}

TEST_F(Sandbox, OpensNothingElse) {
  NEEDS_LANDLOCK(3);
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              report.expect(EACCES, open("other/file", O_RDONLY), "a file beside");
              report.expect(EACCES, open("other", O_RDONLY | O_DIRECTORY), "a directory beside");
              report.expect(EACCES, open("write/../other/file", O_RDONLY), "by ..");
              report.expect(EACCES, open("write/out", O_RDONLY), "by a link");
              report.expect(EACCES, open("write/out", O_WRONLY | O_TRUNC), "to write by a link");
              report.expect(EACCES, ::open("/etc/passwd", O_RDONLY), "a file of the system");
              report.expect(EACCES, ::open("/proc/self/status", O_RDONLY), "what the kernel says");
              report.expect(EACCES, ::open("/dev/null", O_WRONLY), "a device");
              report.expect(EACCES, open("new", O_WRONLY | O_CREAT), "to make a file beside");
              report.expect(EACCES, ::renameat(AT_FDCWD, path("write/file").c_str(), AT_FDCWD, path("file").c_str()),
                            "to move a file out");
            }),
            "");
}

TEST_F(Sandbox, OverwritesTheMessage) {
  NEEDS_LANDLOCK(3);
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              report.expect(0, open("message", O_WRONLY | O_TRUNC), "to overwrite it");
              report.expect(EACCES, open("message", O_RDONLY), "to read it");
            }),
            "");
}

TEST_F(Sandbox, OpenFilesStayOpen) {
  EXPECT_EQ(in_child([&](Report& report) {
              const int before = open("other/file", O_RDWR);
              confine(report);
              report.expect(0, ::write(before, "more", 4), "to write what was open");
            }),
            "");
}

TEST_F(Sandbox, MakesNoOtherCall) {
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              std::array<char*, 1> none = {nullptr};
              report.expect(ENOSYS, ::execve("/bin/true", none.data(), none.data()), "to become a program");
              report.expect(ENOSYS, ::socket(AF_INET, SOCK_STREAM, 0), "a socket");
              report.expect(ENOSYS, ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr), "to trace");
              report.expect(ENOSYS, ::mount("none", "/", nullptr, MS_REMOUNT, nullptr), "to mount");
              report.expect(ENOSYS, ::kill(::getpid(), 0), "a signal");
              report.expect(ENOSYS, ::setuid(0), "another user");
              report.expect(ENOSYS, ::fchown(0, 0, 0), "to give a file away");
              report.expect(ENOSYS, ::mknodat(AT_FDCWD, "write/device", S_IFCHR, 0), "a device");
            }),
            "");
}

TEST_F(Sandbox, ExecutesNothingInTheTargetWhereCallsCannotBeRestricted) {
  NEEDS_LANDLOCK(2);
  EXPECT_EQ(in_child([&](Report& report) {
              std::array<char*, 1> none = {nullptr};
              report.expect(0, ::chmod(path("write/file").c_str(), 0755), "chmod");
              report.expect(0, ::chdir(place_.path().c_str()), "chdir");
              refuse_seccomp(report);
              report.expect(ENOEXEC, ::execve(path("write/file").c_str(), none.data(), none.data()), "to try a text");
              report.expect(sandbox::confine(paths()) == "seccomp: Operation not permitted", "all but seccomp");
              report.expect(EACCES, ::execve(path("write/file").c_str(), none.data(), none.data()), "to execute it");
            }),
            "");
}

TEST_F(Sandbox, WorksAsBefore) {
  EXPECT_EQ(in_child([&](Report& report) {
              confine(report);
              bool ran = false;
              std::jthread([&ran] {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                ran = true;
              }).join();
              report.expect(ran, "a thread");
              report.expect(process::random_name().size() == 16, "random numbers");
            }),
            "");
}

}  // namespace
}  // namespace injector
