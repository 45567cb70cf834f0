// The rows of the benchmark of timers on rt0: `time_rt0 ROW` prints nanoseconds.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <rt0/context.h>
#include <rt0/go.h>
#include <rt0/print.h>
#include <rt0/sync.h>
#include <rt0/time.h>

#include "peers/rows.h"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Of the whole process.
double cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

double late() {
    std::vector<long> by;
    for (int i = 0; i < bench::short_sleeps; ++i) {
        const auto start = clock::now();
        rt0::sleep_for(50us);
        by.push_back((clock::now() - start - 50us).count());
    }
    return bench::at(by, 0.5);
}

double start_stop() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            rt0::timer t(1s);
            t.stop();
        }
    });
}

double call_stop() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            rt0::after_func(1h, [] {}).stop();
        }
    });
}

double reset() {
    rt0::timer t(1h);
    return bench::measure([&t](long n) {
        for (long i = 0; i < n; ++i) {
            t.reset(1h);
        }
    });
}

double sleep_1ns() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            rt0::sleep_for(1ns);
        }
    });
}

double sleepers() {
    const double before = cpu_time();
    rt0::wait_group all;
    for (std::uint64_t i = 0; i < bench::sleeping; ++i) {
        all.go([i] { rt0::sleep_for(std::chrono::nanoseconds(bench::sleep_of(i))); });
    }
    all.wait();
    return cpu_time() - before;
}

struct ticked {
    double cpu;
    double late;
};

// What is written down takes time, too: it is asked for the lateness or for the processor time.
ticked tick_all(bool written) {
    const double before = cpu_time();
    std::vector<long> by;
    rt0::mutex lock;
    rt0::wait_group all;
    for (int i = 0; i < bench::tickers; ++i) {
        all.go([&by, &lock, i, written] {
            // All over the interval.
            rt0::sleep_for(std::chrono::microseconds(i % 10'000));
            auto due = clock::now();
            const rt0::ticker ticks(10ms);
            std::vector<long> own;
            for (int n = 0; n < bench::ticks_each; ++n) {
                ticks.recv();
                due += 10ms;
                if (written)
                    own.push_back((clock::now() - due).count());
            }
            lock.lock();
            by.insert(by.end(), own.begin(), own.end());
            lock.unlock();
        });
    }
    all.wait();
    return {cpu_time() - before, written ? bench::at(by, 0.999) : 0};
}

double now() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            bench::keep(clock::now());
        }
    });
}

double cancel() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            auto [ctx, cancel] = rt0::with_cancel(rt0::context());
            cancel();
        }
    });
}

double cancel_children() {
    return bench::measure([](long n) {
        std::vector<rt0::cancellable> children(bench::children);
        for (long i = 0; i < n; ++i) {
            auto [ctx, cancel] = rt0::with_cancel(rt0::context());
            for (auto& child : children) {
                child = rt0::with_cancel(ctx);
            }
            cancel();
        }
    });
}

constexpr bench::row rows[] = {
    {"late", late},
    {"start_stop", start_stop},
    {"call_stop", call_stop},
    {"reset", reset},
    {"sleep_1ns", sleep_1ns},
    {"sleepers", sleepers},
    {"tickers", [] { return tick_all(false).cpu; }},
    {"ticks_late", [] { return tick_all(true).late; }},
    {"now", now},
    {"context", cancel},
    {"contexts", cancel_children},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { rt0::println("{}", number); });
}
