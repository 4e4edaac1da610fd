#include "injector/limits.h"

#include <array>

#include "tests/fuzz/target.h"
#include "tests/temp_directory.h"

namespace injector::fuzz {

// The files that say what this process may have; a container's /proc may be anything.
void run_limits(std::string_view bytes) {
  constexpr std::array files = {"proc/self/cgroup",
                                "sys/fs/cgroup/cpu.max",
                                "sys/fs/cgroup/memory.max",
                                "sys/fs/cgroup/a/memory.max",
                                "sys/fs/cgroup/cpu/cpu.cfs_quota_us",
                                "sys/fs/cgroup/cpu/cpu.cfs_period_us",
                                "sys/fs/cgroup/memory/memory.limit_in_bytes"};
  const auto texts = parts(bytes, files.size());
  const TempDirectory root;
  for (std::size_t i = 0; i < files.size(); ++i) root.write(files.at(i), texts[i]);
  const Limits limits = Limits::read(root.path());
  const unsigned threads = limits.threads(8);
  require(threads >= 1 && threads <= 4, "more or fewer threads than there can be");
  const auto window = limits.dirty_window();
  require(window.has_value() == limits.memory.has_value(), "a window without a limit, or a limit without");
  require(!window || (*window >= 1U << 20U && *window <= 32U << 20U), "a window of another size");
}

}  // namespace injector::fuzz
