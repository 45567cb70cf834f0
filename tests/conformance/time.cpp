// Sleeping and timers, as Go's tests of time have it, and what C++ adds. GOMAXPROCS says on how
// many processors. Whatever has to be late enough is checked; that something is not too late only
// where it would be wrong by seconds.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include <rt0/rt0.h>
#include <rt0/time.h>

#include "run.h"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

clock::duration since(time_point start) {
    return clock::now() - start;
}

// What it sends.
template <class Sender>
time_point sent_by(const Sender& sender) {
    const auto sent = sender.recv();
    check(sent.has_value());
    return sent.value_or(time_point());
}

void compute_for(clock::duration time) {
    const auto end = clock::now() + time;
    while (clock::now() < end) {
    }
}

// sleep

void sleeps_long_enough() {
    for (const clock::duration d :
         std::array<clock::duration, 6>{1ns, 100ns, 1us, 50us, 1ms, 20ms}) {
        for (int i = 0; i < 5; ++i) {
            const auto start = clock::now();
            rt0::sleep_for(d);
            check(since(start) >= d);
        }
    }
    // Each of the times that a processor's counter may be asked.
    for (int i = 0; i < 20'000; ++i) {
        const auto start = clock::now();
        rt0::sleep_for(std::chrono::nanoseconds(i % 300));
        check(since(start) >= std::chrono::nanoseconds(i % 300));
    }
}

void sleeps_not_at_all() {
    const auto start = clock::now();
    rt0::sleep_for(0ns);
    rt0::sleep_for(-1h);
    rt0::sleep_for(std::chrono::duration<double>(-1e300));
    rt0::sleep_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
    rt0::sleep_until(clock::now() - 1h);
    rt0::sleep_until(std::chrono::system_clock::time_point());
    check(since(start) < 10s);
}

// Longer than there are numbers for: for ever, as far as anybody can see.
void overflowing() {
    std::atomic<int> woken = 0;
    const auto sleeper = [&woken](auto d) {
        // Its goroutine is left behind.
        rt0::go([&woken, d] {
            rt0::sleep_for(d);
            ++woken;
        });
    };
    sleeper(std::chrono::nanoseconds::max());
    sleeper(std::chrono::hours::max());
    sleeper(std::chrono::duration<double>(1e300));
    rt0::timer t(std::chrono::hours::max());
    rt0::sleep_for(5ms);
    check(woken == 0);
    check(!t.try_recv().has_value());
    check(t.reset(std::chrono::hours::max()));
    check(t.stop());
    const rt0::ticker k(std::chrono::hours::max());
    rt0::sleep_for(1ms);
    check(!k.try_recv().has_value());
}

// A time that nanoseconds do not say is not past.
void far_away() {
    using std::chrono::sys_days;
    using std::chrono::system_clock;
    constexpr sys_days year_3000{std::chrono::year(3000) / 1 / 1};
    std::atomic<int> woken = 0;
    const auto sleeper = [&woken](auto when) {
        rt0::go([&woken, when] { // is left behind
            rt0::sleep_until(when);
            ++woken;
        });
    };
    sleeper(year_3000);
    sleeper(std::chrono::time_point<system_clock, std::chrono::seconds>::max());
    sleeper(clock::time_point::max());
    rt0::mutex mutex;
    mutex.lock();
    rt0::go([&] {
        check(mutex.try_lock_until(year_3000));
        mutex.unlock();
        ++woken;
    });
    rt0::sleep_for(2ms);
    check(woken == 0);
    mutex.unlock();
    while (woken == 0) {
        rt0::yield();
    }
    check(woken == 1);
    rt0::sleep_until(std::chrono::time_point<system_clock, std::chrono::seconds>::min());
    rt0::sleep_until(clock::time_point::min());
}

void sleeps_until() {
    const auto start = clock::now();
    rt0::sleep_until(start + 3ms);
    check(since(start) >= 3ms);
    const auto wall = std::chrono::system_clock::now();
    rt0::sleep_until(wall + 3ms);
    check(std::chrono::system_clock::now() - wall >= 3ms);
    // By another unit, rounded up.
    using third = std::chrono::duration<int, std::ratio<1, 3000>>;
    const auto again = clock::now();
    rt0::sleep_for(third(1));
    check(since(again) >= third(1));
}

