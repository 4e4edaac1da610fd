#include "injector/limits.h"

#include <gtest/gtest.h>

#include "tests/temp_directory.h"

namespace injector {
namespace {

// A /proc and /sys of our own: the test machine's groups are whatever they are.
class LimitsTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const { root_.write(path.substr(1), text); }

  TempDirectory root_;
};

TEST_F(LimitsTest, NothingIsUnlimited) {
  const Limits limits = Limits::read(root_.path());
  EXPECT_FALSE(limits.cpus);
  EXPECT_FALSE(limits.dirty_window());
  EXPECT_EQ(limits.threads(0), 1U);
  EXPECT_EQ(limits.threads(2), 2U);
  EXPECT_EQ(limits.threads(64), 4U);
}

TEST_F(LimitsTest, VersionTwoInAContainer) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/cpu.max", "5000 100000\n");
  write("/sys/fs/cgroup/memory.max", "67108864\n");
  const Limits limits = Limits::read(root_.path());
  EXPECT_DOUBLE_EQ(*limits.cpus, 0.05);
  EXPECT_EQ(limits.threads(8), 1U);
  EXPECT_EQ(limits.memory, 67108864U);
  EXPECT_EQ(limits.dirty_window(), 8388608U);
}

TEST_F(LimitsTest, VersionTwoOnAHostTakesTheLowest) {
  write("/proc/self/cgroup", "0::/a/b\n");
  write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  write("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
  write("/sys/fs/cgroup/a/b/memory.max", "max\n");
  const Limits limits = Limits::read(root_.path());
  EXPECT_EQ(limits.threads(8), 2U);
  EXPECT_FALSE(limits.memory);
}

TEST_F(LimitsTest, VersionOne) {
  write("/proc/self/cgroup", "3:cpu,cpuacct:/pod\n2:memory:/pod\n");
  write("/sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us", "150000\n");
  write("/sys/fs/cgroup/cpu/pod/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "33554432\n");
  const Limits limits = Limits::read(root_.path());
  EXPECT_EQ(limits.threads(8), 2U);
  EXPECT_EQ(limits.memory, 33554432U);
}

TEST_F(LimitsTest, AGroupThatIsNoPathIsPassedOver) {
  for (const char* const table : {"0::a\n", "0::a/b\n2:memory:x\n", "0::\n", "::::"}) {
    write("/proc/self/cgroup", table);
    write("/sys/fs/cgroup/memory.max", "67108864\n");
    EXPECT_EQ(Limits::read(root_.path()).memory, 67108864U) << table;
  }
}

TEST_F(LimitsTest, WhatIsNoNumberLimitsNothing) {
  for (const char* const text : {"58\xff\x01", "58 bytes\n", "58\n\n", "-1\n", "18446744073709551616\n", "\n"}) {
    write("/sys/fs/cgroup/memory.max", text);
    write("/sys/fs/cgroup/cpu.max", "100000 " + std::string(text));
    const Limits limits = Limits::read(root_.path());
    EXPECT_FALSE(limits.memory) << text;
    EXPECT_FALSE(limits.cpus) << text;
  }
}

}  // namespace
}  // namespace injector
