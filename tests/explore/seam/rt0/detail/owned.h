// In the place of rt0's rt0/detail/owned.h: the same, step by step. A goroutine of the models has a
// thread of its own, so it stays there in between.
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
    runtime::set_claim(reinterpret_cast<std::uintptr_t>(&of) | 1);
    // The lock's first word.
    const auto& owner = reinterpret_cast<const runtime::atomic<std::uintptr_t>&>(of.lock);
    const bool done = owner.load(std::memory_order_relaxed) ==
                          reinterpret_cast<std::uintptr_t>(runtime::get_tcb()) &&
                      of.value.load(std::memory_order_relaxed) == from;
    if (done) {
        of.value.store(to, std::memory_order_relaxed);
    }
    runtime::set_claim(0);
    return done;
}

} // namespace rt0::detail
