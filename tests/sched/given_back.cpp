// The memory of goroutines goes back, a behaviour a word of the command line; GOMAXPROCS says on
// how many processors. Ends with the number of checks that did not hold.
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <rt0/rt0.h>

#include "../headers/check.h"
#include "kernel.h"

#define NOINLINE [[gnu::noinline]]

namespace {

constexpr long mib = 1024; // in KiB

void use(void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

// A number of /proc/self/status, in KiB.
long status(std::string_view name) {
    auto file = rt0::file::open("/proc/self/status");
    check(file.has_value());
    std::array<char, 4096> text{};
    const size_t size = file->read(std::as_writable_bytes(std::span(text))).value_or(0);
    const std::string_view all(text.data(), size);
    long number = 0;
    for (size_t at = all.find(name) + name.size(); at < size && all[at] != 'k'; ++at) {
        if (all[at] >= '0' && all[at] <= '9') {
            number = number * 10 + (all[at] - '0');
        }
    }
    check(number > 0);
    return number;
}

void wait_for_the_others() {
    while (rt0::num_goroutine() > 1) {
        rt0::yield();
    }
}

// Takes about 16 KiB of stack.
NOINLINE int grow(int depth) {
    std::array<char, 900> room; // NOLINT(cppcoreguidelines-pro-type-member-init): its size matters
    use(room.data());
    const int below = depth == 0 ? 0 : grow(depth - 1) + 1;
    use(room.data());
    return below;
}

// Goroutines that have grown, parked all at the same time, and ended.
void wave(int count) {
    rt0::wait_group there;
    rt0::wait_group go_on;
    rt0::wait_group gone;
    go_on.add(1);
    std::atomic<int> right = 0;
    for (int i = 0; i < count; ++i) {
        there.add(1);
        gone.go([&] {
            right += grow(16) == 16 ? 1 : 0;
            there.done();
            go_on.wait();
        });
    }
    there.wait();
    go_on.done();
    gone.wait();
    check(right == count);
    wait_for_the_others();
}

void waves() {
    constexpr int count = 8000;
    // Each p keeps a few blocks at hand, and an arena of 2 MiB stays where one of its is.
    const long kept = (32 + 16 * rt0::gomaxprocs()) * mib;
    const long before = status("VmRSS:");
    wave(count);
    const long most = status("VmHWM:");
    const long after_one = status("VmRSS:");
    const long mapped = status("VmSize:");
    check(most - before > 140 * mib); // or this shows nothing
    check(after_one - before < kept);
    for (int i = 0; i < 2; ++i) {
        wave(count);
        check(status("VmRSS:") - before < kept);
        // The memory of the first one is used again.
        check(status("VmSize:") - mapped < 32 * mib);
        check(status("VmHWM:") - most < 64 * mib);
    }
    rt0::eprintln("KiB: {} before, {} at most, {} after one wave, {} after all; {} mapped, {}",
                  before, most, after_one, status("VmRSS:"), mapped, status("VmSize:"));
}

// What p's keep at hand goes back when they have had nothing to do for as long as it takes a thread
// to end. (Main's own keeps what it has.)
void idle_caches() {
    const long before = status("VmRSS:");
    wave(8000);
    const long after = status("VmRSS:");
    const std::array<int64_t, 2> time{7, 0};
    raw_call(35, reinterpret_cast<long>(time.data())); // nanosleep
    const long later = status("VmRSS:");
    rt0::eprintln("KiB: {} before, {} after the wave, {} later", before, after, later);
    // 15 to 29 MiB here; 55 to 72 where nothing goes back.
    check(later - before < 40 * mib);
}

// A burst runs depth first: however many there are in it, few of them are live.
void bursts() {
    const long before = status("VmRSS:");
    std::atomic<int> ran = 0;
    constexpr int rounds = 5;
    constexpr int count = 100'000;
    for (int round = 0; round < rounds; ++round) {
        rt0::wait_group group;
        for (int i = 0; i < count; ++i) {
            group.go([&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
        }
        group.wait();
    }
    check(ran == rounds * count);
    check(status("VmHWM:") - before < 32 * mib);
}

// The same in trees: each starts ten others, a burst at every level.
void start_tree(int depth, std::atomic<int>& leaves) {
    if (depth == 0) {
        leaves.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    rt0::wait_group group;
    for (int i = 0; i < 10; ++i) {
        group.go([depth, &leaves] { start_tree(depth - 1, leaves); });
    }
    group.wait();
}

void burst_trees() {
    const long before = status("VmRSS:");
    std::atomic<int> leaves = 0;
    start_tree(5, leaves);
    check(leaves == 100'000);
    check(status("VmHWM:") - before < 64 * mib);
}

// The number of processors changes while bursts run.
void changing_bursts() {
    const int first = rt0::gomaxprocs();
    std::atomic<bool> stop = false;
    std::atomic<int> bursts_done = 0;
    rt0::wait_group group;
    for (int i = 0; i < 3; ++i) {
        group.go([&] {
            while (!stop) {
                std::atomic<int> ran = 0;
                rt0::wait_group inner;
                for (int k = 0; k < 2000; ++k) {
                    inner.go([&ran] { ++ran; });
                }
                inner.wait();
                check(ran == 2000);
                ++bursts_done;
            }
        });
    }
    for (int round = 0; round < 10; ++round) {
        for (const int n : {1, 3, 2, 8, 1, 5}) {
            rt0::gomaxprocs(n);
            const int before = bursts_done;
            while (bursts_done == before) {
                rt0::yield();
            }
        }
    }
    stop = true;
    group.wait();
    rt0::gomaxprocs(first);
    wait_for_the_others();
}

struct test {
    std::string_view name;
    void (*run)();
};

constexpr test tests[] = {
    {"waves", waves},
    {"idle_caches", idle_caches},
    {"bursts", bursts},
    {"burst_trees", burst_trees},
    {"changing_bursts", changing_bursts},
};

} // namespace

int main(int argc, char** argv) {
    for (const test& t : tests) {
        if (argc == 2 && t.name == argv[1]) {
            t.run();
            return failures;
        }
    }
    return 99;
}
