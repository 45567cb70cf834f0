#include "base/lock.h"

#include "base/futex.h"
#include "base/pause.h"

namespace runtime {

namespace {

// Of a pause each, 10 to 60 ns: one to a few microseconds in all.
constexpr int spins = 60;

} // namespace

// What the kernel compares and sleeps on.
const uint32_t* futex_lock::address() const {
    static_assert(sizeof word_ == sizeof(uint32_t) && decltype(word_)::is_always_lock_free);
    return reinterpret_cast<const uint32_t*>(&word_);
}

void futex_lock::lock_slow() {
    for (int i = 0; i < spins; ++i) {
        pause();
        // Relaxed: only a hint that the exchange below is worth trying. A spinner takes the lock as
        // 1, for it never slept; sleepers that set 2 do so again when they wake.
        uint32_t expected = unlocked;
        if (word_.load(std::memory_order_relaxed) == unlocked &&
            word_.compare_exchange_strong(expected, locked, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
            return;
        }
    }
    // Acquire: this exchange takes the lock when it finds 0. Otherwise it leaves the 2 that obliges
    // the holder to wake us.
    while (word_.exchange(contended, std::memory_order_acquire) != unlocked) {
        // Whatever ends the wait (a wake-up, a signal, a word that is no longer 2), the exchange
        // decides.
        (void)futex_sleep(address(), contended, -1);
    }
}

void futex_lock::wake_one() {
    futex_wake_one(address());
}

} // namespace runtime
