// Sleeping and waking in the kernel, for the lock and the note.
#pragma once

#include "base/if_linked.h"
#include "os/os.h"

namespace runtime {

// Fatal where result is that of a kernel that refuses futex: a thread that cannot be woken would
// sleep for good, and one that cannot sleep would take a processor for nothing. Defined in
// sched/threads.cpp, for a program of one thread has no use for it.
[[gnu::weak]] void check_futex(int result);

// Until woken while *word == expected, or until nanoseconds (< 0: for ever) have passed:
// -ETIMEDOUT. Ends for no reason too: the caller checks *word again.
inline int futex_sleep(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    const int result = os::futex_wait(word, expected, nanoseconds);
    if (auto* const check = if_linked(check_futex)) {
        check(result);
    }
    return result;
}

inline void futex_wake_one(const uint32_t* word) {
    const int result = os::futex_wake(word, 1);
    if (auto* const check = if_linked(check_futex)) {
        check(result);
    }
}

} // namespace runtime
