#include "injector/progress.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace injector {
namespace {

constexpr auto interval = std::chrono::milliseconds(100);
constexpr std::uint64_t width = 30;
constexpr std::uint64_t mebibyte = 1U << 20U;

}  // namespace

void Progress::begin(std::string what, std::uint64_t total_bytes) {
  end();
  what_ = std::move(what);
  total_ = total_bytes;
  done_ = 0;
  next_draw_ = Clock::now() + patience;
}

void Progress::advance(std::uint64_t bytes) {
  const std::uint64_t done = done_ += bytes;
  if (!visible_) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || Clock::now() < next_draw_) return;
  next_draw_ = Clock::now() + interval;
  draw(done);
}

void Progress::draw(std::uint64_t done) {
  const std::uint64_t total = std::max<std::uint64_t>(total_, 1);
  const std::uint64_t filled = std::min(width, done * width / total);
  const std::string bar = std::string(filled, '=') + std::string(width - filled, ' ');
  std::fprintf(stderr, "\r%s [%s] %llu of %llu MiB", what_.c_str(), bar.c_str(),
               static_cast<unsigned long long>(done / mebibyte), static_cast<unsigned long long>(total / mebibyte));
  drawn_ = true;
}

void Progress::end() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace injector
