#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "webhook/decision.h"

namespace injector {

// Counts what was decided, and prints it in Prometheus' text format 0.0.4.
class Metrics {
 public:
  // What is not counted but looked at when somebody asks.
  struct Now {
    std::size_t connections = 0;
    std::size_t refused = 0;
    std::int64_t certificate_end = 0;  // seconds since 1970; 0 where there is none
  };

  void count(const Decision& decision, std::chrono::steady_clock::duration time);
  void count_reload(bool good) { ++(good ? reloads_ : failed_reloads_); }

  std::string print(const Now& now) const;

 private:
  // Upper bounds in microseconds; what is above the last is in the sum alone.
  static constexpr std::array<std::uint64_t, 8> bounds = {100, 250, 500, 1000, 2500, 5000, 25'000, 100'000};

  std::map<std::string, std::uint64_t> verdicts_;
  std::map<std::string, std::uint64_t> reasons_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> libraries_;
  std::array<std::uint64_t, bounds.size()> within_{};
  std::uint64_t reviews_ = 0;
  std::uint64_t microseconds_ = 0;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
};

}  // namespace injector
