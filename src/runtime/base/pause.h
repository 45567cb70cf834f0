// For loops that wait for another processor.
#pragma once

namespace runtime {

// Some ten nanoseconds in which this processor leaves more to the other hardware thread of its
// core.
inline void pause() {
    __builtin_ia32_pause();
}

} // namespace runtime