// Those that are due earlier wake earlier, wherever they started.
void sleepers_wake_in_order() {
    constexpr int count = 13;
    const rt0::chan<int> woken(count);
    const auto start = clock::now() + 5ms;
    for (int i = 0; i < count; ++i) {
        const int place = i * 5 % count;
        rt0::go([woken, start, place] {
            rt0::sleep_until(start + place * 3ms);
            woken.send(place);
        });
    }
    int last = -1;
    int in_order = 0;
    for (int i = 0; i < count; ++i) {
        const int place = woken.recv().value_or(-1);
        in_order += place > last ? 1 : 0;
        last = place;
    }
    // On several processors that are taken away two may change places.
    check(in_order >= count - 3);
}

// One that computes keeps nobody from waking, on one processor either.
void beside_who_computes() {
    std::atomic<bool> woken = false;
    rt0::go([&woken] {
        rt0::sleep_for(1ms);
        woken = true;
    });
    rt0::yield();
    const auto start = clock::now();
    while (!woken && since(start) < 20s) {
        compute_for(10us);
    }
    check(woken);
}

// Two that hand a value to and fro leave time its turn.
void beside_ping_pong() {
    const rt0::chan<int> there(0);
    const rt0::chan<int> back(0);
    std::atomic<bool> over = false;
    rt0::go([there, back] {
        for (const int ball : there) {
            back.send(ball);
        }
    });
    const auto call = rt0::after_func(1us, [&over] { over = true; });
    const auto start = clock::now();
    while (!over && since(start) < 20s) {
        there.send(1);
        back.recv();
    }
    there.close();
    check(over);
}

void beside_yields() {
    std::atomic<bool> over = false;
    const auto call = rt0::after_func(1ms, [&over] { over = true; });
    const auto start = clock::now();
    while (!over && since(start) < 20s) {
        rt0::yield();
    }
    check(over);
}

