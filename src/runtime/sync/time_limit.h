// Waiting for something, but only until a time: a timer, and behind it in memory a sleeper, which
// lies in a queue.
//
// Two may make the goroutine go on, and state says who does. A timer that expires does so under its
// heap's lock, and takes no other one; so it leaves the sleeper in its queue, from which the
// goroutine takes it itself, unless somebody else, who looked for one to give something to, has
// taken it out in vain.
//
//      waits       not off its stack yet: whoever decides does not make it ready
//      parked      off its stack
//      given       taken out of the queue, and got what it waits for
//      over        the time is
//      left_out    taken out of the queue after that: it need not look there, and for a condition
//                  must not, which may be gone
//      leaves      the time is over, and it is about to take itself out
//
// The timer is started before the object's lock is taken, for no goroutine has two locks here:
// biased_lock. It may expire before the goroutine has parked.
//
// The sleeper may be gone once state is given where it was waits, or over; otherwise when the
// goroutine has been made ready.
#pragma once

#include <cstdint>

#include <rt0/sync.h>

#include "base/atomic.h"
#include "base/biased_lock.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "sync/ring.h"

namespace rt0::detail {

struct time_limit : runtime::timer {
    enum states : uint32_t { waits, parked, given, over, left_out, leaves };

    runtime::atomic<uint32_t> state;
    runtime::biased_lock* lock; // to be dropped by who parks, or null

    static time_limit& of(sleeper* who) { return reinterpret_cast<time_limit*>(who)[-1]; }
    [[nodiscard]] sleeper* self() { return reinterpret_cast<sleeper*>(this + 1); }

    // Of the current goroutine's sleeper, which is in no queue.
    void start(int64_t when);
    // Parks; held, which is locked by its word, or null, is dropped then. Whether it was given
    // something; its time is over otherwise, and the timer is stopped.
    bool park(runtime::biased_lock* held, runtime::wait_reason reason);
    // For one that has not parked.
    void stop() { (void)runtime::stop_timer(this); }
    // For one whose time is over: whether it has to look in its queue, under the object's lock.
    bool has_to_leave() {
        uint32_t now = over;
        // Acquire: pairs with give's release, for what left it out has written.
        return state.compare_exchange_strong(now, leaves, std::memory_order_acquire,
                                             std::memory_order_acquire);
    }

    // By who has just taken it out of its queue, under the object's lock: what state was, and so
    // whether it is given something (waits, parked).
    uint32_t give() {
        uint32_t was = state.load(std::memory_order_relaxed);
        // Release: pairs with the acquire of park and of has_to_leave, as where a goroutine is made
        // ready that has parked, for what was written before. Acquire: so that the sleeper may be
        // written to.
        while (was != leaves &&
               !state.compare_exchange_weak(was, was == over ? left_out : given,
                                            std::memory_order_acq_rel, std::memory_order_relaxed)) {
        }
        return was;
    }
};

template <class Sleeper>
struct limited {
    time_limit limit;
    Sleeper self;
};
// Nothing lies between the two.
static_assert(sizeof(limited<sleeper>) == sizeof(time_limit) + sizeof(sleeper));

// The first that something can be given to, out of the queue, or null. For objects under whose lock
// who waits parks: it has parked.
inline sleeper* take_first(ring<sleeper>& queue) {
    for (;;) {
        sleeper* const first = queue.pop();
        if (first == nullptr || !first->timed || time_limit::of(first).give() == time_limit::parked)
            [[likely]] {
            return first;
        }
    }
}

} // namespace rt0::detail
