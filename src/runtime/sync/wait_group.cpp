// wait_group.
//
// Two words that one instruction compares and swaps: state_ is twice the count, and odd when
// somebody waits; waiters_ is who, the last one first, linked through schedlink. Who waits pushes
// himself while the count is not zero. Who makes the count zero takes the waiters, if there are
// any: nobody else touches the words then, because nobody joins where the count is zero, and nobody
// may add before those who wait have gone on. So the object may be gone as soon as the last of them
// is let go, and where nobody waits as soon as the count is zero.
//
// On an exclusive p (sched/runq.cpp) nothing of it needs a lock, only that the goroutine is not
// preempted meanwhile.
#include <rt0/sync.h>

#include "base/fatal.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace rt0 {

namespace {

using runtime::g;

std::int64_t count_of(std::uint64_t state) {
    return static_cast<std::int64_t>(state) >> 1;
}

bool is_exclusive() {
    return getp()->exclusive.load(std::memory_order_relaxed);
}

} // namespace

void wait_group::add(std::int32_t n) {
    const std::uint64_t change = static_cast<std::uint64_t>(static_cast<std::int64_t>(n)) * 2;
    std::uint64_t state = 0;
    {
        const runtime::no_preempt here;
        if (is_exclusive()) {
            state = state_.load(std::memory_order_relaxed) + change;
            state_.store(state, std::memory_order_relaxed);
        } else {
            // Release: what this goroutine did happens before wait returns. Acquire: the last one
            // carries what the others did along.
            state = state_.fetch_add(change, std::memory_order_acq_rel) + change;
        }
    }
    if (count_of(state) > 0) {
        return;
    }
    if (count_of(state) < 0) [[unlikely]] {
        runtime::panic("sync: negative WaitGroup counter");
    }
    if (state != 0) {
        release();
    }
}

// The count is zero, and somebody waits.
void wait_group::release() {
    auto* waiting = static_cast<g*>(waiters_.load(std::memory_order_relaxed));
    waiters_.store(nullptr, std::memory_order_relaxed);
    if (state_.load(std::memory_order_relaxed) != 1) [[unlikely]] {
        runtime::panic("sync: WaitGroup misuse: Add called concurrently with Wait");
    }
    // Release: pairs with wait's acquire, for a goroutine that comes now and need not wait.
    state_.store(0, std::memory_order_release);
    // The object may be gone. The one that has waited longest goes first.
    g* first = nullptr;
    while (waiting != nullptr) {
        g* const next = waiting->schedlink;
        waiting->schedlink = first;
        first = waiting;
        waiting = next;
    }
    while (first != nullptr) {
        g* const gp = first;
        first = gp->schedlink;
        runtime::ready(gp);
    }
}

// On g0: gp is off its stack. False where there is nothing to wait for any more.
bool wait_group::join(void* waiting) {
    auto* const gp = static_cast<g*>(waiting);
    if (is_exclusive()) {
        const std::uint64_t state = state_.load(std::memory_order_relaxed);
        if (count_of(state) == 0) {
            return false;
        }
        gp->schedlink = static_cast<g*>(waiters_.load(std::memory_order_relaxed));
        waiters_.store(gp, std::memory_order_relaxed);
        state_.store(state | 1, std::memory_order_relaxed);
        return true;
    }
    // NOLINTNEXTLINE(misc-const-correctness)
    std::uint64_t state = state_.load(std::memory_order_acquire);
    void* others = waiters_.load(std::memory_order_relaxed);
    for (;;) {
        if (count_of(state) == 0) {
            return false;
        }
        gp->schedlink = static_cast<g*>(others);
        // NOLINTNEXTLINE(misc-const-correctness)
        bool joined = false;
        // Where it fails it loads both. A full barrier, as all locked instructions.
        asm volatile("lock cmpxchg16b %0"
                     : "+m"(*this), "=@ccz"(joined), "+a"(state), "+d"(others)
                     : "b"(state | 1), "c"(gp)
                     : "memory");
        if (joined) {
            return true;
        }
    }
}

std::int64_t wait_group::count() const {
    // Acquire: pairs with the release of those who made it zero.
    return count_of(state_.load(std::memory_order_acquire));
}

void wait_group::wait() {
    if (count() == 0) {
        return;
    }
    runtime::park([](g* gp, void* self) { return static_cast<wait_group*>(self)->join(gp); }, this,
                  runtime::wait_reason::wait_group);
}

} // namespace rt0
