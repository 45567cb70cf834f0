// The rows of the benchmark of channels and select on rt0: `chan_rt0 ROW` prints nanoseconds per
// operation.

#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include <rt0/chan.h>
#include <rt0/go.h>
#include <rt0/print.h>
#include <rt0/select.h>
#include <rt0/sync.h>

#include "peers/rows.h"

namespace {

double ping_pong() {
    return bench::measure([](long n) {
        const rt0::chan<long> there(0);
        const rt0::chan<long> back(0);
        rt0::go([there, back] {
            for (const long ball : there)
                back.send(ball + 1);
            back.close();
        });
        for (long i = 0; i < n; ++i) {
            there.send(i);
            bench::check(back.recv() == i + 1);
        }
        there.close();
        back.recv();
    });
}

double ping_pong_1p() {
    rt0::gomaxprocs(1);
    return ping_pong();
}

double buffered() {
    const rt0::chan<long> c(bench::capacity);
    return bench::measure([&c](long n) {
        for (long i = 0; i < n; ++i) {
            c.send(i);
            bench::check(c.recv() == i);
        }
    });
}

double prod_cons() {
    return bench::measure([](long n) {
        const rt0::chan<long> c(bench::capacity);
        rt0::go([c, n] {
            for (long i = 0; i < n; ++i)
                c.send(i);
            c.close();
        });
        long sum = 0;
        for (const long item : c)
            sum += item;
        bench::check(sum == bench::sum_below(n));
    });
}

double mpmc() {
    return bench::measure([](long n) {
               const rt0::chan<long> c(bench::mpmc_capacity);
               std::array<long, bench::mpmc_sides> sums{};
               rt0::wait_group producers;
               rt0::wait_group consumers;
               for (long& sum : sums) {
                   producers.go([&c, n] {
                       for (long i = 0; i < n; ++i)
                           c.send(i);
                   });
                   consumers.go([&c, &sum] {
                       long own = 0;
                       for (const long item : c)
                           own += item;
                       sum = own;
                   });
               }
               producers.wait();
               c.close();
               consumers.wait();
               const long sum = std::accumulate(sums.begin(), sums.end(), 0L);
               bench::check(sum == bench::mpmc_sides * bench::sum_below(n));
           }) /
           bench::mpmc_sides;
}

// The token says how many hops are left. Who gets a 0 closes what follows, and so do all others.
double ring() {
    return bench::measure([](long n) {
        std::vector<rt0::chan<long>> links;
        links.reserve(bench::ring_size);
        for (int i = 0; i < bench::ring_size; ++i)
            links.emplace_back(0);
        rt0::wait_group group;
        for (std::size_t i = 0; i < links.size(); ++i) {
            group.go([&in = links[i], &out = links[(i + 1) % links.size()]] {
                for (const long left : in) {
                    if (left == 0)
                        break;
                    out.send(left - 1);
                }
                out.close();
            });
        }
        links[0].send(n);
        group.wait();
    });
}

void numbers(const rt0::chan<int>& out) {
    for (int i = 2; i <= bench::sieve_last; ++i)
        out.send(i);
    out.close();
}

void filter(const rt0::chan<int>& in, const rt0::chan<int>& out, int prime) {
    for (const int i : in) {
        if (i % prime != 0)
            out.send(i);
    }
    out.close();
}

void sieve_once() {
    rt0::chan<int> in(0);
    rt0::go(numbers, in);
    int count = 0;
    int last = 0;
    while (const std::optional<int> prime = in.recv()) {
        ++count;
        last = *prime;
        const rt0::chan<int> out(0);
        rt0::go(filter, in, out, *prime);
        in = out;
    }
    bench::check(count == bench::sieve_primes && last == bench::sieve_last);
}

double sieve() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            sieve_once();
    });
}

void skynet_of(const rt0::chan<long>& out, long first, long leaves) {
    if (leaves == 1) {
        out.send(first);
        return;
    }
    const rt0::chan<long> in(0);
    const long part = leaves / bench::skynet_fan_out;
    for (int i = 0; i < bench::skynet_fan_out; ++i)
        rt0::go(skynet_of, in, first + i * part, part);
    long sum = 0;
    for (int i = 0; i < bench::skynet_fan_out; ++i)
        sum += in.recv().value_or(0);
    out.send(sum);
}

double skynet() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            const rt0::chan<long> result(0);
            rt0::go(skynet_of, result, 0, bench::skynet_leaves);
            bench::check(result.recv() == bench::sum_below(bench::skynet_leaves));
        }
    });
}

long fib(int n) {
    if (n < 2)
        return n;
    const rt0::chan<long> other(0);
    // Not [other, n]: what is captured of a const handle is const, and would be copied once more.
    rt0::go([other = other, n] { other.send(fib(n - 1)); });
    const long own = fib(n - 2);
    return own + other.recv().value_or(0);
}

double fib25() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::check(fib(bench::fib_of) == bench::fib_is);
    });
}

// Each time one of the two has something.
double select_ready() {
    const rt0::chan<long> a(1);
    const rt0::chan<long> b(1);
    a.send(0);
    return bench::measure([&a, &b](long n) {
        for (long i = 0; i < n; ++i) {
            rt0::select(rt0::recv(a, [&b](std::optional<long> item) { b.send(*item); }),
                        rt0::recv(b, [&a](std::optional<long> item) { a.send(*item); }));
        }
    });
}

// Who gets something waits in a select for it, on both sides.
double select_block() {
    return bench::measure([](long n) {
               const rt0::chan<long> there(0);
               const rt0::chan<long> back(0);
               const rt0::chan<long> stop(0);
               rt0::go([there, back, stop] {
                   const auto answer = [&back](std::optional<long> ball) { back.send(*ball + 1); };
                   bool stopped = false;
                   while (!stopped) {
                       rt0::select(
                           rt0::recv(there, answer),
                           rt0::recv(stop, [&stopped](std::optional<long>) { stopped = true; }));
                   }
               });
               for (long i = 0; i < n; ++i) {
                   there.send(i);
                   rt0::select(
                       rt0::recv(back,
                                 [i](std::optional<long> ball) { bench::check(ball == i + 1); }),
                       rt0::recv(stop, [](std::optional<long>) {}));
               }
               stop.close();
           }) /
           2;
}

constexpr bench::row rows[] = {
    {"ping_pong_1p", ping_pong_1p},
    {"ping_pong", ping_pong},
    {"buffered", buffered},
    {"prod_cons", prod_cons},
    {"mpmc", mpmc},
    {"ring", ring},
    {"sieve", sieve},
    {"skynet", skynet},
    {"fib25", fib25},
    {"select_ready", select_ready},
    {"select_block", select_block},
};

} // namespace

int main(int argc, char** argv) {
    // As in any program that has use for it: before the first goroutine no lock has an owner.
    rt0::go([] {});
    rt0::yield();
    return bench::answer(rows, argc, argv, [](double number) { rt0::println("{}", number); });
}
