// In the place of rt0's rt0/detail/owned.h: the same in C++. Whoever comes takes the lock, the
// owner or not.
#pragma once

#include <cstdint>

#include "arch/amd64/tcb.h"
#include "base/atomic.h"
#include "base/biased_lock.h"

namespace rt0::detail {

struct owned_word {
    runtime::biased_lock lock;
    runtime::atomic<std::uint32_t> value{0};
    std::uint32_t flags = 0;
};

inline bool owner_exchanges(owned_word& of, std::uint32_t from, std::uint32_t to) {
    of.lock.lock();
    const bool done = of.value.load(std::memory_order_relaxed) == from;
    if (done) {
        of.value.store(to, std::memory_order_relaxed);
    }
    of.lock.unlock();
    return done;
}

} // namespace rt0::detail
