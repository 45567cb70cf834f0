// The rows of the benchmark of channels on Boost.Fiber, which has no select. A fiber is joined
// before the channels that it knows go away. Of a buffered channel's capacity one place is not
// used.

#include <array>
#include <cstddef>
#include <deque>
#include <numeric>
#include <utility>
#include <vector>

#include "fibers.h"

namespace {

using fibers::fiber;
using fibers::spawn;
using fibers::use_all_cores;

template <class T>
using unbuffered = boost::fibers::unbuffered_channel<T>;
template <class T>
using buffered = boost::fibers::buffered_channel<T>;

double ping_pong_1p() {
    return bench::measure([](long n) {
        unbuffered<long> there;
        unbuffered<long> back;
        fiber other = spawn([&] {
            for (const long ball : there)
                back.push(ball + 1);
        });
        for (long i = 0; i < n; ++i) {
            there.push(i);
            bench::check(back.value_pop() == i + 1);
        }
        there.close();
        other.join();
    });
}

double ping_pong() {
    use_all_cores();
    return ping_pong_1p();
}

double send_receive() {
    buffered<long> c(bench::capacity);
    return bench::measure([&c](long n) {
        for (long i = 0; i < n; ++i) {
            c.push(i);
            bench::check(c.value_pop() == i);
        }
    });
}

double prod_cons() {
    use_all_cores();
    return bench::measure([](long n) {
        buffered<long> c(bench::capacity);
        fiber producer = spawn([&c, n] {
            for (long i = 0; i < n; ++i)
                c.push(i);
            c.close();
        });
        long sum = 0;
        for (const long item : c)
            sum += item;
        producer.join();
        bench::check(sum == bench::sum_below(n));
    });
}

double mpmc() {
    use_all_cores();
    return bench::measure([](long n) {
               buffered<long> c(bench::mpmc_capacity);
               std::array<long, bench::mpmc_sides> sums{};
               std::vector<fiber> producers;
               std::vector<fiber> consumers;
               for (long& sum : sums) {
                   producers.push_back(spawn([&c, n] {
                       for (long i = 0; i < n; ++i)
                           c.push(i);
                   }));
                   consumers.push_back(spawn([&c, &sum] {
                       long own = 0;
                       for (const long item : c)
                           own += item;
                       sum = own;
                   }));
               }
               for (fiber& f : producers)
                   f.join();
               c.close();
               for (fiber& f : consumers)
                   f.join();
               const long sum = std::accumulate(sums.begin(), sums.end(), 0L);
               bench::check(sum == bench::mpmc_sides * bench::sum_below(n));
           }) /
           bench::mpmc_sides;
}

double ring() {
    use_all_cores();
    return bench::measure([](long n) {
        std::array<unbuffered<long>, bench::ring_size> links;
        std::vector<fiber> fibers;
        fibers.reserve(links.size());
        for (std::size_t i = 0; i < links.size(); ++i) {
            fibers.push_back(spawn([&in = links[i], &out = links[(i + 1) % links.size()]] {
                for (const long left : in) {
                    if (left == 0)
                        break;
                    out.push(left - 1);
                }
                out.close();
            }));
        }
        links[0].push(n);
        for (fiber& f : fibers)
            f.join();
    });
}

void numbers(unbuffered<int>& out) {
    for (int i = 2; i <= bench::sieve_last; ++i)
        out.push(i);
    out.close();
}

void filter(unbuffered<int>& in, unbuffered<int>& out, int prime) {
    for (const int i : in) {
        if (i % prime != 0)
            out.push(i);
    }
    out.close();
}

void sieve_once() {
    std::deque<unbuffered<int>> channels(1);
    std::vector<fiber> fibers;
    fibers.push_back(spawn([&out = channels[0]] { numbers(out); }));
    int count = 0;
    int prime = 0;
    for (;;) {
        unbuffered<int>& in = channels.back();
        if (in.pop(prime) != boost::fibers::channel_op_status::success)
            break;
        ++count;
        unbuffered<int>& out = channels.emplace_back();
        fibers.push_back(spawn([&in, &out, prime] { filter(in, out, prime); }));
    }
    for (fiber& f : fibers)
        f.join();
    bench::check(count == bench::sieve_primes && prime == bench::sieve_last);
}

double sieve() {
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            sieve_once();
    });
}

void skynet_of(unbuffered<long>& out, long first, long leaves) {
    if (leaves == 1) {
        out.push(first);
        return;
    }
    unbuffered<long> in;
    std::array<fiber, bench::skynet_fan_out> fibers;
    const long part = leaves / bench::skynet_fan_out;
    for (fiber& f : fibers) {
        f = spawn([&in, first, part] { skynet_of(in, first, part); });
        first += part;
    }
    long sum = 0;
    for (int i = 0; i < bench::skynet_fan_out; ++i)
        sum += in.value_pop();
    for (fiber& f : fibers)
        f.join();
    out.push(sum);
}

double skynet() {
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            unbuffered<long> result;
            fiber root = spawn([&result] { skynet_of(result, 0, bench::skynet_leaves); });
            bench::check(result.value_pop() == bench::sum_below(bench::skynet_leaves));
            root.join();
        }
    });
}

long fib(int n) {
    if (n < 2)
        return n;
    unbuffered<long> other;
    fiber f = spawn([&other, n] { other.push(fib(n - 1)); });
    const long own = fib(n - 2);
    const long sum = own + other.value_pop();
    f.join();
    return sum;
}

double fib25() {
    use_all_cores();
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i)
            bench::check(fib(bench::fib_of) == bench::fib_is);
    });
}

constexpr bench::row rows[] = {
    {"ping_pong_1p", ping_pong_1p},
    {"ping_pong", ping_pong},
    {"buffered", send_receive},
    {"prod_cons", prod_cons},
    {"mpmc", mpmc},
    {"ring", ring},
    {"sieve", sieve},
    {"skynet", skynet},
    {"fib25", fib25},
};

} // namespace

int main(int argc, char** argv) {
    return fibers::answer(rows, argc, argv);
}
