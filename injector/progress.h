#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace injector {

// Counts the bytes that are done. On a terminal, what takes longer than a second shows a bar.
class Progress {
 public:
  explicit Progress(bool visible) : visible_(visible), next_draw_(Clock::now() + patience) {}
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(std::string what, std::uint64_t total_bytes);
  void advance(std::uint64_t bytes);  // by any thread
  void end();                         // takes the bar away

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr auto patience = std::chrono::seconds(1);

  void draw(std::uint64_t done);

  bool visible_;
  bool drawn_ = false;
  std::string what_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  Clock::time_point next_draw_;
  std::mutex mutex_;
};

}  // namespace injector
