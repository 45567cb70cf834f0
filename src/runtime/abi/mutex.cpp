// std::mutex and std::recursive_mutex, which stand on pthread_mutex_lock and its kind. libstdc++
// has such mutexes inside too (of atomic<shared_ptr>), and uses pthread_once, so they exist whether
// or not a program asks.
//
// A goroutine that finds one taken parks; the thread goes on with others. First come, first served:
// unlock hands the mutex to the one that waits longest.
//
// No wake-up is lost: a waiter joins the queue under the lock under which it saw the mutex taken,
// and that lock is let go by park, after the goroutine is off its stack; unlock takes the waiter
// out under it.
#include <cstddef>
#include <cstdint>

#include "base/atomic.h"
#include "base/fatal.h"
#include "base/lock.h"
#include "os/os.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace runtime {

// The C library's pthread_mutex_t: all zero is a free one; its initialiser for recursive ones sets
// the kind.
struct mutex {
    futex_lock lock;
    uint32_t depth; // how often its owner has locked it
    g* owner;       // who has it, or null
    int32_t kind;
    g_ring waiters;
};
constexpr int32_t recursive = 1; // PTHREAD_MUTEX_RECURSIVE
static_assert(sizeof(mutex) <= 40 && offsetof(mutex, kind) == 16);

namespace {

bool unlock_parked(g* gp, void* object) {
    auto* const of = static_cast<mutex*>(object);
    of->waiters.push(gp);
    of->lock.unlock();
    return true;
}

// False where another goroutine has it, or this one, and it is not recursive. Under the lock.
bool take(mutex* object) {
    g* const gp = getg();
    if (object->owner == nullptr) {
        object->owner = gp;
        object->depth = 1;
        return true;
    }
    if (object->owner == gp && object->kind == recursive) {
        ++object->depth;
        return true;
    }
    return false;
}

} // namespace

// By names of our own, because the standard library's headers may have declared the C library's.
int mutex_lock(mutex* object) asm("pthread_mutex_lock");
int mutex_trylock(mutex* object) asm("pthread_mutex_trylock");
int mutex_unlock(mutex* object) asm("pthread_mutex_unlock");
int mutex_destroy(mutex* object) asm("pthread_mutex_destroy");
int once(runtime::atomic<int>* done, void (*function)()) asm("pthread_once");

int mutex_lock(mutex* object) {
    object->lock.lock();
    if (take(object)) {
        object->lock.unlock();
        return 0;
    }
    if (object->owner == getg()) {
        object->lock.unlock();
        return os::EDEADLK_;
    }
    // unlock makes this goroutine the owner.
    park(unlock_parked, object, wait_reason::mutex_lock);
    return 0;
}

int mutex_trylock(mutex* object) {
    const lock_guard held(object->lock);
    return take(object) ? 0 : os::EBUSY_;
}

int mutex_unlock(mutex* object) {
    g* next = nullptr;
    {
        const lock_guard held(object->lock);
        if (object->owner != getg()) {
            fatal("unlock of a std::mutex that this goroutine has not locked");
        }
        if (--object->depth != 0) {
            return 0;
        }
        next = object->waiters.pop();
        object->owner = next;
        object->depth = 1;
    }
    if (next != nullptr) {
        ready(next);
    }
    return 0;
}

// For libstdc++'s own initialisations: one mutex serves all. Recursive, because one may need
// another.
int once(runtime::atomic<int>* done, void (*function)()) {
    constinit static mutex initialising{
        .lock = {}, .depth = 0, .owner = nullptr, .kind = recursive, .waiters = {}};
    // Acquire pairs with the release below: whoever sees 1 sees what function did.
    if (done->load(std::memory_order_acquire) == 0) {
        mutex_lock(&initialising);
        // Relaxed: the mutex orders it.
        if (done->load(std::memory_order_relaxed) == 0) {
            function();
            done->store(1, std::memory_order_release);
        }
        mutex_unlock(&initialising);
    }
    return 0;
}

int mutex_destroy(mutex* /*object*/) {
    return 0;
}

} // namespace runtime
