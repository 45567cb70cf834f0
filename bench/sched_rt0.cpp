// The rows of the scheduler benchmark on rt0: `sched_rt0 ROW` prints nanoseconds per operation, or
// whatever else the row counts.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <span>

#include <rt0/rt0.h>

#include "peers/rows.h"

namespace {

double yield_1p() {
    rt0::gomaxprocs(1);
    return bench::measure([](long n) {
               rt0::wait_group group;
               for (int i = 0; i < 2; ++i) {
                   group.go([n] {
                       for (long turn = 0; turn < n; ++turn)
                           rt0::yield();
                   });
               }
               group.wait();
           }) /
           2;
}

double spawn_join() {
    return bench::measure([](long n) {
        rt0::wait_group group;
        for (long i = 0; i < n; ++i) {
            group.go([] {});
            group.wait();
        }
    });
}

double spawn_join_1p() {
    rt0::gomaxprocs(1);
    return spawn_join();
}

void spawn_all(long count) {
    rt0::wait_group group;
    for (long i = 0; i < count; ++i)
        group.go([] {});
    group.wait();
}

double burst() {
    return bench::measure([](long n) {
               for (long i = 0; i < n; ++i)
                   spawn_all(bench::burst);
           }) /
           bench::burst;
}

double burst_1m() {
    return bench::once([] { spawn_all(bench::large_burst); }) / bench::large_burst;
}

long skynet(long first, long leaves) {
    if (leaves == 1)
        return first;
    std::atomic<long> sum = 0;
    rt0::wait_group group;
    const long part = leaves / bench::skynet_fan_out;
    for (int i = 0; i < bench::skynet_fan_out; ++i)
        group.go([&sum, from = first + i * part, part] { sum += skynet(from, part); });
    group.wait();
    return sum;
}

double skynet() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::keep(skynet(0, bench::skynet_leaves));
    });
}

long fib(int n) {
    if (n < 2)
        return n;
    long other = 0;
    rt0::wait_group group;
    group.go([&other, n] { other = fib(n - 1); });
    const long own = fib(n - 2);
    group.wait();
    return own + other;
}

double fib25() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::keep(fib(bench::fib_of));
    });
}

double deep_1000() {
    return bench::measure([](long n) {
        rt0::wait_group group;
        for (long i = 0; i < n; ++i) {
            group.go([] { bench::keep(bench::deep(bench::depth)); });
            group.wait();
        }
    });
}

double resident() {
    auto status = rt0::file::open("/proc/self/status");
    std::array<char, 4096> text{};
    if (!status)
        return 0;
    const auto size = status->read(std::as_writable_bytes(std::span(text)));
    return static_cast<double>(bench::resident({text.data(), size.value_or(0)}));
}

double rss_of(long count) {
    // They outlive main: the program ends while all of them wait.
    static rt0::wait_group gate;
    static std::atomic<long> there = 0;
    const double before = resident();
    gate.add(1);
    for (long i = 0; i < count; ++i) {
        rt0::go([] {
            ++there;
            gate.wait();
        });
    }
    while (there < count)
        rt0::yield();
    return (resident() - before) / static_cast<double>(count);
}

double rss() {
    return rss_of(bench::parked);
}

double rss_1m() {
    return rss_of(bench::many_parked);
}

// All of them at once, and then all woken and ended.
double rss_10m() {
    rt0::wait_group gate;
    rt0::wait_group ended;
    std::atomic<long> there = 0;
    const double before = resident();
    gate.add(1);
    for (long i = 0; i < bench::all_parked; ++i) {
        ended.go([&] {
            ++there;
            gate.wait();
        });
    }
    while (there < bench::all_parked)
        rt0::yield();
    const double each = (resident() - before) / static_cast<double>(bench::all_parked);
    gate.done();
    ended.wait();
    return each;
}

// A function that asks for stack, and does nothing else.
[[gnu::noinline]] int called(int n) {
    volatile char frame[64];
    frame[n % 64] = static_cast<char>(n);
    return frame[n % 64];
}

double time_of_a_call() {
    constexpr int calls = 200'000;
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        best = std::min(best, bench::once([] {
                            for (int call = 0; call < calls; ++call)
                                bench::keep(called(call));
                        }));
    }
    return best / calls;
}

// The longest that it takes at this depth of the stack and some below.
[[gnu::noinline]] double slowest_call(int depth) {
    volatile char frame[16];
    frame[depth % 16] = 0;
    const double here = time_of_a_call();
    return depth == 0 ? here : std::max(here, slowest_call(depth - 1)) + frame[depth % 16];
}

// Somewhere on the way down it crosses: there a segment begins, and is kept.
double crossing() {
    double plain = time_of_a_call();
    double slowest = 0;
    rt0::wait_group group;
    group.go([&] { slowest = slowest_call(20); });
    group.wait();
    plain = std::min(plain, time_of_a_call());
    return slowest - plain;
}

void tree(int depth) {
    if (depth == 0) {
        bench::leaf();
        return;
    }
    rt0::wait_group group;
    for (int i = 0; i < 2; ++i)
        group.go([depth] { tree(depth - 1); });
    group.wait();
}

double speedup() {
    const auto run = [] { tree(bench::tree_depth); };
    run();
    const int all = rt0::gomaxprocs(1);
    const double alone = bench::once(run);
    rt0::gomaxprocs(all);
    return alone / bench::once(run);
}

constexpr bench::row rows[] = {
    {"yield_1p", yield_1p}, {"spawn_join_1p", spawn_join_1p},
    {"burst", burst},       {"spawn_join", spawn_join},
    {"burst_1m", burst_1m}, {"skynet", skynet},
    {"fib25", fib25},       {"deep_1000", deep_1000},
    {"rss", rss},           {"rss_1m", rss_1m},
    {"rss_10m", rss_10m},   {"crossing", crossing},
    {"speedup", speedup},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { rt0::println("{}", number); });
}
