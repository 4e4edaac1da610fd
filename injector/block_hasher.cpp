#include "injector/block_hasher.h"

#include <string_view>
#include <system_error>

#include "core/file.h"

namespace injector {

BlockHasher::~BlockHasher() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_one();
}

void BlockHasher::begin(std::uint64_t size) {
  constexpr std::uint64_t worth_a_thread = std::uint64_t{1} << 20U;
  beside_ = thread_to_spare_ && size >= worth_a_thread && try_start();
}

// A limit on processes must not stop the work.
bool BlockHasher::try_start() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::jthread([this] { run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::span<char> BlockHasher::block() {
  if (beside_) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return added_ - hashed_ < ring; });
  }
  auto& block = blocks_[beside_ ? added_ % ring : 0];
  // Pages that no file fills are never touched.
  if (!block) block = std::make_unique_for_overwrite<char[]>(File::buffer_size);
  return {block.get(), File::buffer_size};
}

void BlockHasher::add(std::size_t count) {
  if (!beside_) return hasher_.update({blocks_[0].get(), count});
  const std::lock_guard lock(mutex_);
  counts_[added_ % ring] = count;
  ++added_;
  changed_.notify_one();
}

Digest BlockHasher::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return hashed_ == added_; });
  if (failure_) std::rethrow_exception(failure_);
  return hasher_.finish();
}

void BlockHasher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ended_ || hashed_ < added_; });
    if (ended_) return;
    const std::size_t at = hashed_ % ring;
    lock.unlock();
    std::exception_ptr failure;
    try {
      hasher_.update({blocks_[at].get(), counts_[at]});
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) failure_ = failure;
    ++hashed_;
    changed_.notify_one();
  }
}

}  // namespace injector
