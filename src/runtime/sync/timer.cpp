// The timers of rt0/time.h: those that send the time, and those that start a goroutine.
//
// One that sends has a channel with room for one value, and lies behind it, in the same piece of
// memory. Its life is the channel's: the last handle that goes stops it. It sends when it expires,
// under the lock of its heap. Stop and reset take back what it has sent and nobody has received,
// under the same lock: so one that sends once and is in the heap has sent nothing, whoever stops
// and resets it, and one that stop has taken out sends no more.
//
// The channel's lock is taken inside the heap's, by its word (base/biased_lock.h); nobody who has a
// channel's wants a heap's.
//
// One that starts a goroutine counts how often it shall: it may expire again before the first has
// been started.
#include <rt0/time.h>

#include "base/fatal.h"
#include "base/pause.h"
#include "mem/heap.h"
#include "sched/runq.h"
#include "sched/sched.h"
#include "sync/chan.h"

RT0_STARTS_THREADS;

namespace rt0::detail {

namespace {

using runtime::expired;
using runtime::g;
using runtime::timer_heap;

struct sender : runtime::timer {
    int64_t period; // 0: once. Under the lock of its heap, but that it is 0 never changes

    // Behind the channel's line and the value, which has a line with it.
    static constexpr size_t offset = channel::line + sizeof(int64_t);

    static sender* of(channel* c) {
        return reinterpret_cast<sender*>(reinterpret_cast<std::byte*>(c) + offset);
    }
    [[nodiscard]] channel* to() {
        return reinterpret_cast<channel*>(reinterpret_cast<std::byte*>(this) - offset);
    }
};
constexpr size_t lines = 2;
static_assert(sender::offset + sizeof(sender) <= lines * channel::line);

// The next time after now that is so many periods after the last one: what was missed is.
int64_t next_tick(int64_t last, int64_t period, int64_t now) {
    const int64_t periods = 1 + (now - last) / period;
    return periods <= (INT64_MAX - last) / period ? last + periods * period : INT64_MAX;
}

void expire_sender(runtime::timer* self, timer_heap& from, int64_t now, expired& to) {
    auto* const t = static_cast<sender*>(self);
    if (t->period == 0) {
        from.remove(t);
    } else {
        from.move(t, next_tick(from.deadline(t), t->period, now));
    }
    __builtin_prefetch(t->to(), 1);
    runtime::fire_inside(to, t);
}

void send_time(runtime::timer* self, int64_t now, expired& to) {
    auto* const t = static_cast<sender*>(self);
    if (t->next != nullptr) {
        const waiter_queue& receivers = static_cast<sender*>(t->next)->to()->receivers;
        __builtin_prefetch(receivers.last.load(std::memory_order_relaxed), 1);
    }
    channel* const c = t->to();
    c->lock.lock_word();
    g* woken = nullptr;
    if (waiter* const receiver = c->receivers.take()) {
        __builtin_memcpy(receiver->value, &now, sizeof now);
        receiver->passed = true;
        woken = static_cast<g*>(receiver->goroutine);
    } else if (c->used() == 0) {
        __builtin_memcpy(c->free_slot(), &now, sizeof now);
        c->added();
    }
    c->lock.unlock_word();
    if (woken != nullptr) {
        runtime::add_ready(to, woken);
    }
}

int64_t clamp(int64_t nanoseconds) {
    return nanoseconds > 0 ? nanoseconds : 0;
}

// reset's usual way, which calls nothing: the timer is in a heap that the calling thread owns,
// where it can stay, and what time it is is known. Whether it was so; else nothing has happened.
[[gnu::always_inline]] inline bool postpone(runtime::timer* t, int64_t nanoseconds) {
    // Acquire: pairs with the release of who moves it to another heap (sched/timer.cpp).
    timer_heap* const home = t->home.load(std::memory_order_acquire);
    if (home == nullptr || runtime::time_if_held() != 0) [[unlikely]] {
        return false;
    }
    bool done = false;
    if (home->lock.lock_as_owner()) [[likely]] {
        const runtime::clock_memory& clock = getp()->timers.clock;
        const uint64_t count = runtime::cycles();
        if (t->home.load(std::memory_order_relaxed) == home && t->place != 0 &&
            clock.is_known(count)) [[likely]] {
            done = home->postpone(t, runtime::sum(clock.latest(count), nanoseconds));
        }
    }
    runtime::set_claim(0); // owned or not: there is no more to drop
    return done;
}

// What it has sent and nobody has received. Whether there was anything. Under the lock of its heap.
bool take_back(channel* c) {
    c->lock.lock_word();
    const bool was = c->used() != 0;
    if (was) {
        c->removed();
    }
    c->lock.unlock_word();
    return was;
}

// Under the lock of t's heap, before it is stopped, or started with that period. Whether it would
// have sent, or has and nobody has received it.
bool begin_anew(sender* t, int64_t period) {
    const bool was = t->place != 0;
    // One that sends once, and has not yet, has sent nothing since it was started.
    if (was && t->period == 0) {
        return true;
    }
    // One that sends again and again may do so with another interval now.
    if (period != 0) {
        t->period = period;
    }
    return take_back(t->to()) || was;
}

} // namespace

channel* make_sender(int64_t nanoseconds, int64_t period) {
    runtime::start_threads();
    void* const memory = runtime::mem::allocate(lines * channel::line, lines * channel::line);
    if (memory == nullptr) {
        runtime::fatal_no_memory("cannot make a timer", runtime::os::ENOMEM_);
    }
    auto* const made = new (memory) channel{};
    made->capacity = 1;
    made->size = sizeof(int64_t);
    made->timed = true;
    made->header = 1;
    made->handles.store(1, std::memory_order_relaxed);
    auto* const t = new (sender::of(made)) sender{};
    t->expire = expire_sender;
    t->fire = send_time;
    t->period = period;
    (void)runtime::set_timer(t, runtime::time_after(clamp(nanoseconds)));
    return made;
}

bool stop_sender(channel* of) {
    if (of == nullptr) {
        runtime::panic("time: Stop called on uninitialized Timer");
    }
    sender* const t = sender::of(of);
    timer_heap& home = runtime::lock_home(t);
    const bool was = begin_anew(t, 0);
    (void)runtime::stop_and_unlock(home, t);
    return was;
}

namespace {

[[gnu::noinline]] bool reset_otherwise(sender* t, int64_t nanoseconds, int64_t period) {
    const int64_t when = runtime::time_after(clamp(nanoseconds));
    timer_heap& home = runtime::lock_to_set(t);
    const bool was = begin_anew(t, period);
    (void)runtime::set_and_unlock(home, t, when);
    return was;
}

} // namespace

bool reset_sender(channel* of, int64_t nanoseconds, int64_t period) {
    if (of == nullptr) {
        runtime::panic(period == 0 ? "time: Reset called on uninitialized Timer"
                                   : "time: Reset called on uninitialized Ticker");
    }
    sender* const t = sender::of(of);
    // One that sends once, and has not yet, has nothing to be taken back.
    if (period == 0 && postpone(t, clamp(nanoseconds))) [[likely]] {
        return true;
    }
    return reset_otherwise(t, nanoseconds, period);
}

void forget_sender(channel* of) {
    (void)runtime::stop_timer(sender::of(of));
}

void no_interval(const char* what) {
    runtime::panic(what);
}

} // namespace rt0::detail

