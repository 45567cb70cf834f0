// rt0::mutex. How it works is told in sync/mutex.h.
#include "sync/mutex.h"

#include "base/fatal.h"
#include "base/pause.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

using runtime::g;
using runtime::wait_reason;

// By the time stamp counter: a millisecond where it has 3 GHz.
constexpr uint64_t long_wait = 3'000'000;

// How often one that finds it taken waits for that to end, and for how many pauses.
constexpr int spins = 4;
constexpr int pauses = 30;

// The parts of wait are functions, so that none needs stack for what another one needs.

// Does whoever has it run on another processor, perhaps, and would this one have nothing else to
// do? On the thread that the caller stays on.
[[gnu::noinline]] bool worth_spinning(const waiting_mutex& m, const sleeper& self) {
    const uint32_t procs = runtime::sched.gomaxprocs.load(std::memory_order_relaxed);
    return procs > 1 && self.spun < spins && (m.flags & waiting_mutex::starving) == 0 &&
           runtime::sched.npidle.load(std::memory_order_relaxed) + 1 < procs &&
           runtime::runqempty(getp());
}

[[gnu::noinline]] void spin(waiting_mutex& m, sleeper& self) {
    ++self.spun;
    if ((m.flags & waiting_mutex::one_is_awake) == 0 && !m.queue.empty()) {
        self.awake = true;
        m.flags |= waiting_mutex::one_is_awake;
        m.set_taken();
    }
    m.section.unlock();
    for (int i = 0; i < pauses && m.is_taken(); ++i) {
        runtime::pause();
    }
    m.section.lock();
}

void no_longer_awake(waiting_mutex& m, sleeper& self) {
    if (self.awake) {
        self.awake = false;
        m.flags &= ~waiting_mutex::one_is_awake;
    }
}

// For so long that the mutex should be handed to it. Nobody has where the schedule follows from a
// seed, not from the time (sched/randsched.cpp).
bool has_waited_long(const sleeper& who) {
    return !runtime::is_drawn(getp()) && runtime::cycles() - who.since > long_wait;
}

[[gnu::noinline]] void join(waiting_mutex& m, sleeper& self) {
    no_longer_awake(m, self);
    if (self.since == 0) {
        self.since = runtime::cycles();
        m.queue.push(&self);
    } else {
        if (has_waited_long(self)) {
            m.flags |= waiting_mutex::starving;
        }
        m.queue.push_front(&self);
    }
    m.set_taken();
}

// It is taken, and the section's lock is held. Returns with the mutex.
[[gnu::noinline]] void wait(waiting_mutex& m, wait_reason reason) {
    sleeper self;
    begin(self);
    self.since = 0;
    self.awake = false;
    self.spun = 0;
    while (m.is_taken()) {
        if (worth_spinning(m, self)) {
            spin(m, self);
            continue;
        }
        join(m, self);
        runtime::park(m.section, reason);
        if (self.passed) {
            return;
        }
        self.awake = true;
        self.spun = 0;
        m.section.lock();
    }
    no_longer_awake(m, self);
    m.set_taken();
    m.section.unlock();
}

// The time of one that waits is over, and it has not got the mutex. Whether it has now.
[[gnu::noinline]] bool leave(waiting_mutex& m, sleeper& self) {
    m.section.lock();
    if (self.next != nullptr) {
        m.queue.remove(&self);
    }
    if (m.queue.empty()) {
        m.flags &= ~waiting_mutex::starving;
    }
    const bool has = !m.is_taken();
    m.set_taken();
    m.section.unlock();
    return has;
}

// Takes the mutex, or gets into the queue and keeps the section's lock, by its word.
[[gnu::noinline]] bool take_or_join(waiting_mutex& m, limited<sleeper>& waiting) {
    runtime::biased_lock::stay();
    m.section.lock_word();
    if (m.is_taken()) {
        join(m, waiting.self);
        return false;
    }
    no_longer_awake(m, waiting.self);
    m.set_taken();
    m.section.unlock_word();
    runtime::set_claim(0);
    waiting.limit.stop();
    return true;
}

// As wait, without the section's lock, until a time; it does not spin.
[[gnu::noinline]] bool wait_for(waiting_mutex& m, int64_t nanoseconds) {
    const int64_t when = runtime::time_after(nanoseconds);
    limited<sleeper> waiting;
    begin(waiting.self);
    waiting.self.since = 0;
    waiting.self.awake = false;
    for (;;) {
        waiting.limit.start(when);
        if (take_or_join(m, waiting)) {
            return true;
        }
        if (!waiting.limit.park(&m.section, wait_reason::mutex_lock)) {
            return leave(m, waiting.self);
        }
        if (waiting.self.passed) {
            return true;
        }
        waiting.self.awake = true;
    }
}

[[gnu::noinline]] void unlock_and_wake(waiting_mutex& m) {
    bool handed = false;
    g* const next = m.release(&handed);
    if (next == nullptr) {
        m.section.unlock();
        return;
    }
    unlock_and_ready(m.section, next);
    if (handed) {
        runtime::gosched();
    }
}

} // namespace

g* waiting_mutex::release(bool* handed) {
    if ((value.load(std::memory_order_relaxed) & has_to_wake) == 0) {
        value.store(0, std::memory_order_relaxed);
        return nullptr;
    }
    sleeper* const first = take_first(queue);
    if (first == nullptr) {
        // The time of all that waited is over.
        flags &= ~starving;
        value.store(0, std::memory_order_relaxed);
        return nullptr;
    }
    if ((flags & starving) == 0) {
        flags |= one_is_awake;
        value.store(0, std::memory_order_relaxed);
    } else {
        *handed = true;
        first->passed = true;
        if (queue.empty() || !has_waited_long(*first)) {
            flags &= ~starving;
        }
        set_taken();
    }
    return goroutine_of(first);
}

void waiting_mutex::lock(wait_reason reason) {
    section.lock();
    if (is_taken()) {
        wait(*this, reason);
    } else {
        set_taken();
        section.unlock();
    }
}

void lock_mutex(mutex_state& of) {
    waiting_mutex::of(of).lock(wait_reason::mutex_lock);
}

bool try_lock_mutex(mutex_state& of) {
    waiting_mutex& m = waiting_mutex::of(of);
    if (m.is_taken()) {
        return false;
    }
    m.section.lock();
    const bool free = !m.is_taken();
    if (free) {
        m.set_taken();
    }
    m.section.unlock();
    return free;
}

bool try_lock_mutex_for(mutex_state& of, std::int64_t nanoseconds) {
    return nanoseconds > 0 && wait_for(waiting_mutex::of(of), nanoseconds);
}

void unlock_mutex(mutex_state& of) {
    waiting_mutex& m = waiting_mutex::of(of);
    m.section.lock();
    const uint32_t value = m.value.load(std::memory_order_relaxed);
    if (value == mutex_state::is_locked) [[likely]] {
        m.value.store(0, std::memory_order_relaxed);
        m.section.unlock();
    } else if (value != 0) {
        unlock_and_wake(m);
    } else {
        m.section.unlock();
        runtime::fatal("sync: unlock of unlocked mutex");
    }
}

} // namespace rt0::detail
