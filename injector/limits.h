#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace injector {

// What the control group of this process allows it (cgroups v2, or v1 as older nodes have it).
struct Limits {
  std::optional<double> cpus;           // of the CPU quota
  std::optional<std::uint64_t> memory;  // bytes

  // root: of the file system in which /proc and /sys are looked for; empty but in tests.
  static Limits read(const std::string& root = {});

  // Threads worth starting on a machine with that many processors.
  unsigned threads(unsigned processors) const;
  // How many bytes of a file may wait in memory to be written; empty where memory is not limited.
  std::optional<std::uint64_t> dirty_window() const;
};

}  // namespace injector
