#include "injector/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace injector {
namespace {

std::string read_text(const std::string& path) { return File::try_read_hint(path).value_or(""); }

// A number and nothing else: what only begins with digits is no limit of the kernel's.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const char* const end = text.data() + text.size();
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end ? std::optional(value) : std::nullopt;
}

// The path of this process in a hierarchy: "0::/path" for v2, "4:memory:/path" for v1.
std::string group_of(const std::string& table, std::string_view controller) {
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = std::min(table.find('\n', begin), table.size());
    const std::string line = table.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = ',' + line.substr(first + 1, second - first - 1) + ',';
    const bool match =
        controller.empty() ? names == ",," : names.find(',' + std::string(controller) + ',') != std::string::npos;
    if (match) return line.substr(second + 1);
  }
  return "";
}

// In a container the group's files are at the mount's root; on a host below it, and each ancestor limits as well. A
// group that does not begin with "/" is none of the kernel's.
std::vector<std::string> folders(const std::string& mount, std::string group) {
  std::vector<std::string> all = {mount};
  for (; group.size() > 1 && group.front() == '/'; group.resize(group.rfind('/'))) all.push_back(mount + group);
  return all;
}

template <typename Value>
void lower(std::optional<Value>& limit, Value value) {
  limit = limit ? std::min(*limit, value) : value;
}

void read_v2(const std::string& folder, Limits& limits) {
  const std::string cpu = read_text(folder + "/cpu.max");
  const std::size_t space = cpu.find(' ');
  if (space != std::string::npos) {
    const auto quota = number(std::string_view(cpu).substr(0, space));
    const auto period = number(std::string_view(cpu).substr(space + 1));
    if (quota && period.value_or(0) > 0) {
      lower(limits.cpus, static_cast<double>(*quota) / static_cast<double>(*period));
    }
  }
  if (const auto memory = number(read_text(folder + "/memory.max"))) lower(limits.memory, *memory);
}

void read_cpu_v1(const std::string& folder, Limits& limits) {
  const auto quota = number(read_text(folder + "/cpu.cfs_quota_us"));
  const auto period = number(read_text(folder + "/cpu.cfs_period_us"));
  if (quota && period.value_or(0) > 0) lower(limits.cpus, static_cast<double>(*quota) / static_cast<double>(*period));
}

void read_memory_v1(const std::string& folder, Limits& limits) {
  constexpr std::uint64_t unlimited = std::uint64_t{1} << 60U;
  const auto bytes = number(read_text(folder + "/memory.limit_in_bytes"));
  if (bytes && *bytes < unlimited) lower(limits.memory, *bytes);
}

}  // namespace

Limits Limits::read(const std::string& root) {
  Limits limits;
  const std::string mount = root + "/sys/fs/cgroup";
  const std::string table = read_text(root + "/proc/self/cgroup");
  for (const std::string& folder : folders(mount, group_of(table, ""))) read_v2(folder, limits);
  for (const std::string& folder : folders(mount + "/cpu", group_of(table, "cpu"))) read_cpu_v1(folder, limits);
  for (const std::string& folder : folders(mount + "/memory", group_of(table, "memory")))
    read_memory_v1(folder, limits);
  return limits;
}

unsigned Limits::threads(unsigned processors) const {
  constexpr unsigned most = 4;  // more of them wait for the same directory and journal
  const double quota = std::min<double>(cpus.value_or(processors), processors);
  return static_cast<unsigned>(std::ceil(std::clamp<double>(quota, 1, most)));
}

std::optional<std::uint64_t> Limits::dirty_window() const {
  if (!memory) return std::nullopt;
  constexpr std::uint64_t least = std::uint64_t{1} << 20U;
  constexpr std::uint64_t most = std::uint64_t{32} << 20U;
  return std::clamp(*memory / 8, least, most);
}

}  // namespace injector
