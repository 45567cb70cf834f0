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
#include "sync/mutex.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

using runtime::g;

struct condition {
    runtime::biased_lock lock;
    ring<sleeper> queue;

    static condition& of(condition_state& state) { return reinterpret_cast<condition&>(state); }
};
static_assert(sizeof(condition) == sizeof(condition_state));

void notify(sleeper* who) {
    auto* const waiting = static_cast<condition_sleeper*>(who);
    g* const gp = goroutine_of(waiting);
    runtime::biased_lock& lock = lock_of(waiting->lock);
    lock.lock();
    waiting->passed = true;
    const bool parked = waiting->parked;
    lock.unlock();
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

void notify_one(condition_state& of) {
    condition& c = condition::of(of);
    // Relaxed: whom this has to wake got into the queue before, and what ordered that shows it.
    if (c.queue.empty()) {
        return;
    }
    c.lock.lock();
    sleeper* const first = c.queue.pop();
    c.lock.unlock();
    if (first != nullptr) {
        notify(first);
    }
}

void notify_all(condition_state& of) {
    condition& c = condition::of(of);
    if (c.queue.empty()) {
        return;
    }
    c.lock.lock();
    sleeper* next = take_all(c.queue);
    c.lock.unlock();
    while (next != nullptr) {
        sleeper* const who = next;
        next = who->next;
        notify(who);
    }
}

} // namespace rt0::detail
