// rt0::testing in a program that has no timers: it holds a clock that nobody sleeps by.
#include <chrono>

#include <rt0/rt0.h>
#include <rt0/testing.h>

#include "../headers/check.h"

int main() {
    rt0::testing::run([] {
        const auto start = std::chrono::steady_clock::now();
        bool done = false;
        const rt0::chan<int> work(0);
        rt0::go([&done, work] {
            (void)work.recv();
            done = true;
        });
        rt0::testing::wait();
        check(!done);
        work.send(1);
        rt0::testing::wait();
        check(done && std::chrono::steady_clock::now() == start);
    });
    return failures;
}
