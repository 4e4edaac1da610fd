#include "core/version_order.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace injector {
namespace {

// Each line is older than the next; the versions of a line are equivalent.
const std::vector<std::vector<std::string>> ordered = {
    {"latest"},
    {"main"},
    {"0"},
    {"0.0.1-1"},
    {"0.0.1-9"},
    {"0.0.1-10"},
    {"0.0.1-10.a"},
    {"0.0.1", "0.0.01"},
    // SemVer 2, 11.4
    {"1.0.0-alpha"},
    {"1.0.0-alpha.1", "1.0.0-alpha.01", "v1.0.0-alpha.1"},
    {"1.0.0-alpha.beta"},
    {"1.0.0-beta"},
    {"1.0.0-beta.2"},
    {"1.0.0-beta.11", "1.0.0-beta.11+build.5"},
    {"1.0.0-rc.1"},
    {"1.0.0", "1", "1.0", "v1.0.0", "1.0.0.0", "1.0.0+build.1", "1.0.0+build.2", "1.0.0+20130313-beta"},
    {"1.2"},
    {"1.9.9", "1.9.9.0"},
    {"1.9.9.1"},
    {"1.10"},
    {"1.64.0"},
    // Python's
    {"2.0.0a1", "2.0.0.a1"},
    {"2.0.0a2"},
    {"2.0.0a10"},
    {"2.0.0b1"},
    {"2.0.0rc1", "2.0.0.rc1", "2.0.0.rc.1", "2.0.0-rc.1"},
    {"2.0.0-rc1"},
    {"2.0.0", "2"},
    {"2024.5.1", "2024.05.01"},
    {"2024.10.1"},
    {"9999999999999999999999999"},
    {"10000000000000000000000000"},
};

TEST(VersionOrder, Table) {
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      for (const std::string& a : ordered[i]) {
        for (const std::string& b : ordered[j]) {
          EXPECT_EQ(compare_versions(a, b) < 0, i < j) << a << ' ' << b;
          EXPECT_EQ(compare_versions(a, b) == 0, i == j) << a << ' ' << b;
        }
      }
    }
  }
}

}  // namespace
}  // namespace injector
