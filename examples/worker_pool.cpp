// Some workers take jobs from one channel and give results to another; a third stops them.
#include <cstdint>
#include <optional>

#include <rt0/rt0.h>

namespace {

std::uint64_t steps_to_one(std::uint64_t n) {
    std::uint64_t steps = 0;
    for (; n != 1; ++steps) {
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    }
    return steps;
}

} // namespace

int main() {
    constexpr int workers = 4;
    constexpr std::uint64_t jobs = 10'000;
    const rt0::chan<std::uint64_t> todo(16);
    const rt0::chan<std::uint64_t> done(16);
    const rt0::chan<int> stop(0);
    rt0::wait_group group;
    for (int i = 0; i < workers; ++i) {
        group.go([todo, done, stop] {
            for (bool stopped = false; !stopped;) {
                rt0::select(rt0::recv(todo,
                                      [&](std::optional<std::uint64_t> job) {
                                          done.send(steps_to_one(*job));
                                      }),
                            rt0::recv(stop, [&] { stopped = true; }));
            }
        });
    }
    rt0::go([todo] {
        for (std::uint64_t n = 1; n <= jobs; ++n) {
            todo.send(n);
        }
    });
    std::uint64_t most = 0;
    for (std::uint64_t n = 1; n <= jobs; ++n) {
        const std::uint64_t steps = done.recv().value_or(0);
        most = steps > most ? steps : most;
    }
    stop.close();
    group.wait();
    rt0::println("{} jobs, {} steps at most", jobs, most);
}
