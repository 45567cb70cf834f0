// The primes, by a chain of goroutines: each takes the multiples of its prime out.
#include <optional>

#include <rt0/rt0.h>

namespace {

void filter(const rt0::recv_only<int>& in, const rt0::send_only<int>& out, int prime) {
    for (const int n : in) {
        if (n % prime != 0) {
            out.send(n);
        }
    }
    out.close();
}

} // namespace

int main() {
    constexpr int below = 8000;
    rt0::chan<int> numbers(0);
    rt0::go([out = rt0::send_only(numbers)] {
        for (int n = 2; n < below; ++n) {
            out.send(n);
        }
        out.close();
    });
    int count = 0;
    int last = 0;
    while (const std::optional<int> prime = numbers.recv()) {
        ++count;
        last = *prime;
        const rt0::chan<int> rest(0);
        rt0::go(filter, rt0::recv_only(numbers), rt0::send_only(rest), *prime);
        numbers = rest;
    }
    rt0::println("{} primes below {}, the last is {}", count, below, last);
}
