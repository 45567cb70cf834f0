// The monotonic clock, and what it says without being asked.
//
// To ask it takes longer than anything else that a timer does. So each p keeps what the clock said
// last, together with the processor's own counter, and how fast the one goes by the other; for some
// microseconds that tells the time. Not quite: it says between which two times it is. A deadline is
// counted from the later one, and so never too early; and only where what is asked depends on it
// does anybody ask the clock.
#pragma once

#include <cstdint>

namespace runtime {

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
};

struct time_span {
    int64_t earliest;
    int64_t latest;
};

// The monotonic clock in nanoseconds, from 1 on. Fatal where the kernel refuses it. Null in a
// program without timers.
[[gnu::weak]] int64_t nanotime();
// What it would say now: a few nanoseconds apart at most. For a p, whose owner stays it meanwhile.
time_span about_now(clock_memory& memory);

} // namespace runtime
