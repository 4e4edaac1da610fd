#pragma once

#include <cstddef>
#include <functional>

namespace injector {

// Work that is split among threads: make_worker is called once in each thread and gives the function that does one
// item. Items are taken in order, in small groups. The first exception ends the work and is thrown to the caller,
// after all threads have ended. With one thread, or few items, everything happens in the caller's thread.
void for_each_parallel(std::size_t count, unsigned threads,
                       const std::function<std::function<void(std::size_t)>()>& make_worker);

}  // namespace injector
