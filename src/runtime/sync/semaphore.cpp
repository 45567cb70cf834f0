// rt0::counting_semaphore. Who gives a permit back while somebody waits hands it over: so there are
// none while somebody waits, and nobody comes between.
#include "base/fatal.h"
#include "sync/mutex.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

struct semaphore {
    runtime::biased_lock lock;
    // Read without the lock too.
    runtime::atomic<int64_t> count;
    ring<sleeper> queue;

    static semaphore& of(semaphore_state& state) { return reinterpret_cast<semaphore&>(state); }
    // Under the lock.
    bool take() {
        const int64_t left = count.load(std::memory_order_relaxed);
        if (left == 0) {
            return false;
        }
        count.store(left - 1, std::memory_order_relaxed);
        return true;
    }
};
static_assert(sizeof(semaphore) == sizeof(semaphore_state));

[[gnu::noinline]] void wait(semaphore& s) {
    sleeper self;
    begin(self);
    s.queue.push(&self);
    runtime::park(s.lock, runtime::wait_reason::semaphore);
}

[[gnu::noinline]] bool wait_for(semaphore& s, int64_t nanoseconds) {
    limited<sleeper> waiting;
    auto& [limit, self] = waiting;
    begin(self);
    limit.start(runtime::time_after(nanoseconds));
    runtime::biased_lock::stay();
    s.lock.lock_word();
    if (s.take()) {
        s.lock.unlock_word();
        runtime::set_claim(0);
        limit.stop();
        return true;
    }
    s.queue.push(&self);
    if (limit.park(&s.lock, runtime::wait_reason::semaphore)) {
        return true;
    }
    s.lock.lock();
    if (self.next != nullptr) {
        s.queue.remove(&self);
    }
    const bool taken = s.take(); // what came when nobody waited any more
    s.lock.unlock();
    return taken;
}

} // namespace

void acquire(semaphore_state& of) {
    semaphore& s = semaphore::of(of);
    s.lock.lock();
    if (s.take()) {
        s.lock.unlock();
    } else {
        wait(s);
    }
}

bool try_acquire(semaphore_state& of) {
    semaphore& s = semaphore::of(of);
    if (s.count.load(std::memory_order_relaxed) == 0) {
        return false;
    }
    s.lock.lock();
    const bool taken = s.take();
    s.lock.unlock();
    return taken;
}

bool try_acquire_for(semaphore_state& of, int64_t nanoseconds) {
    return nanoseconds > 0 && wait_for(semaphore::of(of), nanoseconds);
}

void release(semaphore_state& of, int64_t n, int64_t most) {
    semaphore& s = semaphore::of(of);
    s.lock.lock();
    const int64_t count = s.count.load(std::memory_order_relaxed);
    if (n < 0 || n > most - count) [[unlikely]] {
        s.lock.unlock();
        runtime::panic("sync: released more than a semaphore may have");
    }
    // Those who get one, the first first.
    sleeper* first = nullptr;
    sleeper** end = &first;
    while (n > 0) {
        sleeper* const who = take_first(s.queue);
        if (who == nullptr) {
            break;
        }
        *end = who;
        end = &who->next;
        --n;
    }
    *end = nullptr;
    s.count.store(count + n, std::memory_order_relaxed);
    s.lock.unlock();
    ready_all(first);
}

} // namespace rt0::detail