void many_sleep() {
    constexpr int count = 20'000;
    rt0::wait_group all;
    std::atomic<int> early = 0;
    for (int i = 0; i < count; ++i) {
        all.go([&early, i] {
            const auto d = std::chrono::microseconds(i * 7919 % 50'000);
            const auto start = clock::now();
            rt0::sleep_for(d);
            early += since(start) < d ? 1 : 0;
        });
    }
    all.wait();
    check(early == 0);
}

// timer

void timer_sends_once() {
    const auto start = clock::now();
    check(!rt0::timer(1h).try_recv().has_value());
    rt0::timer t(2ms);
    const auto sent = sent_by(t);
    check(sent >= start + 2ms && sent <= clock::now());
    check(!t.stop());
    rt0::sleep_for(5ms);
    check(!t.try_recv().has_value());
    // At once.
    for (const clock::duration d : std::array<clock::duration, 2>{0ns, -1h}) {
        check(rt0::timer(d).recv().has_value());
    }
}

// What is received is when it was sent, not when it is received.
void says_when_it_was_due() {
    const auto start = clock::now();
    const rt0::timer t(1ms);
    const rt0::ticker k(1ms);
    rt0::sleep_for(100ms);
    check(sent_by(t) - start < 90ms);
    check(sent_by(k) - start < 90ms);
}

void stop_and_reset() {
    rt0::timer t(1h);
    check(t.reset(1h));
    check(t.stop());
    check(!t.stop());
    check(!t.reset(1ms));
    check(t.recv().has_value());
    check(!t.stop());
    check(!t.reset(1h));
    check(t.reset(1ms));
    check(t.recv().has_value());
    // Earlier and later.
    t.reset(10ms);
    t.reset(1ms);
    const auto start = clock::now();
    t.reset(5ms);
    check(t.recv().has_value() && since(start) >= 5ms);
}

// What was sent before is not received after.
void nothing_stale() {
    rt0::timer t(0ns);
    rt0::sleep_for(2ms);
    check(t.stop());
    check(!t.try_recv().has_value());
    check(!t.stop());
    t.reset(0ns);
    rt0::sleep_for(2ms);
    check(t.reset(1h));
    check(!t.try_recv().has_value());
    check(t.stop());
    rt0::ticker k(1us);
    rt0::sleep_for(1ms);
    k.stop();
    check(!k.try_recv().has_value());
    rt0::sleep_for(1ms);
    check(!k.try_recv().has_value());
    k.reset(1ms);
    check(k.recv().has_value());
    k.reset(1h);
    check(!k.try_recv().has_value());
}

// Whether stop was in time agrees with whether there is something to receive.
void stop_tells_the_truth() {
    int stopped = 0;
    for (int i = 0; i < 3000; ++i) {
        rt0::timer t(std::chrono::nanoseconds(i % 7 * 300));
        if (i % 2 == 0) {
            rt0::yield();
        }
        if (i % 3 == 0) {
            compute_for(1us);
        }
        const bool was = i % 5 == 0 ? t.reset(1h) : t.stop();
        check(was); // nobody has received
        check(!t.try_recv().has_value());
        stopped += was ? 1 : 0;
        if (i % 5 != 0) {
            t.reset(0ns);
            check(t.recv().has_value());
        }
    }
    check(stopped == 3000);
}

// Several at once stop, reset and receive.
void many_hands() {
    rt0::timer t(1us);
    std::atomic<int> received = 0;
    std::atomic<bool> over = false;
    rt0::wait_group all;
    for (int who = 0; who < 3; ++who) {
        all.go([&, who] {
            for (int i = 0; i < 2000; ++i) {
                if ((i + who) % 3 == 0) {
                    t.stop();
                } else {
                    t.reset(std::chrono::nanoseconds(i % 11 * 100));
                }
                received += t.try_recv().has_value() ? 1 : 0;
                if (i % 16 == 0) {
                    rt0::yield();
                }
            }
        });
    }
    rt0::wait_group receivers;
    for (int who = 0; who < 2; ++who) {
        receivers.go([&] {
            while (!over) {
                rt0::select(rt0::recv(t, [&] { ++received; }), rt0::recv(rt0::after(100us), [] {}));
            }
        });
    }
    all.wait();
    over = true;
    receivers.wait();
    t.reset(0ns);
    check(t.recv().has_value());
    check(!t.try_recv().has_value());
}

void moved_and_dropped() {
    rt0::timer none;
    check(!none.try_recv().has_value());
    rt0::timer a(1ms);
    rt0::timer b = std::move(a);
    check(b.recv().has_value());
    b = rt0::timer(1ms);
    none = std::move(b);
    check(none.recv().has_value());
    for (int i = 0; i < 1000; ++i) {
        const rt0::timer soon(i * 1ns);
        const rt0::timer later(1h);
        const auto soon_too = rt0::after(std::chrono::nanoseconds(i));
        const auto later_too = rt0::after(1h);
        const rt0::ticker ticks(std::chrono::nanoseconds(i + 1));
        const auto ticks_too = rt0::tick(1ns);
    }
}

void a_hundred_thousand_at_once() {
    constexpr int count = 100'000;
    std::vector<rt0::timer> timers;
    timers.reserve(count);
    for (int i = 0; i < count; ++i) {
        timers.emplace_back(1h + std::chrono::nanoseconds(i * 7919 % count));
    }
    for (int i = 0; i < count; i += 2) {
        check(timers[static_cast<std::size_t>(i)].stop());
    }
    for (int i = 1; i < count; i += 2) {
        timers[static_cast<std::size_t>(i)].reset(std::chrono::microseconds(i % 1000));
    }
    for (int i = 1; i < count; i += 2) {
        check(timers[static_cast<std::size_t>(i)].recv().has_value());
    }
    for (int i = 0; i < count; i += 2) {
        check(!timers[static_cast<std::size_t>(i)].try_recv().has_value());
    }
}

// Started here, stopped there, moved earlier meanwhile: none is lost.
void moved_earlier() {
    std::vector<rt0::timer> timers;
    timers.reserve(100);
    for (int i = 0; i < 100; ++i) {
        timers.emplace_back(1h);
    }
    rt0::wait_group all;
    for (rt0::timer& t : timers) {
        all.go([&t] {
            for (int i = 0; i < 10; ++i) {
                check(t.reset(std::chrono::minutes(50 - i)));
            }
            t.reset(2ms);
            check(t.recv().has_value());
        });
    }
    all.wait();
}

// Of timers that a thread has for itself those at the bottom of its heap are moved in place; the
// others are not, and what is below them comes in time.
void postponed() {
    rt0::timer moved(1h);
    // Until the thread owns the heap, and knows how fast its clock is.
    for (const auto end = clock::now() + 20ms; clock::now() < end;) {
        check(moved.reset(1h));
    }
    std::vector<rt0::timer> timers;
    timers.reserve(50);
    for (int i = 0; i < 50; ++i) {
        timers.emplace_back(300ms + std::chrono::microseconds(i));
    }
    for (int i = 0; i < 25; ++i) {
        check(timers[static_cast<std::size_t>(i)].reset(1h));
    }
    check(moved.reset(310ms));
    rt0::sleep_for(400ms);
    for (int i = 25; i < 50; ++i) {
        check(timers[static_cast<std::size_t>(i)].try_recv().has_value());
    }
    check(moved.try_recv().has_value() && !timers[0].try_recv().has_value());
    check(!moved.reset(1h) && moved.reset(2h) && moved.stop());
}

// after

void after_in_order() {
    constexpr int count = 13;
    std::vector<rt0::recv_only<time_point>> timers;
    timers.reserve(count);
    const auto start = clock::now();
    for (int i = 0; i < count; ++i) {
        timers.push_back(rt0::after((i * 5 % count + 1) * 2ms));
    }
    for (int i = 0; i < count; ++i) {
        check(sent_by(timers[static_cast<std::size_t>(i)]) >= start + (i * 5 % count + 1) * 2ms);
    }
    const auto ticks = clock::now();
    for (int i = 0; i < 10; ++i) {
        rt0::after(1ms).recv();
    }
    check(since(ticks) >= 10ms);
}

void select_with_a_limit() {
    const rt0::chan<int> never(0);
    const auto start = clock::now();
    check(rt0::select(rt0::recv(never, [] {}), rt0::recv(rt0::after(2ms), [] {})) == 1);
    check(since(start) >= 2ms);
    const rt0::chan<int> ready(1);
    ready.send(1);
    check(rt0::select(rt0::recv(ready, [] {}), rt0::recv(rt0::after(1h), [] {})) == 0);
}

// Timers that are due at once, each of which somebody receives.
void due_at_once() {
    for (int i = 0; i < 50'000; ++i) {
        check(rt0::timer(0ns).recv().has_value());
    }
}

// after_func

void calls_after() {
    int left = 10;
    const rt0::chan<int> done(0);
    const auto start = clock::now();
    // Starts itself again.
    rt0::call_timer again;
    rt0::mutex lock;
    {
        lock.lock();
        again = rt0::after_func(1ms, [&] {
            rt0::sleep_for(100us); // it may park
            lock.lock();
            const bool more = --left > 0;
            if (more) {
                again.reset(1ms);
            }
            lock.unlock();
            if (!more) {
                done.send(1);
            }
        });
        lock.unlock();
    }
    done.recv();
    check(since(start) >= 10ms);
    check(!again.stop());
}

void stopped_calls() {
    std::atomic<int> called = 0;
    std::vector<rt0::call_timer> calls;
    calls.reserve(100);
    for (int i = 0; i < 100; ++i) {
        calls.push_back(rt0::after_func(2s, [&called] { ++called; }));
    }
    rt0::sleep_for(1ms);
    for (rt0::call_timer& call : calls) {
        check(call.stop());
        check(!call.stop());
    }
    check(!calls[0].reset(0ns));
    until([&called] { return called == 1; });
    // Copies are of the same, and the call happens without them.
    {
        rt0::call_timer copy = calls[1];
        copy.reset(1ms);
    }
    calls.clear();
    until([&called] { return called == 2; });
}

// What a call holds goes away when it can happen no more.
void held_as_long() {
    const auto held = std::make_shared<int>(1);
    {
        auto call = rt0::after_func(1h, [held] {});
        check(held.use_count() == 2);
        call.stop();
        check(held.use_count() == 2); // reset may want it
    }
    check(held.use_count() == 1);
    {
        const auto call = rt0::after_func(0ns, [held] {});
    }
    until([&held] { return held.use_count() == 1; });
    auto once = rt0::after_func(0ns, [only = std::make_unique<int>(1), held] {});
    rt0::sleep_for(1ms);
    check(held.use_count() == 2);
    once = {};
    until([&held] { return held.use_count() == 1; });
}

void storms_of_calls() {
    std::atomic<int> called = 0;
    int expected = 0;
    rt0::wait_group all;
    std::array<std::atomic<int>, 4> wanted{};
    for (std::size_t who = 0; who < wanted.size(); ++who) {
        all.go([&, who] {
            auto call = rt0::after_func(0ns, [&called] { ++called; });
            int calls = 1;
            for (int i = 0; i < 1000; ++i) {
                calls += call.reset(std::chrono::nanoseconds(i % 5 * 200)) ? 0 : 1;
                if (i % 8 == 0) {
                    rt0::yield();
                }
            }
            wanted[who] = calls - (call.stop() ? 1 : 0);
        });
    }
    all.wait();
    for (const auto& each : wanted) {
        expected += each;
    }
    until([&called, expected] { return called >= expected; });
    rt0::sleep_for(1ms);
    check(called == expected);
}

// ticker

void ticks() {
    const auto start = clock::now();
    rt0::ticker k(1ms);
    int count = 0;
    for (const time_point tick : k) {
        check(tick >= start + (count + 1) * 1ms);
        if (++count == 10) {
            break;
        }
    }
    k.stop();
    rt0::sleep_for(3ms);
    check(!k.try_recv().has_value());
    const auto again = clock::now();
    k.reset(2ms);
    k.recv();
    check(since(again) >= 2ms);
}

// Those that nobody has received are one.
void drops_ticks() {
    const rt0::ticker k(100us);
    rt0::sleep_for(5ms);
    check(k.recv().has_value());
    int at_once = 0;
    while (k.try_recv().has_value()) {
        ++at_once;
    }
    check(at_once < 10);
    // From there on at whole intervals.
    const rt0::ticker slow(2ms);
    compute_for(5ms);
    const auto first = sent_by(slow);
    check(sent_by(slow) > first);
}

void ticks_for_many() {
    const rt0::ticker k(1us);
    rt0::wait_group all;
    for (int i = 0; i < 10; ++i) {
        all.go([&k] {
            for (int n = 0; n < 50; ++n) {
                check(k.recv().has_value());
            }
        });
    }
    all.wait();
}

void tick_without_an_interval() {
    check(!rt0::tick(0ns));
    check(!rt0::tick(-1s));
    const auto start = clock::now();
    const auto k = rt0::tick(1ms);
    k.recv();
    k.recv();
    check(since(start) >= 2ms);
}

// That end the program

void no_interval() {
    const rt0::ticker k(0s);
}
void no_interval_again() {
    rt0::ticker k(1s);
    k.reset(-1s);
}
void stop_of_none() {
    rt0::timer t;
    t.stop();
}
void reset_of_no_ticker() {
    rt0::ticker k;
    k.stop(); // nothing
    k.reset(1s);
}
void reset_of_none() {
    rt0::call_timer call;
    call.reset(1s);
}
void waits_for_a_stopped_timer() {
    rt0::timer t(1h);
    t.stop();
    t.recv();
}
// It has sent, and that is all.
void waits_for_more() {
    const rt0::timer t(1ms);
    t.recv();
    t.recv();
}

// Who sleeps on a processor that is no longer used wakes, though the others are never idle.
void fewer_processors() {
    const int before = rt0::gomaxprocs(4);
    constexpr int goroutines = 16;
    std::atomic<int> asleep = 0;
    std::atomic<int> woken = 0;
    for (int i = 0; i < goroutines; ++i) {
        rt0::go([&] {
            const auto end = clock::now() + 2ms;
            while (clock::now() < end) {
            }
            ++asleep;
            rt0::sleep_for(20ms);
            ++woken;
        });
    }
    while (asleep < goroutines) {
        rt0::yield();
    }
    rt0::gomaxprocs(1);
    const auto end = clock::now() + 20s;
    while (woken < goroutines && clock::now() < end) {
        rt0::yield();
    }
    check(woken == goroutines);
    rt0::gomaxprocs(before);
}

// Locks with a limit: as std::timed_mutex and its kin.

void timed_mutex() {
    rt0::mutex mutex;
    check(mutex.try_lock_for(1ms));
    check(!mutex.try_lock_for(0ns) && !mutex.try_lock_for(-1h));
    auto began = clock::now();
    check(!mutex.try_lock_for(3ms));
    check(clock::now() - began >= 3ms);
    began = clock::now();
    check(!mutex.try_lock_until(clock::now() + 3ms));
    check(!mutex.try_lock_until(std::chrono::system_clock::now() + 3ms));
    check(clock::now() - began >= 6ms - 1us);
    // Dropped in time, and one that waits without a limit behind one whose time is over.
    rt0::latch ended(2);
    rt0::go([&] {
        check(!mutex.try_lock_for(1ms));
        ended.count_down();
    });
    rt0::go([&] {
        mutex.lock();
        mutex.unlock();
        ended.count_down();
    });
    rt0::go([&] {
        rt0::sleep_for(2ms);
        mutex.unlock();
    });
    check(mutex.try_lock_for(std::chrono::hours::max()));
    mutex.unlock();
    ended.wait();
    check(mutex.try_lock());
}

void timed_semaphore() {
    rt0::counting_semaphore<5> permits(1);
    check(permits.try_acquire_for(1h));
    check(!permits.try_acquire_for(0ns));
    const auto began = clock::now();
    check(!permits.try_acquire_for(2ms) && !permits.try_acquire_until(began + 4ms));
    check(clock::now() - began >= 4ms);
    rt0::go([&] {
        rt0::sleep_for(1ms);
        permits.release(2);
    });
    check(permits.try_acquire_for(1h) && permits.try_acquire());
    // What nobody waits for any more is there.
    permits.release(3);
    check(permits.try_acquire() && permits.try_acquire() && permits.try_acquire());
    check(!permits.try_acquire());
}

void timed_condition() {
    rt0::mutex mutex;
    rt0::condition_variable said;
    bool so = false;
    std::unique_lock lock(mutex);
    const auto began = clock::now();
    check(said.wait_for(lock, 2ms) == rt0::cv_status::timeout && lock.owns_lock());
    check(said.wait_for(lock, 0ns) == rt0::cv_status::timeout);
    check(!said.wait_until(lock, began + 4ms, [&] { return so; }));
    check(clock::now() - began >= 4ms);
    check(said.wait_for(lock, 0ns, [] { return true; }));
    rt0::go([&] {
        rt0::sleep_for(1ms);
        const std::lock_guard own(mutex);
        so = true;
        said.notify_one();
    });
    check(said.wait_for(lock, std::chrono::hours::max(), [&] { return so; }));
    rt0::go([&] {
        const std::lock_guard own(mutex);
        said.notify_all();
    });
    check(said.wait_for(lock, 1h) == rt0::cv_status::no_timeout);
    // One whose time is over is not who is notified.
    rt0::latch waits(1);
    rt0::latch ended(2);
    rt0::go([&] {
        {
            std::unique_lock own(mutex);
            waits.count_down();
            check(said.wait_for(own, 1ms) == rt0::cv_status::timeout);
        }
        ended.count_down();
    });
    rt0::go([&] {
        {
            std::unique_lock own(mutex);
            said.wait(own);
        }
        ended.count_down();
    });
    lock.unlock();
    waits.wait();
    rt0::sleep_for(10ms);
    said.notify_one();
    ended.wait();
}

// Limits that end when what is waited for comes, of many at once.
void limits_in_a_storm() {
    rt0::mutex mutex;
    rt0::condition_variable said;
    rt0::counting_semaphore<> permits(0);
    std::atomic<int> taken = 0;
    int inside = 0;
    constexpr int goroutines = 50;
    constexpr int rounds = 50;
    rt0::wait_group all;
    for (int i = 0; i < goroutines; ++i) {
        all.go([&, i] {
            for (int round = 0; round < rounds; ++round) {
                const auto limit = std::chrono::microseconds((i * 7 + round * 3) % 40);
                if (mutex.try_lock_for(limit)) {
                    check(++inside == 1);
                    if (round % 5 == 0) {
                        rt0::yield();
                    }
                    --inside;
                    mutex.unlock();
                }
                permits.release();
                if (permits.try_acquire_for(limit)) {
                    ++taken;
                }
                std::unique_lock lock(mutex);
                if (round % 4 == 0) {
                    said.notify_all();
                } else if (round % 4 == 1) {
                    said.notify_one();
                } else {
                    (void)said.wait_for(lock, limit);
                }
            }
        });
    }
    all.wait();
    int left = 0;
    while (permits.try_acquire()) {
        ++left;
    }
    check(taken + left == goroutines * rounds);
}

// What nobody receives makes nobody go on.
void waits_beside_a_ticker() {
    const rt0::ticker unread(1ms);
    const rt0::timer once(5ms);
    rt0::sleep_for(20ms);
    (void)rt0::chan<int>(0).recv();
}

constexpr test tests[] = {
    {"fewer_processors", fewer_processors},
    {"timed_mutex", timed_mutex},
    {"timed_semaphore", timed_semaphore},
    {"timed_condition", timed_condition},
    {"limits_in_a_storm", limits_in_a_storm},
    {"sleeps_long_enough", sleeps_long_enough},
    {"sleeps_not_at_all", sleeps_not_at_all},
    {"sleeps_until", sleeps_until},
    {"sleepers_wake_in_order", sleepers_wake_in_order},
    {"beside_who_computes", beside_who_computes},
    {"beside_ping_pong", beside_ping_pong},
    {"beside_yields", beside_yields},
    {"many_sleep", many_sleep},
    {"timer_sends_once", timer_sends_once},
    {"says_when_it_was_due", says_when_it_was_due},
    {"stop_and_reset", stop_and_reset},
    {"nothing_stale", nothing_stale},
    {"stop_tells_the_truth", stop_tells_the_truth},
    {"many_hands", many_hands},
    {"moved_and_dropped", moved_and_dropped},
    {"a_hundred_thousand_at_once", a_hundred_thousand_at_once},
    {"moved_earlier", moved_earlier},
    {"postponed", postponed},
    {"after_in_order", after_in_order},
    {"select_with_a_limit", select_with_a_limit},
    {"due_at_once", due_at_once},
    {"calls_after", calls_after},
    {"stopped_calls", stopped_calls},
    {"held_as_long", held_as_long},
    {"storms_of_calls", storms_of_calls},
    {"ticks", ticks},
    {"drops_ticks", drops_ticks},
    {"ticks_for_many", ticks_for_many},
    {"tick_without_an_interval", tick_without_an_interval},
    {"overflowing", overflowing},
    {"far_away", far_away},
    {"no_interval", no_interval, true},
    {"no_interval_again", no_interval_again, true},
    {"stop_of_none", stop_of_none, true},
    {"reset_of_none", reset_of_none, true},
    {"reset_of_no_ticker", reset_of_no_ticker, true},
    {"waits_for_a_stopped_timer", waits_for_a_stopped_timer, true},
    {"waits_for_more", waits_for_more, true},
    {"waits_beside_a_ticker", waits_beside_a_ticker, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
