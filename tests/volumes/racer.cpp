// Changes a tree under whoever reads it: exchanges each PATH with its OTHER and back, again and again, until SIGTERM.
// A directory for a link to a place outside, or a file for another one.

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.h"

namespace {

using injector::Fd;

using Pair = std::pair<std::string, std::string>;

constexpr auto longest_hold = std::chrono::microseconds(200);
constexpr auto longest_pause = std::chrono::microseconds(200);

class Racer {
 public:
  Racer(std::vector<Pair> pairs, bool in_place) : pairs_(std::move(pairs)), in_place_(in_place) {
    ::sigemptyset(&stop_);
    ::sigaddset(&stop_, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &stop_, nullptr);
  }

  // Runs until SIGTERM; how many changes were made and taken back.
  unsigned long run() {
    for (bool said = false;; said = true) {
      for (const auto& [path, other] : pairs_) {
        const bool changed = in_place_ ? overwrite(path, other) : exchange(first_match(path), other);
        changes_ += changed ? 1 : 0;
        if (stopped_within(changed ? longest_pause : std::chrono::microseconds(0))) return changes_;
      }
      if (!said) std::puts("racing"), std::fflush(stdout);
    }
  }

 private:
  timespec some(std::chrono::microseconds longest) {
    return {0, std::uniform_int_distribution<long>(0, longest.count() * 1000)(random_)};
  }

  // True where SIGTERM came.
  bool stopped_within(std::chrono::microseconds longest) {
    const timespec time = some(longest);
    return ::sigtimedwait(&stop_, nullptr, &time) == SIGTERM;
  }

  // Blind to SIGTERM: what is changed is changed back first.
  void hold() {
    const timespec time = some(longest_hold);
    ::nanosleep(&time, nullptr);
  }

  static std::string first_match(const std::string& pattern) {
    glob_t found = {};
    ::glob(pattern.c_str(), GLOB_NOSORT | GLOB_NOCHECK, nullptr, &found);
    std::string path = *found.gl_pathv;
    ::globfree(&found);
    return path;
  }

  static ino_t inode_of(const std::string& path) {
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
  }

  // Both times below the same open directory, so that what was moved meanwhile is put back where it was moved to.
  bool exchange(const std::string& path, const std::string& other) {
    const std::size_t slash = path.rfind('/');
    const Fd parent(::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const std::string name = path.substr(slash + 1);
    const auto swap = [&] { return ::renameat2(parent.get(), name.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE); };
    const ino_t ours = inode_of(other);
    if (swap() != 0) return false;
    hold();
    // Somebody has put a new entry in the place of ours: it stays.
    if (swap() == 0 && inode_of(other) != ours) swap();
    return true;
  }

  bool overwrite(const std::string& path, const std::string& other) {
    const std::string own = content_of(path), foreign = content_of(other);
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    const auto write = [&](const std::string& bytes) {
      return ::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    };
    if (!write(foreign)) return false;
    hold();
    return write(own);
  }

  static std::string content_of(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string content(1 << 20, '\0');
    const ssize_t size = ::read(file.get(), content.data(), content.size());
    content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return content;
  }

  std::vector<Pair> pairs_;
  bool in_place_;
  sigset_t stop_ = {};
  std::mt19937 random_{std::random_device()()};
  unsigned long changes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<Pair> pairs;
  bool in_place = false;
  CLI::App app("Exchanges each PATH (a pattern: its first match) with OTHER and back until SIGTERM; says how often.");
  app.add_option("pairs", pairs, "PATH OTHER …")->required();
  app.add_flag("--in-place", in_place, "write OTHER's bytes over PATH and its own again, instead");
  CLI11_PARSE(app, argc, argv);
  std::printf("%lu\n", Racer(std::move(pairs), in_place).run());
  return 0;
}