namespace runtime {

bool is_awaited(timer* t) {
    if (t->expire != rt0::detail::expire_sender) {
        return true;
    }
    const auto* const c = static_cast<rt0::detail::sender*>(t)->to();
    return c->used() == 0 || !c->receivers.empty();
}

} // namespace runtime

namespace rt0::detail {

namespace {

// What a timed_call's room is.
struct caller : runtime::timer, runtime::funcval {
    runtime::atomic<uint32_t> flights;

    static caller* of(timed_call* call) { return reinterpret_cast<caller*>(call->room); }
    [[nodiscard]] timed_call* call() { return reinterpret_cast<timed_call*>(this); }
};
static_assert(sizeof(caller) <= sizeof(timed_call::room) && offsetof(timed_call, room) == 0);

void expire_caller(runtime::timer* self, timer_heap& from, int64_t /*now*/, expired& to) {
    auto* const t = static_cast<caller*>(self);
    from.remove(t);
    // What the heap owned of it belongs to the goroutine.
    if (t->flights.fetch_add(1, std::memory_order_acq_rel) == 0) {
        runtime::fire_outside(to, t);
    }
}

void fire_caller(runtime::timer* self, int64_t /*now*/, expired& /*to*/) {
    auto* const t = static_cast<caller*>(self);
    runtime::p* const pp = getp();
    // With the last of them it may be gone.
    runtime::funcval* const start = t;
    for (uint32_t n = t->flights.exchange(0, std::memory_order_acq_rel); n > 0; --n) {
        g* const gp = runtime::new_g(0);
        runtime::prepare_g(pp, gp, start, 0, reinterpret_cast<uintptr_t>(start->fn));
        runtime::submit_in_turn(pp, gp);
    }
}

void call_and_drop(runtime::funcval* self) {
    auto* const t = static_cast<caller*>(self);
    timed_call* const call = t->call();
    call->run(call);
    drop_call(call);
}

} // namespace

void start_call(timed_call* call, int64_t nanoseconds) {
    runtime::start_threads();
    auto* const t = new (call->room) caller{};
    t->expire = expire_caller;
    t->fire = fire_caller;
    t->fn = call_and_drop;
    (void)runtime::set_timer(t, runtime::time_after(clamp(nanoseconds)));
}

bool stop_call(timed_call* call) {
    if (call == nullptr) {
        runtime::panic("time: Stop called on uninitialized Timer");
    }
    const bool was = runtime::stop_timer(caller::of(call));
    if (was) {
        drop_call(call);
    }
    return was;
}

bool reset_call(timed_call* call, int64_t nanoseconds) {
    if (call == nullptr) {
        runtime::panic("time: Reset called on uninitialized Timer");
    }
    const int64_t when = runtime::time_after(clamp(nanoseconds));
    // The heap's, which it has already where it is in it.
    call->owners.fetch_add(1, std::memory_order_relaxed);
    const bool was = runtime::set_timer(caller::of(call), when);
    if (was) {
        drop_call(call);
    }
    return was;
}

void drop_call(timed_call* call) {
    // Release: what was done through this happens before the end. Acquire: so did the rest.
    if (call->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        call->destroy(call);
    }
}

} // namespace rt0::detail
