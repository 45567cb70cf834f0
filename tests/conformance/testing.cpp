// rt0::testing: the clock that is held, as Go's tests of testing/synctest have it, and what C++
// adds. GOMAXPROCS says on how many processors.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <rt0/context.h>
#include <rt0/os.h>
#include <rt0/rt0.h>
#include <rt0/sync.h>
#include <rt0/testing.h>
#include <rt0/time.h>

#include "../sched/kernel.h"
#include "run.h"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

clock::duration since(time_point start) {
    return clock::now() - start;
}

// The kernel's own clock, in nanoseconds.
long kernel_time() {
    std::array<long, 2> time{};
    check(raw_call(228, 1, reinterpret_cast<long>(time.data())) == 0); // clock_gettime
    return time[0] * 1'000'000'000 + time[1];
}

// Many sleep, each to the nanosecond.
void an_hour() {
    const long began = kernel_time();
    rt0::testing::run([] {
        const auto start = clock::now();
        rt0::wait_group group;
        for (int i = 0; i < 100; ++i) {
            group.go([start, i] {
                const auto nap = 100s + std::chrono::nanoseconds(i);
                for (int k = 1; k <= 36; ++k) {
                    rt0::sleep_for(nap);
                    check(since(start) == k * nap);
                }
            });
        }
        group.wait();
        check(since(start) == 1h + 36 * 99ns);
    });
    check(kernel_time() - began < 60'000'000'000);
}

// The wall clock begins at the same time for everybody, and goes with the other one.
void wall_clock() {
    for (int i = 0; i < 2; ++i) {
        rt0::testing::run([] {
            using std::chrono::system_clock;
            const system_clock::time_point midnight(
                std::chrono::sys_days(std::chrono::year(2000) / 1 / 1));
            check(system_clock::now() == midnight);
            rt0::sleep_for(36h + 5ns);
            check(system_clock::now() == midnight + 36h + 5ns);
            rt0::sleep_until(midnight + 48h);
            check(system_clock::now() == midnight + 48h);
        });
    }
    check(std::chrono::system_clock::now() >
          std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
}

// It stands still while anything runs.
void stands_still() {
    rt0::testing::run([] {
        const auto start = clock::now();
        rt0::go([] { rt0::sleep_for(1ns); });
        const long began = kernel_time();
        while (kernel_time() - began < 20'000'000) {
        }
        check(since(start) == 0ns);
        for (int i = 0; i < 1000; ++i) {
            rt0::yield();
        }
        check(since(start) == 0ns);
        rt0::sleep_for(1ns);
        check(since(start) == 1ns);
        rt0::testing::wait();
    });
}

void waits() {
    rt0::testing::run([] {
        const auto start = clock::now();
        rt0::testing::wait(); // for nobody
        std::atomic<int> done = 0;
        const rt0::chan<int> passed(0);
        rt0::wait_group group;
        for (int i = 0; i < 50; ++i) {
            group.go([&done, &passed] {
                for (int k = 0; k < 100; ++k) {
                    rt0::yield();
                }
                ++done;
                (void)passed.recv();
                ++done;
                rt0::sleep_for(1s);
                ++done;
            });
        }
        rt0::testing::wait();
        check(done == 50 && since(start) == 0s);
        passed.close();
        rt0::testing::wait();
        check(done == 100 && since(start) == 0s);
        rt0::sleep_for(1s - 1ns);
        rt0::testing::wait();
        check(done == 100);
        rt0::sleep_for(1ns);
        rt0::testing::wait();
        check(done == 150 && since(start) == 1s);
        // Several at once, and again and again.
        for (int i = 0; i < 10; ++i) {
            group.go([] {
                for (int k = 0; k < 20; ++k) {
                    rt0::testing::wait();
                }
            });
        }
        group.wait();
        check(since(start) == 1s);
    });
}

// Whoever is in wait when f has returned goes on first, and again.
void waits_at_the_end() {
    std::atomic<int> ended = 0;
    rt0::testing::run([&ended] {
        for (int i = 0; i < 20; ++i) {
            rt0::go([&ended, i] {
                for (int k = 0; k <= i; ++k) {
                    rt0::testing::wait();
                }
                ++ended;
            });
        }
    });
    check(ended == 20);
}

void contexts() {
    rt0::testing::run([] {
        constexpr auto limit = 5s;
        auto [ctx, cancel] = rt0::with_timeout(rt0::context(), limit);
        rt0::sleep_for(limit - 1ns);
        rt0::testing::wait();
        check(!ctx.err());
        rt0::sleep_for(1ns);
        rt0::testing::wait();
        check(ctx.err() == rt0::error::timed_out);
    });
    rt0::testing::run([] {
        bool called = false;
        auto [ctx, cancel] = rt0::with_cancel(rt0::context());
        const auto call = rt0::after_func(ctx, [&called] { called = true; });
        rt0::testing::wait();
        check(!called);
        cancel();
        rt0::testing::wait();
        check(called);
    });
}

// All that is due at one time is, and in the order of the deadlines.
void in_order() {
    rt0::testing::run([] {
        constexpr int sleepers = 2000;
        const auto start = clock::now();
        std::mutex lock;
        std::vector<clock::duration> woken;
        rt0::wait_group group;
        uint32_t random = 1;
        for (int i = 0; i < sleepers; ++i) {
            random = random * 1'664'525 + 1'013'904'223;
            const std::chrono::milliseconds nap(random >> 24);
            group.go([&lock, &woken, start, nap] {
                rt0::sleep_for(nap);
                check(since(start) == nap);
                const std::scoped_lock guard(lock);
                woken.emplace_back(nap);
            });
        }
        group.wait();
        check(woken.size() == sleepers && std::ranges::is_sorted(woken));
    });
}

void timers() {
    rt0::testing::run([] {
        const auto start = clock::now();
        rt0::timer t(10min);
        check(t.recv() == start + 10min);
        t.reset(1h);
        check(t.stop());
        t.reset(std::chrono::hours::max());
        const rt0::timer soon(1s);
        int which = 0;
        rt0::select(rt0::recv(t, [&which] { which = 1; }),
                    rt0::recv(soon, [&which] { which = 2; }));
        check(which == 2 && since(start) == 10min + 1s);
        bool called = false;
        const auto call = rt0::after_func(1h, [&called] { called = true; });
        rt0::sleep_for(1h);
        rt0::testing::wait();
        check(called);
    });
}

void tickers() {
    rt0::testing::run([] {
        const auto start = clock::now();
        const rt0::ticker often(250ms);
        for (int i = 1; i <= 1000; ++i) {
            check(often.recv() == start + i * 250ms);
        }
        // One that nobody receives from holds nothing up.
        const rt0::ticker unread(1ns);
        const auto before = clock::now();
        rt0::sleep_for(100h);
        check(since(before) == 100h);
        check(often.recv() == before + 250ms); // what there was room for
        check(often.recv() == before + 100h + 250ms);
    });
}

// Limits of what blocks.
void limits() {
    rt0::testing::run([] {
        const auto start = clock::now();
        rt0::mutex held;
        held.lock();
        rt0::wait_group group;
        group.go([&held, start] {
            check(!held.try_lock_for(1min));
            check(since(start) == 1min);
        });
        rt0::counting_semaphore<> none(0);
        group.go([&none, start] {
            check(!none.try_acquire_for(2min));
            check(since(start) == 2min);
        });
        group.wait();
        held.unlock();
        rt0::condition_variable condition;
        rt0::mutex lock;
        std::unique_lock guard(lock);
        check(condition.wait_for(guard, 1min) == rt0::cv_status::timeout);
        check(since(start) == 3min);
    });
}

// Goroutines that are tied to threads, and as many processors as come and go.
void threads_and_processors() {
    const int procs = rt0::gomaxprocs();
    rt0::testing::run([procs] {
        const auto start = clock::now();
        rt0::wait_group group;
        for (int i = 0; i < 8; ++i) {
            group.go([start, i] {
                if (i % 2 != 0) {
                    rt0::lock_os_thread();
                }
                for (int k = 1; k <= 500; ++k) {
                    rt0::sleep_for(1s);
                    check(since(start) == k * 1s);
                }
            });
        }
        for (int i = 0; i < 100; ++i) {
            rt0::gomaxprocs(1 + i % (procs + 1));
            rt0::sleep_for(3s);
        }
        group.wait();
        check(since(start) == 500s);
    });
    rt0::gomaxprocs(procs);
}

// The time waits for who is in the kernel.
void in_the_kernel() {
    rt0::testing::run([] {
        std::array<int, 2> ends{};
        check(raw_call(22, reinterpret_cast<long>(ends.data())) == 0); // pipe
        rt0::file in(ends[0]);
        rt0::file out(ends[1]);
        const auto start = clock::now();
        std::atomic<bool> has_read = false;
        rt0::wait_group group;
        group.go([&in, &has_read, start] {
            std::array<std::byte, 1> byte{};
            check(in.read(byte).value_or(0) == 1);
            check(since(start) == 0s);
            has_read = true;
        });
        group.go([&has_read] {
            rt0::sleep_for(1h);
            check(has_read.load());
        });
        // Until the other one is there.
        const long began = kernel_time();
        until([began] { return kernel_time() - began > 30'000'000; });
        check(out.write(std::array{std::byte{1}}).has_value());
        group.wait();
    });
}

// Before, beside and after: the kernel's clock.
void others() {
    const long began = kernel_time();
    const rt0::timer of_before(50ms);
    for (int i = 0; i < 20; ++i) {
        rt0::testing::run([] { rt0::sleep_for(1us); });
    }
    check(of_before.recv().has_value());
    check(kernel_time() - began >= 50'000'000 - 20'000);
    const auto start = clock::now();
    const long asleep = kernel_time();
    rt0::sleep_for(20ms);
    check(since(start) >= 20ms && kernel_time() - asleep >= 20'000'000);
    check(since(start) < 10s);
}

// As soon as it is over timers are due by the kernel's clock, whoever slept until when.
void handed_back() {
    for (int i = 0; i < 30; ++i) {
        rt0::testing::run([i] {
            rt0::wait_group group;
            group.go([i] { rt0::sleep_for(std::chrono::milliseconds(i)); });
            group.wait();
        });
        const auto start = clock::now();
        const rt0::timer t(100us);
        check(t.recv().has_value() && since(start) < 5s);
    }
}

// What was there before is not looked for, and what is left behind by who was is.
void known_before() {
    const rt0::chan<int> never(0);
    const rt0::chan<int> ended(0);
    rt0::go([never] { (void)never.recv(); });
    rt0::go([ended] { ended.send(1); });
    for_a_while();
    rt0::testing::run([&ended] {
        check(ended.recv() == 1);
        rt0::wait_group group;
        for (int i = 0; i < 100; ++i) {
            group.go([] {});
        }
        rt0::go([] {
            for (int i = 0; i < 100; ++i) {
                rt0::yield();
            }
        });
        group.wait();
    });
    never.close();
}

void within_itself() {
    rt0::testing::run([] { rt0::testing::run([] {}); });
}
void waits_outside() {
    rt0::testing::run([] {});
    rt0::testing::wait();
}
void one_left() {
    rt0::testing::run([] { rt0::go([] { rt0::sleep_for(1s); }); });
}
void many_left() {
    rt0::testing::run([] {
        for (int i = 0; i < 20; ++i) {
            rt0::go([] { (void)rt0::chan<int>(0).recv(); });
        }
    });
}
void deadlock() {
    rt0::testing::run([] {
        rt0::sleep_for(1h);
        (void)rt0::chan<int>(0).recv();
    });
}
void deadlock_beside_a_ticker() {
    rt0::testing::run([] {
        const rt0::ticker unread(1s);
        (void)rt0::chan<int>(0).recv();
    });
}

// The end of the time is not waited for; nor does a ticker tick until then.
void deadlock_until_the_end_of_time() {
    rt0::testing::run([] {
        auto [ctx, cancel] = rt0::with_timeout(rt0::context(), std::chrono::hours::max());
        const rt0::ticker unread(1s);
        rt0::sleep_for(std::chrono::hours::max());
    });
}

constexpr test tests[] = {
    {"an_hour", an_hour},
    {"wall_clock", wall_clock},
    {"stands_still", stands_still},
    {"waits", waits},
    {"waits_at_the_end", waits_at_the_end},
    {"contexts", contexts},
    {"in_order", in_order},
    {"timers", timers},
    {"tickers", tickers},
    {"limits", limits},
    {"threads_and_processors", threads_and_processors},
    {"in_the_kernel", in_the_kernel},
    {"others", others},
    {"handed_back", handed_back},
    {"known_before", known_before},
    {"within_itself", within_itself, true},
    {"waits_outside", waits_outside, true},
    {"one_left", one_left, true},
    {"many_left", many_left, true},
    {"deadlock", deadlock, true},
    {"deadlock_beside_a_ticker", deadlock_beside_a_ticker, true},
    {"deadlock_until_the_end_of_time", deadlock_until_the_end_of_time, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
