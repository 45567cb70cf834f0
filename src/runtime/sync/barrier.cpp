// rt0::barrier. Between the last arrival and the end of its phase nobody may arrive, and who waits
// waits: so what completes the phase runs alone, without a lock.
#include "base/fatal.h"
#include "sync/mutex.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

struct phases {
    runtime::biased_lock lock;
    int64_t expected;
    int64_t missing;
    uint64_t phase;
    ring<sleeper> queue;

    static phases& of(barrier_state& state) { return reinterpret_cast<phases&>(state); }
};
static_assert(sizeof(phases) == sizeof(barrier_state));

} // namespace

uint64_t arrive(barrier_state& of, int64_t n, int64_t dropped, bool* last) {
    phases& b = phases::of(of);
    b.lock.lock();
    if (n <= 0 || n > b.missing) [[unlikely]] {
        b.lock.unlock();
        runtime::panic("sync: more arrived at a barrier than it expects");
    }
    b.expected -= dropped;
    b.missing -= n;
    *last = b.missing == 0;
    const uint64_t phase = b.phase;
    b.lock.unlock();
    return phase;
}

void end_phase(barrier_state& of) {
    phases& b = phases::of(of);
    b.lock.lock();
    ++b.phase;
    b.missing = b.expected;
    sleeper* const waiting = take_all(b.queue);
    b.lock.unlock();
    ready_all(waiting);
}

void wait_for_end(barrier_state& of, uint64_t phase) {
    phases& b = phases::of(of);
    b.lock.lock();
    if (b.phase != phase) {
        b.lock.unlock();
        return;
    }
    sleeper self;
    begin(self);
    b.queue.push(&self);
    runtime::park(b.lock, runtime::wait_reason::semaphore);
}

} // namespace rt0::detail
