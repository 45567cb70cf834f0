// rt0::condition_variable.
//
// Who waits gets into the queue while he still has his lock, and parks after he has dropped it; he
// may be notified in between. He meets who notifies under a lock that lies on his own stack, not
// under the condition's: as soon as he is out of the queue the condition may be gone.
//
//      who waits                                 who notifies
//      into the queue, under its lock            takes him out, under the queue's lock
//      drops his lock                            under his own: passed; has he parked?
//      under his own: passed? goes on                then makes him ready
//          else parks
//
// Dropping the sleeper's own lock is the last that who notifies does with it: it may be gone.
//
// With a time limit the two meet by its state instead (sync/time_limit.h). When the time is over,
// the sleeper takes itself out of the queue, and for that the condition must be there. Who notifies
// all takes those out whose time is over as well, so that they keep away, and waits for those that
// are on their way: then the condition may be gone, as always.
#include <new>

#include "sync/mutex.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

using runtime::g;

struct condition {
    runtime::biased_lock lock;
    ring<sleeper> queue;

    // Without the lock: nobody is in it, and nobody who has left it needs it any more.
    [[nodiscard]] bool is_empty() const {
        // Whom a notification has to wake got in before, and what ordered that shows it. Acquire:
        // pairs with remove's release: who has left, because of the time, is seen to have the lock.
        const runtime::no_preempt here;
        return queue.last.load(std::memory_order_acquire) == nullptr && lock.surely_free();
    }
    static condition& of(condition_state& state) { return reinterpret_cast<condition&>(state); }
};
static_assert(sizeof(condition) == sizeof(condition_state));
static_assert(sizeof(limited<condition_sleeper>) == sizeof(timed_condition_sleeper) &&
              sizeof(time_limit) == sizeof timed_condition_sleeper::room);

// As time_limit::give. One without a limit: notify finds out.
uint32_t give(sleeper* who) {
    return who->timed ? time_limit::of(who).give() : time_limit::parked;
}

void notify(sleeper* who) {
    auto* const waiting = static_cast<condition_sleeper*>(who);
    g* const gp = goroutine_of(waiting);
    bool parked = true;
    if (!waiting->timed) {
        runtime::biased_lock& lock = lock_of(waiting->lock);
        lock.lock();
        waiting->passed = true;
        parked = waiting->parked;
        lock.unlock();
    }
    if (parked) {
        runtime::ready(gp);
    }
}

} // namespace

void join_condition(condition_state& of, condition_sleeper& self) {
    condition& c = condition::of(of);
    begin(self);
    c.lock.lock();
    c.queue.push(&self);
    c.lock.unlock();
}

void sleep_for_condition(condition_sleeper& self) {
    runtime::biased_lock& lock = lock_of(self.lock);
    lock.lock();
    if (self.passed) {
        lock.unlock();
        return;
    }
    self.parked = true;
    runtime::park(lock, runtime::wait_reason::cond_wait);
}

void join_condition_for(condition_state& of, timed_condition_sleeper& waiting,
                        int64_t nanoseconds) {
    condition& c = condition::of(of);
    auto& [limit, self] = *new (&waiting) limited<condition_sleeper>;
    begin(self);
    limit.start(runtime::time_after(nanoseconds));
    c.lock.lock();
    c.queue.push(&self);
    c.lock.unlock();
}

bool sleep_for_condition_for(condition_state& of, timed_condition_sleeper& waiting) {
    condition& c = condition::of(of);
    sleeper& self = waiting.self;
    time_limit& limit = time_limit::of(&self);
    if (limit.park(nullptr, runtime::wait_reason::cond_wait)) {
        return true;
    }
    if (limit.has_to_leave()) {
        c.lock.lock();
        if (self.next != nullptr) {
            c.queue.remove(&self);
        }
        c.lock.unlock();
    }
    return false;
}

void notify_one(condition_state& of) {
    condition& c = condition::of(of);
    if (c.is_empty()) {
        return;
    }
    c.lock.lock();
    sleeper* first = nullptr;
    uint32_t was = time_limit::over;
    while (was != time_limit::parked && was != time_limit::waits) {
        first = c.queue.pop();
        if (first == nullptr) {
            break;
        }
        was = give(first);
    }
    c.lock.unlock();
    if (was == time_limit::parked) {
        notify(first);
    }
}

void notify_all(condition_state& of) {
    condition& c = condition::of(of);
    if (c.is_empty()) {
        return;
    }
    c.lock.lock();
    sleeper* next = nullptr;
    sleeper** end = &next;
    while (sleeper* const who = c.queue.pop()) {
        const uint32_t was = give(who);
        if (was == time_limit::leaves) {
            c.queue.push_front(who);
            c.lock.unlock();
            runtime::gosched();
            c.lock.lock();
        } else if (was == time_limit::parked) {
            *end = who;
            end = &who->next;
        }
    }
    *end = nullptr;
    c.lock.unlock();
    while (next != nullptr) {
        sleeper* const who = next;
        next = who->next;
        notify(who);
    }
}

} // namespace rt0::detail
