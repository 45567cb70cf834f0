// The run queue's hot ends, inline. runq.cpp has the protocol, and the rest.
#pragma once

#include "sched/sched.h"

namespace runtime {

// The oldest of the ring, or null. The owner.
inline g* runqget_ring(p* pp) {
    // Acquire: pairs with the release of a thief's swap; the slots below head are free.
    uint32_t head = pp->runqhead.load(std::memory_order_acquire);
    for (;;) {
        const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
        if (tail == head) {
            return nullptr;
        }
        g* const gp = pp->runq[head % p::runq_size].load(std::memory_order_relaxed);
        if (pp->exclusive.load(std::memory_order_relaxed)) {
            pp->runqhead.store(head + 1, std::memory_order_relaxed);
            return gp;
        }
        if (pp->runqhead.compare_exchange_weak(head, head + 1, std::memory_order_release,
                                               std::memory_order_acquire)) [[likely]] {
            return gp;
        }
    }
}

// runnext, or null. The owner.
inline g* runqget_next(p* pp) {
    g* const next = pp->runnext.load(std::memory_order_relaxed);
    if (next != nullptr) {
        pp->runnext.store(nullptr, std::memory_order_relaxed);
    }
    return next;
}

// The last of those that let another run, or null. The owner.
inline g* runqget_starter(p* pp) {
    g* const last = pp->starters.load(std::memory_order_relaxed);
    if (last != nullptr) {
        pp->starters.store(last->schedlink, std::memory_order_relaxed);
    }
    return last;
}

// What the p runs next, or null. The owner.
inline g* runqget(p* pp, bool* inherit_time) {
    *inherit_time = true;
    if (g* const next = runqget_next(pp)) {
        return next;
    }
    *inherit_time = false;
    if (g* const next = runqget_starter(pp)) {
        return next;
    }
    return runqget_ring(pp);
}

// Whether nobody waits for the goroutine that runs on pp to let him run, nor a timer for pp. The
// owner.
inline bool is_alone(const p* pp) {
    return pp->switches_left.load(std::memory_order_relaxed) != 0 && runqempty(pp) &&
           pp->timers.next.load(std::memory_order_relaxed) == 0 &&
           sched.runq_size.load(std::memory_order_relaxed) == 0 && !some_are_retired();
}

// How many are in the ring. The owner, for whom it is not too few.
inline uint32_t runqlen(const p* pp) {
    // Relaxed: thieves make it shorter at most.
    return pp->runqtail.load(std::memory_order_relaxed) -
           pp->runqhead.load(std::memory_order_relaxed);
}

// gp runs on the calling thread from now on, whose p is pp.
inline void set_running(m* mp, p* pp, g* gp, bool inherit_time) {
    mp->curg = gp;
    gp->m = mp;
    gp->status.store(g_status::running, std::memory_order_relaxed);
    if (!inherit_time) {
        pp->schedtick.store(pp->schedtick.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
    }
}

// What runs next where that takes no thought: the p has something, its turn to look at the global
// queue has not come, and no thread waits for that goroutine: then that is tied. Null, and nothing
// else has changed, where schedule has to be asked. It counts as running.
// (mp is read once there is one: park has no register to keep it in.)
[[gnu::always_inline]] inline g* next_at_hand(m* const& mp, p* pp, g*& tied) {
    const uint32_t left = pp->switches_left.load(std::memory_order_relaxed);
    if (left == 0) [[unlikely]] {
        return nullptr;
    }
    bool inherit_time = false;
    g* const next = runqget(pp, &inherit_time);
    if (next == nullptr) {
        return nullptr;
    }
    if (next->locked) [[unlikely]] {
        tied = next;
        return nullptr;
    }
    pp->switches_left.store(left - 1, std::memory_order_relaxed);
    set_running(mp, pp, next, inherit_time);
    return next;
}

[[gnu::always_inline]] inline g* next_at_hand(m* const& mp, p* pp) {
    g* tied = nullptr;
    g* const next = next_at_hand(mp, pp, tied);
    if (tied != nullptr) [[unlikely]] {
        runqput(pp, tied, true); // schedule takes it first
    }
    return next;
}

} // namespace runtime
