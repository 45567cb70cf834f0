// wait_group.
//
// state_ has the count in its upper half and the number of those who wait in its lower one. Who
// makes the count zero takes that number and releases as many: nobody else does, and nobody leaves
// by himself, so that the object may be gone as soon as the last of them is let go.
//
// waiters_ is 0; or the g that came last, the others behind it through schedlink; or, odd, 2n + 1:
// n who are counted in state_ and not here yet need not wait. A waiter pushes itself, or takes one
// of n; who releases takes all that are there, again and again, and leaves the rest as n. Each is
// one compare-and-swap or exchange of waiters_, so one of the two always meets the other.
#include <rt0/sync.h>

#include "base/fatal.h"
#include "sched/sched.h"

namespace rt0 {

namespace {

using runtime::g;

std::int32_t count_of(std::uint64_t state) {
    return static_cast<std::int32_t>(state >> 32);
}

} // namespace

void wait_group::add(std::int32_t n) {
    // Release: what this goroutine did happens before wait returns. Acquire: the last one carries
    // what the others did along.
    const std::uint64_t change = static_cast<std::uint64_t>(static_cast<std::int64_t>(n)) << 32;
    const std::uint64_t state = state_.fetch_add(change, std::memory_order_acq_rel) + change;
    if (count_of(state) > 0) {
        return;
    }
    if (count_of(state) < 0) [[unlikely]] {
        runtime::panic("sync: negative WaitGroup counter");
    }
    if (const auto waiting = static_cast<std::uint32_t>(state); waiting != 0) {
        release(waiting);
    }
}

// The count is zero, and that many wait.
void wait_group::release(std::uint32_t waiting) {
    if (static_cast<std::uint32_t>(state_.load(std::memory_order_relaxed)) != waiting ||
        count_of(state_.load(std::memory_order_relaxed)) != 0) [[unlikely]] {
        runtime::panic("sync: WaitGroup misuse: Add called concurrently with Wait");
    }
    state_.store(0, std::memory_order_relaxed);
    g* first = nullptr; // of those who go on, the longest waiting at the front
    for (;;) {
        // Acquire: pairs with the push; the g's links are visible.
        auto* gp = reinterpret_cast<g*>(waiters_.exchange(0, std::memory_order_acq_rel));
        while (gp != nullptr) {
            g* const next = gp->schedlink;
            gp->schedlink = first;
            first = gp;
            gp = next;
            --waiting;
        }
        std::uintptr_t nobody = 0;
        // Release: who takes one of them sees what happened before the count became zero.
        if (waiting == 0 || waiters_.compare_exchange_strong(
                                nobody, std::uintptr_t{waiting} * 2 + 1, std::memory_order_release,
                                std::memory_order_relaxed)) {
            break;
        }
    }
    // The object may be gone.
    while (first != nullptr) {
        g* const gp = first;
        first = gp->schedlink;
        gp->schedlink = nullptr;
        runtime::ready(gp);
    }
}

void wait_group::wait() {
    std::uint64_t state = state_.load(std::memory_order_acquire);
    do {
        if (count_of(state) == 0) {
            return;
        }
    } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire,
                                           std::memory_order_acquire));
    runtime::park(
        [](g* gp, void* self) {
            std::atomic<std::uintptr_t>& waiters = static_cast<wait_group*>(self)->waiters_;
            std::uintptr_t there = waiters.load(std::memory_order_relaxed);
            for (;;) {
                if (there % 2 == 1) {
                    const std::uintptr_t left = there == 3 ? 0 : there - 2;
                    // Acquire: pairs with release's store.
                    if (waiters.compare_exchange_weak(there, left, std::memory_order_acquire,
                                                      std::memory_order_relaxed)) {
                        return false;
                    }
                } else {
                    gp->schedlink = reinterpret_cast<g*>(there);
                    // Release: the g, off its stack.
                    if (waiters.compare_exchange_weak(there, reinterpret_cast<std::uintptr_t>(gp),
                                                      std::memory_order_release,
                                                      std::memory_order_relaxed)) {
                        return true;
                    }
                }
            }
        },
        this, runtime::wait_reason::wait_group);
}

} // namespace rt0
