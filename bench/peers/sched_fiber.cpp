// The rows of the scheduler benchmark on Boost.Fiber: fibers are joined one by one, as its users
// do.

#include <array>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fibers.h"

namespace {

using fibers::fiber;
using fibers::spawn;
using fibers::use_all_cores;
using fibers::wait_for_ever;

double yield_1p() {
    return bench::measure([](long n) {
               const auto turns = [n] {
                   for (long turn = 0; turn < n; ++turn)
                       boost::this_fiber::yield();
               };
               fiber a = spawn(turns);
               fiber b = spawn(turns);
               a.join();
               b.join();
           }) /
           2;
}

double spawn_join_1p() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            spawn([] {}).join();
    });
}

double spawn_join() {
    use_all_cores();
    return spawn_join_1p();
}

void spawn_all(long count) {
    std::vector<fiber> fibers;
    fibers.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i)
        fibers.push_back(spawn([] {}));
    for (fiber& f : fibers)
        f.join();
}

double burst() {
    use_all_cores();
    return bench::measure([](long n) {
               for (long i = 0; i < n; ++i)
                   spawn_all(bench::burst);
           }) /
           bench::burst;
}

double burst_1m() {
    use_all_cores();
    return bench::once([] { spawn_all(bench::large_burst); }) / bench::large_burst;
}

long skynet_of(long first, long leaves) {
    if (leaves == 1)
        return first;
    std::atomic<long> sum = 0;
    std::array<fiber, bench::skynet_fan_out> fibers;
    const long part = leaves / bench::skynet_fan_out;
    for (fiber& f : fibers) {
        f = spawn([&sum, first, part] { sum += skynet_of(first, part); });
        first += part;
    }
    for (fiber& f : fibers)
        f.join();
    return sum;
}

double skynet() {
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::keep(skynet_of(0, bench::skynet_leaves));
    });
}

long fib(int n) {
    if (n < 2)
        return n;
    long other = 0;
    fiber f = spawn([&other, n] { other = fib(n - 1); });
    const long own = fib(n - 2);
    f.join();
    return own + other;
}

double fib25() {
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::keep(fib(bench::fib_of));
    });
}

double deep_1000() {
    constexpr std::size_t stack = 262144;
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            spawn([] { bench::keep(bench::deep(bench::depth)); }, stack).join();
    });
}

double resident() {
    std::ifstream status("/proc/self/status");
    const std::string text(std::istreambuf_iterator<char>(status), {});
    return static_cast<double>(bench::resident(text));
}

double rss_of(long count) {
    static std::atomic<long> there = 0;
    const double before = resident();
    for (long i = 0; i < count; ++i) {
        spawn([] {
            ++there;
            wait_for_ever();
        }).detach();
    }
    while (there < count)
        boost::this_fiber::yield();
    return (resident() - before) / static_cast<double>(count);
}

double rss() {
    return rss_of(bench::parked);
}

double rss_1m() {
    return rss_of(bench::many_parked);
}

void tree(int depth) {
    if (depth == 0) {
        bench::leaf();
        return;
    }
    fiber a = spawn([depth] { tree(depth - 1); });
    fiber b = spawn([depth] { tree(depth - 1); });
    a.join();
    b.join();
}

double speedup() {
    const auto run = [] { tree(bench::tree_depth); };
    run();
    const double alone = bench::once(run);
    use_all_cores();
    run();
    return alone / bench::once(run);
}

constexpr bench::row rows[] = {
    {"yield_1p", yield_1p}, {"spawn_join_1p", spawn_join_1p},
    {"burst", burst},       {"spawn_join", spawn_join},
    {"burst_1m", burst_1m}, {"skynet", skynet},
    {"fib25", fib25},       {"deep_1000", deep_1000},
    {"rss", rss},           {"rss_1m", rss_1m},
    {"speedup", speedup},
};

} // namespace

int main(int argc, char** argv) {
    return fibers::answer(rows, argc, argv);
}
