// What the C++ programs that `compare` runs have in common, on the host and on rt0; rows.go has the
// same again.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bench {

// A program's answer to a row that it does not have.
inline constexpr int no_such_row = 99;

inline constexpr long burst = 10'000;
inline constexpr long large_burst = 1'000'000;
inline constexpr long skynet_leaves = 1'000'000;
inline constexpr int skynet_fan_out = 10;
inline constexpr int fib_of = 25;
inline constexpr long fib_is = 75'025;
inline constexpr int depth = 1000;
inline constexpr int tree_depth = 12;
inline constexpr long parked = 100'000;
inline constexpr long many_parked = 1'000'000;
inline constexpr long all_parked = 10'000'000;

inline constexpr int capacity = 128;
inline constexpr int mpmc_capacity = 64;
inline constexpr int mpmc_sides = 4;
inline constexpr int ring_size = 503;
inline constexpr int sieve_primes = 1000;
inline constexpr int sieve_last = 7919;

inline constexpr int lockers_per_p = 8;

inline constexpr int short_sleeps = 2000;
inline constexpr std::uint64_t sleeping = 1'000'000;
inline constexpr int tickers = 10'000;
inline constexpr int ticks_each = 100;
inline constexpr std::size_t children = 100;

// How long the i-th of them sleeps: nanoseconds, up to 10 s, in no order.
constexpr std::uint64_t sleep_of(std::uint64_t i) {
    return (i * 0x9e3779b97f4a7c15 >> 34) * 10'000'000'000 >> 30;
}

// Nanoseconds that work() takes.
template <class Work>
double once(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const auto took = std::chrono::steady_clock::now() - start;
    return static_cast<double>(std::chrono::nanoseconds(took).count());
}

// Nanoseconds for each of the n operations of work(n), with n so large that they take 80 ms or
// more. What comes first is there to warm up.
template <class Work>
double measure(const Work& work) {
    constexpr double enough = 80e6;
    work(1);
    for (long n = 1;;) {
        const double took = once([&] { work(n); });
        if (took >= enough)
            return took / static_cast<double>(n);
        const double factor = std::min(10.0, 1.5 * enough / took);
        n = static_cast<long>(static_cast<double>(n) * factor) + 1;
    }
}

// A result that is wrong ends the program.
inline void check(bool right) {
    if (!right)
        __builtin_trap();
}

// The value behind such a part of all.
inline double at(std::vector<long>& values, double part) {
    std::sort(values.begin(), values.end());
    return static_cast<double>(
        values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * part)]);
}

// The sum of the numbers below n.
constexpr long sum_below(long n) {
    return n * (n - 1) / 2;
}

// Recurses, with a frame of 64 bytes and what a call takes beside it.
[[gnu::noinline]] inline int deep(int n) {
    volatile char frame[64];
    frame[n % 64] = static_cast<char>(n);
    const int below = n == 0 ? 0 : deep(n - 1);
    return below + frame[n % 64];
}

// About 20 us of arithmetic that depends on itself.
inline void leaf() {
    unsigned long x = 1;
    for (int i = 0; i < 17'000; ++i) {
        x = x * 6364136223846793005 + 1442695040888963407;
        asm volatile("" : "+r"(x));
    }
}

struct row {
    std::string_view name;
    double (*run)();
};

// Does the row that the program is asked for, and has print(number) show it. What main returns.
template <class Print>
int answer(std::span<const row> rows, int argc, char** argv, const Print& print) {
    for (const row& r : rows) {
        if (argc == 2 && r.name == argv[1]) {
            print(r.run());
            return 0;
        }
    }
    return no_such_row;
}

template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(value) : "memory");
}

// Bytes of memory in use, by the text of /proc/self/status; 0 where it does not say.
inline long resident(std::string_view status) {
    constexpr std::string_view label = "VmRSS:";
    const auto found = status.find(label);
    if (found == status.npos)
        return 0;
    status.remove_prefix(found + label.size());
    status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
    long kib = 0;
    std::from_chars(status.data(), status.data() + status.size(), kib);
    return kib * 1024;
}

} // namespace bench
