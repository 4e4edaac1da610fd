#include "injector/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/error.h"

namespace injector {
namespace {

// for_each_parallel with a Context of its own.
void run(std::size_t count, unsigned threads, const std::function<std::function<void(std::size_t)>()>& make_worker) {
  const Interrupt interrupt;
  Progress progress(false);
  for_each_parallel(count, {interrupt, progress, threads, {}}, make_worker);
}

class Parallel : public testing::TestWithParam<std::tuple<unsigned, std::size_t>> {
 protected:
  unsigned threads() const { return std::get<0>(GetParam()); }
  std::size_t count() const { return std::get<1>(GetParam()); }
};

TEST_P(Parallel, DoesEveryItemOnce) {
  std::vector<std::atomic<int>> done(count());
  std::atomic<unsigned> workers = 0;
  run(count(), threads(), [&] {
    ++workers;
    return [&](std::size_t i) { ++done.at(i); };
  });
  for (std::size_t i = 0; i < count(); ++i) EXPECT_EQ(done[i], 1) << i;
  EXPECT_LE(workers, threads());
  EXPECT_EQ(workers == 0, count() == 0);
}

TEST_P(Parallel, ThrowsWhatAnItemThrew) {
  if (count() == 0) return;
  const std::size_t bad = count() / 2;
  std::vector<std::atomic<int>> done(count());
  try {
    run(count(), threads(), [&] {
      return [&](std::size_t i) {
        if (i == bad) throw std::runtime_error("item " + std::to_string(i));
        ++done.at(i);
      };
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "item " + std::to_string(bad));
  }
  for (std::size_t i = 0; i < count(); ++i) EXPECT_LE(done[i], i == bad ? 0 : 1) << i;
}

TEST_P(Parallel, ThrowsWhatMakingAWorkerThrew) {
  if (count() == 0) return;
  const auto make = []() -> std::function<void(std::size_t)> { throw std::runtime_error("no worker"); };
  EXPECT_THROW(run(count(), threads(), make), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(All, Parallel,
                         testing::Combine(testing::Values(1U, 2U, 3U, 4U),
                                          testing::Values(0U, 1U, 15U, 16U, 17U, 64U, 1000U)));

TEST(ParallelOrder, IsKeptByOneThreadUntilTheFirstException) {
  const std::thread::id caller = std::this_thread::get_id();
  std::vector<std::size_t> done;
  EXPECT_THROW(run(100, 1,
                   [&] {
                     return [&](std::size_t i) {
                       EXPECT_EQ(std::this_thread::get_id(), caller);
                       if (i == 40) throw std::runtime_error("stop");
                       done.push_back(i);
                     };
                   }),
               std::runtime_error);
  ASSERT_EQ(done.size(), 40U);
  for (std::size_t i = 0; i < done.size(); ++i) EXPECT_EQ(done[i], i);
}

TEST(ParallelOrder, FewItemsStayInTheCallersThread) {
  const std::thread::id caller = std::this_thread::get_id();
  run(16, 4, [&] { return [&](std::size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); }; });
}

TEST(ParallelInterrupt, EndsTheWorkBeforeTheNextGroup) {
  std::size_t done = 0;
  EXPECT_THROW(run(100, 1,
                   [&] {
                     return [&](std::size_t) {
                       if (++done == 1) ::raise(SIGTERM);
                     };
                   }),
               Error);
  EXPECT_EQ(done, 16U);
  const timespec now{};
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  EXPECT_EQ(sigtimedwait(&signals, nullptr, &now), SIGTERM);  // so that it is not pending any more
}

}  // namespace
}  // namespace injector
