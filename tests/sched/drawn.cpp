// GODEBUG=randsched: drawn order prints a schedule, drawn race loses an update or does not.
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <rt0/rt0.h>
#include <rt0/testing.h>

#include "../headers/check.h"

namespace {

using namespace std::chrono_literals;

// Who did something, in the order in which it happened. No vector: without optimisation, and in
// its growing with, that calls, and where one calls another one may come in between.
constexpr uint32_t room = 10000;
int done[room];
uint32_t steps = 0;

[[gnu::noinline]] void step(int who) {
    if (steps < room) {
        done[steps++] = who;
    }
}

// All ways of waiting for one another. What comes out is a number that says in which order.
void mixed() {
    rt0::wait_group group;
    const rt0::chan<int> given(0);
    const rt0::chan<int> kept(3);
    rt0::mutex lock;
    for (int i = 0; i < 8; ++i) {
        group.go([i, given, kept, &lock] {
            for (int k = 0; k < 20; ++k) {
                step(i);
                rt0::select(rt0::send(given, i, [i] { step(100 + i); }),
                            rt0::recv(given, [](auto from) { step(200 + from.value_or(0)); }),
                            rt0::recv(rt0::after(1ms), [i] { step(300 + i); }));
                {
                    const std::scoped_lock guard(lock);
                    step(400 + i);
                }
                if (kept.try_send(i)) {
                    step(500 + kept.recv().value_or(0));
                }
                rt0::sleep_for(std::chrono::microseconds(i * k % 3));
            }
        });
    }
    group.wait();
    uint64_t order = 0;
    for (uint32_t i = 0; i < steps; ++i) {
        order = (order ^ static_cast<uint64_t>(done[i])) * 0x100000001b3;
    }
    rt0::println("{} {:x}", steps, order);
}

// Nothing here parks: only between the calls can one come in between. Three hundred goroutines, so
// that the global queue has some.
int count = 0;
[[gnu::noinline]] int get(rt0::mutex& lock) {
    const std::scoped_lock guard(lock);
    return count;
}
[[gnu::noinline]] void set(rt0::mutex& lock, int to) {
    const std::scoped_lock guard(lock);
    count = to;
}
void race(int goroutines) {
    rt0::mutex lock;
    rt0::wait_group group;
    for (int i = 0; i < goroutines; ++i) {
        group.go([&lock] { set(lock, get(lock) + 1); });
    }
    group.wait();
    rt0::println("{}", goroutines - count);
}

// Something on the stack, so that it asks for some.
[[gnu::noinline]] void call() {
    char some[100];
    asm volatile("" : : "r"(some) : "memory");
}

// Two that let each other run by calls alone; and a loop without any, which the time ends.
void loops() {
    volatile bool first = false;
    bool second = false;
    rt0::wait_group group;
    group.go([&] {
        while (!second) {
            call();
        }
    });
    group.go([&] {
        second = true;
        while (!first) {
        }
    });
    group.go([&first] { first = true; });
    group.wait();
    check(rt0::gomaxprocs(4) == 1 && rt0::gomaxprocs() == 1);
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "order") {
        rt0::testing::run(mixed);
    } else if (what == "race") {
        race(2);
    } else if (what == "many") {
        race(700);
    } else if (what == "loops") {
        loops();
    } else {
        return 99;
    }
    return failures;
}
