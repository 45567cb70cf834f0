// Five philosophers, five forks; who eats needs two of them. A fork is a channel with one value in
// it. Each takes whichever of the two is there first, and puts it back where the other is taken:
// nobody waits with a fork in the hand, so they cannot all starve.
#include <array>
#include <cstddef>

#include <rt0/rt0.h>

namespace {

constexpr std::size_t seats = 5;
constexpr int meals = 1000;

struct fork {};
using place = rt0::chan<fork>;

void dine(const place& left, const place& right, int& eaten) {
    while (eaten < meals) {
        place other = right;
        place first = left;
        rt0::select(rt0::recv(left, [] {}), rt0::recv(right, [&] {
                        first = right;
                        other = left;
                    }));
        if (other.try_recv()) {
            ++eaten;
            other.send({});
        }
        first.send({});
        rt0::yield(); // thinks
    }
}

} // namespace

int main() {
    std::array<place, seats> forks;
    for (place& p : forks) {
        p = place(1);
        p.send({});
    }
    std::array<int, seats> eaten{};
    rt0::wait_group table;
    for (std::size_t i = 0; i < seats; ++i) {
        table.go([&, i] { dine(forks[i], forks[(i + 1) % seats], eaten[i]); });
    }
    table.wait();
    int all = 0;
    for (const int n : eaten) {
        all += n;
    }
    rt0::println("{} philosophers have eaten {} times", seats, all);
}
