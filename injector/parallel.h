#pragma once

#include <cstddef>
#include <functional>

#include "injector/context.h"

namespace injector {

// Work that is split among threads: make_worker is called once in each thread and gives the function that does one
// item. Items are taken in order; the interrupt is looked at every now and then. The first exception ends the work
// and is thrown to the caller, after all threads have ended. With one thread, or few items, everything
// happens in the caller's thread.
void for_each_parallel(std::size_t count, const Context& context,
                       const std::function<std::function<void(std::size_t)>()>& make_worker);

// Whether each thread that so many items keep busy can have a second one for itself.
bool has_threads_to_spare(std::size_t count, const Context& context);

}  // namespace injector
