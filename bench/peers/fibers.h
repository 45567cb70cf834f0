// What the programs on Boost.Fiber have in common. On one core its default scheduler runs the
// fibers, on several the one that steals.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include <boost/fiber/all.hpp>

#include "rows.h"

namespace fibers {

using boost::fibers::fiber;

// Small stacks come from malloc, the quickest of its allocators that several threads may use.
template <class F>
fiber spawn(F f, std::size_t stack = 16384) {
    return {std::allocator_arg, boost::fibers::fixedsize_stack(stack), std::move(f)};
}

inline void wait_for_ever() {
    static boost::fibers::mutex mutex;
    static boost::fibers::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait(lock, [] { return false; });
}

inline unsigned cores() {
    return std::max(1U, std::thread::hardware_concurrency());
}

// From here on this thread and as many more as there are cores run fibers.
inline void use_all_cores() {
    using stealing = boost::fibers::algo::work_stealing;
    const unsigned all = cores();
    for (unsigned i = 1; i < all; ++i) {
        std::thread([all] {
            boost::fibers::use_scheduling_algorithm<stealing>(all);
            wait_for_ever();
        }).detach();
    }
    boost::fibers::use_scheduling_algorithm<stealing>(all);
}

inline int answer(std::span<const bench::row> rows, int argc, char** argv) {
    // Or else malloc would give stacks back to the kernel between one burst and the next.
    mallopt(M_MMAP_THRESHOLD, 1 << 24);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    return bench::answer(rows, argc, argv, [](double number) {
        std::printf("%.6g\n", number);
        std::fflush(stdout);
        // The other threads are not waited for: they run fibers for ever.
        std::_Exit(0);
    });
}

} // namespace fibers
