// The runtime's own lock. It blocks the thread, not the goroutine: it is for short sections of
// runtime code that neither park nor panic while they hold it.
//
// The word is 0 (free), 1 (held, nobody waits) or 2 (held, somebody may wait). Without contention,
// taking it and dropping it is one atomic operation each. A thread that finds it taken first spins
// for about a microsecond, because most sections are shorter than a system call; then it sets 2 and
// sleeps in the kernel. Whoever drops a 2 wakes one sleeper. The woken thread takes the lock as 2
// again: it cannot know whether others still sleep, and a needless wake-up costs less than a lost
// one.
//
// Orderings: each operation that takes the word from 0 acquires; it pairs with the release exchange
// in unlock, so a holder sees all that the holders before it wrote.
#pragma once

#include <cstdint>

#include "arch/amd64/tcb.h"
#include "base/atomic.h"

namespace runtime {

// Constant-initialised: one in .bss needs no constructor. Not recursive, not fair. A BasicLockable.
// unlock may still use the address after the next holder has the lock, so a lock must not be freed
// by whoever takes it last.
class futex_lock {
public:
    constexpr futex_lock() = default;
    futex_lock(const futex_lock&) = delete;
    futex_lock& operator=(const futex_lock&) = delete;
    ~futex_lock() = default;

    void lock() {
        // The holder keeps its thread: others would spin for a goroutine that does not run.
        no_preempt::begin();
        uint32_t expected = unlocked;
        // Relaxed where it fails: nothing is read under a lock that was not taken.
        if (!word_.compare_exchange_strong(expected, locked, std::memory_order_acquire,
                                           std::memory_order_relaxed)) [[unlikely]] {
            lock_slow();
        }
    }

    void unlock() {
        if (word_.exchange(unlocked, std::memory_order_release) == contended) [[unlikely]] {
            wake_one();
        }
        no_preempt::end();
    }

private:
    static constexpr uint32_t unlocked = 0;
    static constexpr uint32_t locked = 1;
    static constexpr uint32_t contended = 2;

    void lock_slow();
    void wake_one();
    [[nodiscard]] const uint32_t* address() const;

    atomic<uint32_t> word_{unlocked};
};

// Holds a lock for a scope.
class [[nodiscard]] lock_guard {
public:
    explicit lock_guard(futex_lock& held)
        : held_(held) {
        held_.lock();
    }
    lock_guard(const lock_guard&) = delete;
    lock_guard& operator=(const lock_guard&) = delete;
    ~lock_guard() { held_.unlock(); }

private:
    futex_lock& held_;
};

} // namespace runtime
