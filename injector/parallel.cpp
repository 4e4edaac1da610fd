#include "injector/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace injector {
namespace {

constexpr std::size_t group = 16;

class Work {
 public:
  Work(std::size_t count, std::size_t threads, const Interrupt& interrupt,
       const std::function<std::function<void(std::size_t)>()>& make_worker)
      : count_(count), threads_(threads), interrupt_(interrupt), make_worker_(make_worker) {}

  void run() noexcept {
    try {
      const auto worker = make_worker_();
      for (auto [at, end] = take(); at < end && !failed_; std::tie(at, end) = take()) {
        for (; at < end && !failed_; at += group) {
          interrupt_.check();
          for (std::size_t i = at; i < std::min(at + group, end); ++i) worker(i);
        }
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failed_) failure_ = std::current_exception();
      failed_ = true;
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // Neighbours share a directory, so that who takes many at once opens few. Less and less keeps all at work to the end.
  std::pair<std::size_t, std::size_t> take() {
    const std::lock_guard lock(mutex_);
    const std::size_t begin = next_;
    const std::size_t share = (count_ - begin) / (4 * threads_);
    next_ = std::min(count_, begin + std::max(group, share));
    return {begin, next_};
  }

  std::size_t count_;
  std::size_t threads_;
  const Interrupt& interrupt_;
  const std::function<std::function<void(std::size_t)>()>& make_worker_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
};

// A limit on processes must not stop the work: fewer threads do it as well.
bool try_start(std::vector<std::jthread>& threads, Work& work) {
  try {
    threads.emplace_back([&work] { work.run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::size_t useful_threads(std::size_t count, const Context& context) {
  return std::min<std::size_t>(context.threads, (count + group - 1) / group);
}

}  // namespace

bool has_threads_to_spare(std::size_t count, const Context& context) {
  return 2 * useful_threads(count, context) <= context.threads;
}

void for_each_parallel(std::size_t count, const Context& context,
                       const std::function<std::function<void(std::size_t)>()>& make_worker) {
  if (count == 0) return;
  const std::size_t threads = useful_threads(count, context);
  Work work(count, threads, context.interrupt, make_worker);
  {
    std::vector<std::jthread> others;
    while (others.size() + 1 < threads && try_start(others, work)) {
    }
    work.run();
  }
  work.rethrow();
}

}  // namespace injector
