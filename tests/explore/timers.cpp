// Timers on the scheduler: that who sleeps wakes, whoever is busy; a timer that is stopped where it
// expires, or moved from heap to heap; and what is a deadlock. Each look at the clock is a second
// after the last.
#include <array>

#include <rt0/time.h>

#include "sched/sched.h"
#include "sched/timer.h"
#include "sync/chan.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"

namespace {

using explore::anew;
using explore::check;
using machine::go;
using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr int64_t second = 1'000'000'000;

// How often each part of a model has run; begins anew with each run.
std::array<runtime::atomic<int>, 3> ran;

void begin(uint32_t procs, void (*main)()) {
    for (auto& one : ran) {
        anew(one);
    }
    machine::refuse_fences(false);
    allow_lock_owners();
    machine::run(procs, main);
}

void runs(size_t which) {
    check(ran.at(which).fetch_add(1, std::memory_order_release) == 0, "a goroutine runs twice");
}

// Keeps its p until that has happened: somebody else must do it.
void until(const runtime::atomic<int>& happened) {
    while (happened.load(std::memory_order_acquire) == 0) {
        explore::pause();
    }
}

void sleep_for(int64_t seconds) {
    const int64_t when = nanotime() + seconds * second;
    sleep_until(when);
    check(nanotime() > when, "a sleeper wakes too early");
}

// Longer than its own m looks for work.
void one_sleeps() {
    begin(2, [] { sleep_for(30); });
}

template <uint32_t procs>
void two_sleep() {
    begin(procs, [] {
        go([] {
            sleep_for(30);
            runs(0);
        });
        sleep_for(20);
        while (ran[0].load(relaxed) == 0) {
            sleep_for(5);
        }
    });
}

void beside_who_is_busy() {
    begin(2, [] {
        go([] {
            sleep_for(30);
            runs(0);
        });
        gosched();
        until(ran[0]);
    });
}

// One that says when it has expired.
struct counted : timer {
    runtime::atomic<int> expired;
};

void begin(counted& t) {
    anew(t.expired);
    anew(t.home);
    t.place = 0;
    t.expire = [](timer* self, timer_heap& from, int64_t /*now*/, expired& /*to*/) {
        from.remove(self);
        static_cast<counted*>(self)->expired.fetch_add(1, relaxed);
    };
}

void stopped_or_expired() {
    begin(2, [] {
        static counted t;
        begin(t);
        (void)set_timer(&t, nanotime());
        go([] {
            if (stop_timer(&t)) {
                runs(0);
            }
            runs(1);
        });
        sleep_for(1);
        until(ran[1]);
        // It may be in another p's heap than what main sleeps by, and have its turn later.
        while (t.expired.load(relaxed) + ran[0].load(relaxed) == 0) {
            sleep_for(1);
        }
        check(t.expired.load(relaxed) + ran[0].load(relaxed) == 1,
              "a timer is not either stopped or expired");
        check(!stop_timer(&t), "a timer is stopped twice");
    });
}

// Its home is another p's while it is started and stopped.
void started_and_stopped() {
    begin(2, [] {
        static counted t;
        begin(t);
        (void)set_timer(&t, INT64_MAX);
        (void)stop_timer(&t);
        go([] {
            (void)set_timer(&t, INT64_MAX);
            runs(0);
        });
        go([] {}); // so that the other p takes the first
        (void)stop_timer(&t);
        until(ran[0]);
        (void)stop_timer(&t);
        check(t.place == 0 && earliest_timer() == 0, "a stopped timer is in a heap");
    });
}

// One that sends has sent nothing where it is pending, whoever resets it at the same time: so who
// stops it then, alone, leaves nothing to be received.
void two_resets() {
    begin(2, [] {
        static rt0::detail::channel* c;
        c = rt0::detail::make_sender(0, 0);
        sleep_for(1);
        go([] {
            (void)rt0::detail::reset_sender(c, 1000 * second, 0);
            runs(0);
        });
        go([] {}); // so that the other p takes the first
        (void)rt0::detail::reset_sender(c, 0, 0);
        sleep_for(1);
        until(ran[0]);
        (void)rt0::detail::reset_sender(c, 1000 * second, 0);
        check(rt0::detail::stop_sender(c), "a pending timer is not stopped");
        check(c->used() == 0, "a stopped timer has sent something");
        check(!rt0::detail::stop_sender(c), "a timer is stopped twice");
    });
}

// Where stop says that it has stopped the first time, what it is reset to is not lost; where it
// says that, it is.
void reset_and_stopped() {
    begin(2, [] {
        static rt0::detail::channel* c;
        c = rt0::detail::make_sender(1000 * second, 0);
        go([] {
            if (!rt0::detail::reset_sender(c, 0, 0)) {
                runs(1); // it was stopped before, and is not any more
            }
            runs(0);
        });
        go([] {}); // so that the other p takes the first
        check(rt0::detail::stop_sender(c), "it is pending, by the one or by the other");
        until(ran[0]);
        const auto sent = static_cast<size_t>(ran[1].load(relaxed));
        // It may be in another p's heap, and have its turn later; never where it is lost.
        do {
            sleep_for(1);
            explore::pause();
        } while (c->used() < sent);
        check(c->used() == sent, "a stopped timer has sent");
    });
}

void a_stopped_timer_is_a_deadlock() {
    begin(2, [] {
        machine::expect_fatal("all goroutines are asleep - deadlock!");
        static counted t;
        begin(t);
        (void)set_timer(&t, INT64_MAX);
        go([] {
            check(stop_timer(&t), "it was started");
            park(nullptr, nullptr, wait_reason::none);
        });
        park(nullptr, nullptr, wait_reason::none);
    });
}

// What a heap does alone: it grows, and what is moved or taken out lets others up or down.
void many() {
    begin(1, [] {
        static std::array<counted, 40> all;
        for (counted& one : all) {
            begin(one);
        }
        const int64_t now = nanotime();
        const auto at = [now](int seconds) { return now + seconds * second; };
        check(!stop_timer(all.data()), "one that has never been started is stopped");
        check(time_after(INT64_MAX) == INT64_MAX, "a time is over before it comes");
        // Such that the last one is due before the one above the one that is taken out.
        constexpr std::array<int, 10> due{1000, 1100, 1002, 1050, 1051,
                                          1101, 1102, 1103, 1104, 1003};
        for (size_t i = 0; i < due.size(); ++i) {
            check(!set_timer(&all.at(i), at(due.at(i))), "one that is not started is");
        }
        check(stop_timer(&all[5]), "one that is started is not");
        check(earliest_timer() == at(1000), "the first is not the first");
        check(stop_timer(all.data()) && earliest_timer() == at(1002), "the next is not the first");
        check(set_timer(&all[9], at(999)) && earliest_timer() == at(999), "none is moved up");
        check(set_timer(&all[9], at(2000)) && earliest_timer() == at(1002), "none is moved down");
        for (size_t i = 0; i < all.size(); ++i) {
            (void)set_timer(&all.at(i), at(500 - static_cast<int>(i * 7 % 40)));
        }
        for (size_t i = 0; i < all.size(); i += 3) {
            check(stop_timer(&all.at(i)), "one that is started is not");
        }
        while (earliest_timer() != 0) {
            sleep_for(100);
        }
        for (size_t i = 0; i < all.size(); ++i) {
            check(all.at(i).expired.load(relaxed) == (i % 3 == 0 ? 0 : 1),
                  "a timer does not expire once");
        }
    });
}

// What a program does that has one thread, and nothing else to do.
void waits_itself() {
    begin(1, [] {
        check(!wait_for_timers(getp()), "one waits for nothing");
        static counted t;
        begin(t);
        (void)set_timer(&t, nanotime() + 5 * second);
        while (t.expired.load(relaxed) == 0) {
            check(wait_for_timers(getp()), "one does not wait for a timer");
        }
        (void)set_timer(&t, 1);
        check(wait_for_timers(getp()), "one does not wait for a timer");
        check(t.expired.load(relaxed) == 2, "what is due does not expire");
    });
}

void no_memory_for_timers() {
    begin(1, [] {
        machine::expect_fatal("cannot map room for timers");
        machine::refuse_memory();
        static counted t;
        begin(t);
        (void)set_timer(&t, INT64_MAX);
    });
}

constexpr auto models = std::to_array<explore::model>({
    {"one_sleeps", one_sleeps, {.preemptions = 2, .stale = 1, .spurious = 1}},
    {"two_sleep", two_sleep<2>, {.preemptions = 1, .stale = 0}},
    {"two_sleep_on_one", two_sleep<1>, {.preemptions = 1, .stale = 1}},
    {"beside_who_is_busy", beside_who_is_busy, {.preemptions = 1, .stale = 1}},
    {"stopped_or_expired", stopped_or_expired, {.preemptions = 2, .stale = 0}},
    {"started_and_stopped", started_and_stopped, {.preemptions = 2, .stale = 0}},
    {"two_resets", two_resets, {.preemptions = 2, .stale = 0}},
    {"reset_and_stopped", reset_and_stopped, {.preemptions = 2, .stale = 0}},
    {"many", many, {.preemptions = 0, .stale = 0}},
    {"waits_itself", waits_itself, {.preemptions = 0, .stale = 0}},
    {"no_memory_for_timers", no_memory_for_timers, {.preemptions = 1, .stale = 0}},
    {"a_stopped_timer_is_a_deadlock",
     a_stopped_timer_is_a_deadlock,
     {.preemptions = 2, .stale = 1}},
});

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
