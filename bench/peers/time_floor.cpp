// The floor of the benchmark of timers: the kernel's own sleep, and the C library's clock.

#include <time.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "rows.h"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

double late() {
    std::vector<long> by;
    for (int i = 0; i < bench::short_sleeps; ++i) {
        const auto start = clock::now();
        const timespec time{0, 50'000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
        by.push_back((clock::now() - start - 50us).count());
    }
    return bench::at(by, 0.5);
}

double now() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            bench::keep(clock::now());
        }
    });
}

constexpr bench::row rows[] = {
    {"late", late},
    {"now", now},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { std::printf("%g\n", number); });
}
