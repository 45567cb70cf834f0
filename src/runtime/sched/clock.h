// The monotonic clock, and what it says without being asked.
//
// To ask it takes longer than anything else that a timer does. So each p keeps what the clock said
// last, together with the processor's own counter, and how fast the one goes by the other; for some
// microseconds that tells the time. Not quite: it says between which two times it is. A deadline is
// counted from the later one, and so never too early; and only where what is asked depends on it
// does anybody ask the clock.
#pragma once

#include <cstdint>

#include "base/atomic.h"
#include "base/if_linked.h"
#include "os/os.h"

namespace runtime {

// What that clock of the kernel's, a CLOCK_ constant, says then; false where it is not held, or not
// one that tells the time. Null as held_time.
[[gnu::weak]] bool clock_if_held(int clock, os::timespec* time);

// What a p knows. Its owner's.
struct clock_memory {
    // The clock said time at some moment between these two.
    uint64_t before;
    uint64_t after;
    int64_t time;
    // Nanoseconds in 2^32 cycles, at least; 0 where it is not known. Measured from here on.
    uint64_t rate;
    uint64_t rate_since;
    int64_t rate_time;

    // For so many cycles is known what time it is, some 10 us: by then the two times are 10 ns
    // apart.
    static constexpr uint64_t most_cycles = 30'000;

    // Whether that is known when the counter says count. Where the counters of two processors
    // differ it may be before: then it is very large.
    [[nodiscard]] bool is_known(uint64_t count) const {
        return count - after < most_cycles && rate != 0;
    }
    // And then the later one of the two times.
    [[nodiscard]] int64_t latest(uint64_t count) const {
        return time + elapsed(count - before, rate) + 1;
    }
    static int64_t elapsed(uint64_t count, uint64_t rate) {
        return static_cast<int64_t>((count * rate) >> 32);
    }
};

struct time_span {
    int64_t earliest;
    int64_t latest;
};

// What the clock says while rt0::testing::run holds it, else 0: then it is the kernel's. Null in a
// program without (sched/testing.cpp).
[[gnu::weak]] extern atomic<int64_t> held_time;

inline int64_t time_if_held() {
    auto* const held = if_linked(&held_time);
    // Relaxed: it is written where no goroutine runs, and who lets one run again brings it along.
    return held != nullptr ? held->load(std::memory_order_relaxed) : 0;
}

// The monotonic clock in nanoseconds, from 1 on. Fatal where the kernel refuses it. Null in a
// program without timers.
[[gnu::weak]] int64_t nanotime();
// Spins for that long, at least; false, at once, where nobody knows how fast the counter is. For a
// p, whose owner stays it meanwhile.
bool wait_for(const clock_memory& memory, int64_t nanoseconds);
// What it would say now: a few nanoseconds apart at most. For a p, whose owner stays it meanwhile.
time_span about_now(clock_memory& memory);

} // namespace runtime
