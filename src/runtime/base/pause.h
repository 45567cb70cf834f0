// For loops that wait for another processor.
#pragma once

#include <cstdint>

namespace runtime {

// Some ten nanoseconds in which this processor leaves more to the other hardware thread of its
// core.
inline void pause() {
    __builtin_ia32_pause();
}

// The time stamp counter: for how long, in cycles of some clock of the processor's.
inline uint64_t cycles() {
    return __builtin_ia32_rdtsc();
}

} // namespace runtime
