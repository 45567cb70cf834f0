// wait_group.
//
// state_ has the count in its upper half and the number of those who wait in its lower one. Who
// makes the count zero takes that number and releases as many: nobody else does, and nobody leaves
// by himself, so that the object may be gone as soon as the last of them is let go. A waiter that
// is counted but not queued yet finds its release in released_.
#include <rt0/sync.h>

#include "base/fatal.h"
#include "base/lock.h"
#include "sched/sched.h"

namespace rt0 {

namespace {

using runtime::futex_lock;
using runtime::g;
using runtime::g_ring;

// The header, which knows nothing of the runtime, has plain words for these.
static_assert(sizeof(futex_lock) == sizeof(std::uint32_t) && sizeof(g_ring) == sizeof(void*));

futex_lock& as_lock(std::uint32_t& word) {
    return *reinterpret_cast<futex_lock*>(&word);
}

g_ring& as_ring(void*& word) {
    return *reinterpret_cast<g_ring*>(&word);
}

std::int32_t count_of(std::uint64_t state) {
    return static_cast<std::int32_t>(state >> 32);
}

} // namespace

void wait_group::add(std::int32_t n) {
    // Release: what this goroutine did happens before wait returns. Acquire: the last one carries
    // what the others did along.
    const std::uint64_t change = static_cast<std::uint64_t>(static_cast<std::int64_t>(n)) << 32;
    std::uint64_t state = state_.fetch_add(change, std::memory_order_acq_rel) + change;
    if (count_of(state) < 0) [[unlikely]] {
        runtime::panic("sync: negative WaitGroup counter");
    }
    auto waiting = static_cast<std::uint32_t>(state);
    if (count_of(state) > 0 || waiting == 0) {
        return;
    }
    // The count is zero and somebody waits: only a misuse changes state_ now.
    if (!state_.compare_exchange_strong(state, 0, std::memory_order_relaxed)) [[unlikely]] {
        runtime::panic("sync: WaitGroup misuse: Add called concurrently with Wait");
    }
    g_ring released;
    {
        const runtime::lock_guard guard(as_lock(lock_));
        for (; waiting > 0; --waiting) {
            g* const gp = as_ring(waiters_).pop();
            if (gp == nullptr) {
                break;
            }
            released.push(gp);
        }
        released_ += waiting;
    }
    // The object may be gone.
    while (g* const gp = released.pop()) {
        runtime::ready(gp);
    }
}

void wait_group::wait() {
    std::uint64_t state = state_.load(std::memory_order_acquire);
    do {
        if (count_of(state) == 0) {
            return;
        }
    } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_relaxed,
                                           std::memory_order_acquire));
    runtime::park(
        [](g* gp, void* self) {
            auto* const group = static_cast<wait_group*>(self);
            const runtime::lock_guard guard(as_lock(group->lock_));
            if (group->released_ != 0) {
                --group->released_;
                return false;
            }
            as_ring(group->waiters_).push(gp);
            return true;
        },
        this, runtime::wait_reason::wait_group);
}

} // namespace rt0
