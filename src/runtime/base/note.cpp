#include "base/note.h"

#include "base/futex.h"

namespace runtime {

// What the kernel compares and sleeps on.
const uint32_t* note::address() const {
    return reinterpret_cast<const uint32_t*>(&word_);
}

void note::wake() {
    if (word_.exchange(1, std::memory_order_release) == sleeping) {
        futex_wake_one(address());
    }
}

bool note::sleep(int64_t nanoseconds) {
    uint32_t expected = 0;
    // Acquire for where it finds 1, and because the other order may not be weaker.
    if (!word_.compare_exchange_strong(expected, sleeping, std::memory_order_acquire,
                                       std::memory_order_acquire)) {
        return true;
    }
    for (;;) {
        const int result = futex_sleep(address(), sleeping, nanoseconds);
        if (word_.load(std::memory_order_acquire) == 1) {
            return true;
        }
        if (result == -os::ETIMEDOUT_ || (result == -os::EINTR_ && nanoseconds >= 0)) {
            expected = sleeping;
            // Back to "not yet", unless the wake comes at this very moment.
            return !word_.compare_exchange_strong(expected, 0, std::memory_order_acquire,
                                                  std::memory_order_acquire);
        }
        // A signal, or nothing at all: sleeps on.
    }
}

} // namespace runtime
