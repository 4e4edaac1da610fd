#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "core/digest.h"

namespace injector {

// Hashes files block by block, one file after the other. Where a thread is to spare, it hashes the blocks of a large
// file while the caller reads the next and writes the last.
class BlockHasher {
 public:
  explicit BlockHasher(bool thread_to_spare) : thread_to_spare_(thread_to_spare) {}
  ~BlockHasher();
  BlockHasher(const BlockHasher&) = delete;
  BlockHasher& operator=(const BlockHasher&) = delete;

  // Starts a file of that size.
  void begin(std::uint64_t size);
  // A block to fill.
  std::span<char> block();
  // The first count bytes of that block belong to the file. They can be read until block() is called again.
  void add(std::size_t count);
  // The digest of all that was added.
  Digest finish();

 private:
  static constexpr std::size_t ring = 4;

  bool try_start();
  void run();

  bool thread_to_spare_;
  bool beside_ = false;  // whether the thread hashes this file
  Hasher hasher_;
  std::array<std::unique_ptr<char[]>, ring> blocks_;
  std::array<std::size_t, ring> counts_{};
  std::size_t added_ = 0;

  // What the thread and the caller share; a block between the two numbers is the thread's.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t hashed_ = 0;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace injector
