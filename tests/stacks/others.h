// Goroutines that change all registers whenever they run, and leave the processor to the next one.
#pragma once

#include <atomic>
#include <memory>

#include <rt0/rt0.h>

#include "calls.h"
#include "registers.h"

namespace {

std::atomic<long> turns; // of those that change registers

// Runs f among them. Where there is one p, they run each time that f gives way.
template <class F>
void among_others(F f) {
    std::atomic<bool> stop = false;
    rt0::wait_group others;
    for (int i = 0; i < rt0::gomaxprocs(); ++i) {
        others.go([&stop, i] {
            const auto own = std::make_unique<registers>();
            uint64_t random = static_cast<uint64_t>(i) + 1;
            fill(*own, random);
            while (!stop) {
                spoil_registers(own.get());
                // Not a yield: the one that gave way waits in the global queue, which yields look
                // at every 61st time.
                ask_now();
                CHECK(middle_frame(1) == 2);
                turns.fetch_add(1, std::memory_order_relaxed);
            }
            reset_modes();
        });
    }
    f();
    stop = true;
    others.wait();
}

} // namespace
