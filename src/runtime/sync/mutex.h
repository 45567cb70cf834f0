// What a mutex is: for mutex.cpp, and for shared_mutex.cpp, whose writers wait as at one.
//
// A lock for short sections, and under it a word that says whether the mutex is taken and whether
// somebody has to be woken when it is dropped, and the queue of those that wait. As long as one
// thread uses it the section's lock is that thread's own, and locking and unlocking are a
// comparison and a store of the word, in the program's own code (rt0/detail/owned.h).
//
// The modes are Go's. Normally who waits is woken and tries again; others may be faster, because
// they run already, and so a mutex that many want goes from one to the next without a switch. Who
// has lost comes first in the queue the next time. At most one is awake at a time. When one that
// has been woken sees that it has waited for a millisecond, and loses again, the mutex is
// starving: unlock hands it over to who is first and lets him run, and whoever comes queues at the
// end. That ends with one that has waited for less, or with the last.
//
// All that another goroutine wrote is seen by who gets the mutex: the section's lock orders it.
// unlock's last access is the one that drops that lock, and then a goroutine is made ready. So the
// mutex may be gone as soon as nobody wants it any more.
#pragma once

#include <cstddef>
#include <cstdint>

#include <rt0/sync.h>

#include "base/atomic.h"
#include "base/biased_lock.h"
#include "sched/sched.h"
#include "sync/ring.h"
#include "sync/time_limit.h"

namespace rt0::detail {

inline runtime::biased_lock& lock_of(short_lock& room) {
    static_assert(sizeof(runtime::biased_lock) == sizeof(short_lock));
    return reinterpret_cast<runtime::biased_lock&>(room);
}

inline runtime::g* goroutine_of(const sleeper* who) {
    return static_cast<runtime::g*>(who->goroutine);
}

inline void begin(sleeper& self) {
    self.goroutine = getg();
    self.passed = false;
    self.timed = false;
}

// Drops the lock and makes gp go on, as the last thing.
inline void unlock_and_ready(runtime::biased_lock& held, runtime::g* gp) {
    held.unlock_and_stay();
    runtime::ready_at_last(gp);
}

// Makes all of a list go on, the first first; linked through next. Each is gone then.
inline void ready_all(sleeper* first) {
    while (first != nullptr) {
        runtime::g* const gp = goroutine_of(first);
        first = first->next;
        runtime::ready(gp);
    }
}

// Takes all out of a queue, as such a list.
inline sleeper* take_all(ring<sleeper>& queue) {
    sleeper* const first = queue.first();
    if (first != nullptr) {
        queue.last.load(std::memory_order_relaxed)->next = nullptr;
        queue.last.store(nullptr, std::memory_order_relaxed);
    }
    return first;
}

// A mutex_state as the runtime sees it.
struct waiting_mutex {
    runtime::biased_lock section;
    // Written under the section's lock, and read without it too.
    runtime::atomic<uint32_t> value;
    uint32_t flags;
    ring<sleeper> queue;

    // Of value, beside is_locked (rt0/sync.h).
    static constexpr uint32_t has_to_wake = 2; // and so unlock is not only a store
    // Of flags.
    static constexpr uint32_t one_is_awake = 1; // who waited, or spins: it comes by itself
    static constexpr uint32_t starving = 2;

    static waiting_mutex& of(mutex_state& state) { return reinterpret_cast<waiting_mutex&>(state); }

    [[nodiscard]] bool is_taken() const {
        return (value.load(std::memory_order_relaxed) & mutex_state::is_locked) != 0;
    }

    // Under the section's lock.
    void set_taken() {
        const bool wake = !queue.empty() && (flags & one_is_awake) == 0;
        value.store(mutex_state::is_locked | (wake ? has_to_wake : 0), std::memory_order_relaxed);
    }
    // Drops the mutex. Who is to be made ready once the section's lock is dropped, or null; handed:
    // it has the mutex, and shall run now.
    runtime::g* release(bool* handed);

    void lock(runtime::wait_reason reason);
};
static_assert(sizeof(waiting_mutex) == sizeof(mutex_state) &&
              offsetof(waiting_mutex, value) == offsetof(owned_word, value) &&
              offsetof(waiting_mutex, queue) == offsetof(mutex_state, last));

} // namespace rt0::detail
