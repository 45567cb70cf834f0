// Guards of function-local statics (Itanium C++ ABI 3.3.3): whoever comes first initialises, the
// others park until it is done.
//
// The ABI gives 64 bits a guard and lets the compiler test the first byte: not zero means
// initialised. The compiler loads that byte with acquire; the store in release pairs with it and
// publishes the object. The rest is ours: byte 1 tells that an initialisation runs, the upper 32
// bits by which goroutine. All of that, and the list of those who wait, is under one lock for all
// guards, because this is the slow path, taken once a variable.
//
// No wake-up is lost: a waiter is put on the list under the lock under which it saw the guard busy,
// and the lock is let go by park, after the goroutine is off its stack; release takes the list
// under it.
#include <cstdint>

#include "base/atomic.h"
#include "base/fatal.h"
#include "base/lock.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace runtime {

namespace {

struct guard {
    runtime::atomic<uint8_t> initialised;
    bool busy;
    uint16_t unused;
    uint32_t owner; // the goid's low half
};
static_assert(sizeof(guard) == 8);

constinit futex_lock guard_lock;
constinit g_queue waiters; // of any guard: each looks again at its own

uint32_t current_goroutine() {
    return static_cast<uint32_t>(getg()->goid);
}

bool unlock_parked(g* gp, void* /*lock*/) {
    waiters.push(gp);
    guard_lock.unlock();
    return true;
}

void finish(guard* object, bool done) {
    g_queue woken;
    {
        const lock_guard held(guard_lock);
        object->busy = false;
        if (done) {
            object->initialised.store(1, std::memory_order_release);
        }
        woken = waiters;
        waiters = {};
    }
    while (g* const gp = woken.pop()) {
        ready(gp);
    }
}

} // namespace

extern "C" {

// 1: the caller initialises, and then calls release or abort. 0: it is done.
int __cxa_guard_acquire(guard* object) {
    guard_lock.lock();
    for (;;) {
        // Relaxed: the lock orders it.
        if (object->initialised.load(std::memory_order_relaxed) != 0) {
            guard_lock.unlock();
            return 0;
        }
        if (!object->busy) {
            object->busy = true;
            object->owner = current_goroutine();
            guard_lock.unlock();
            return 1;
        }
        if (object->owner == current_goroutine()) {
            guard_lock.unlock();
            panic("recursive initialization of a function-local static");
        }
        park(unlock_parked, nullptr, wait_reason::static_init);
        guard_lock.lock();
    }
}

void __cxa_guard_release(guard* object) {
    finish(object, true);
}

void __cxa_guard_abort(guard* object) {
    finish(object, false);
}

} // extern "C"

} // namespace runtime
