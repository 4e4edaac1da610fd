#include "injector/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace injector {
namespace {

constexpr std::size_t group = 16;  // neighbours share a directory; more would leave threads idle at the end

class Work {
 public:
  Work(std::size_t count, const std::function<std::function<void(std::size_t)>()>& make_worker)
      : count_(count), make_worker_(make_worker) {}

  void run() noexcept {
    try {
      const auto worker = make_worker_();
      for (std::size_t begin = next_.fetch_add(group); begin < count_; begin = next_.fetch_add(group)) {
        for (std::size_t i = begin; i < std::min(begin + group, count_); ++i) worker(i);
      }
    } catch (...) {
      next_ = count_;
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::size_t count_;
  const std::function<std::function<void(std::size_t)>()>& make_worker_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
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

}  // namespace

void for_each_parallel(std::size_t count, unsigned threads,
                       const std::function<std::function<void(std::size_t)>()>& make_worker) {
  if (count == 0) return;
  Work work(count, make_worker);
  {
    std::vector<std::jthread> others;
    const std::size_t useful = std::min<std::size_t>(threads, (count + group - 1) / group);
    while (others.size() + 1 < useful && try_start(others, work)) {
    }
    work.run();
  }
  work.rethrow();
}

}  // namespace injector
