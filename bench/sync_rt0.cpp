// The rows of the benchmark of locks on rt0: `sync_rt0 ROW` prints nanoseconds per lock and unlock.

#include <mutex>
#include <shared_mutex>

#include <rt0/go.h>
#include <rt0/print.h>
#include <rt0/sync.h>

#include "peers/rows.h"

namespace {

// Where the compiler cannot know that nobody else uses them.
rt0::mutex mutex;
rt0::shared_mutex shared_mutex;

double alone() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            const std::lock_guard lock(mutex);
            bench::keep(&mutex);
        }
    });
}

double contended() {
    const int goroutines = bench::lockers_per_p * rt0::gomaxprocs();
    return bench::measure([goroutines](long n) {
               long count = 0;
               rt0::wait_group group;
               for (int i = 0; i < goroutines; ++i) {
                   group.go([&count, n] {
                       for (long turn = 0; turn < n; ++turn) {
                           const std::lock_guard lock(mutex);
                           ++count;
                       }
                   });
               }
               group.wait();
               bench::check(count == n * goroutines);
           }) /
           goroutines;
}

double read_lock() {
    const int goroutines = rt0::gomaxprocs();
    return bench::measure([goroutines](long n) {
               rt0::wait_group group;
               for (int i = 0; i < goroutines; ++i) {
                   group.go([n] {
                       for (long turn = 0; turn < n; ++turn) {
                           const std::shared_lock lock(shared_mutex);
                           bench::keep(&shared_mutex);
                       }
                   });
               }
               group.wait();
           }) /
           goroutines;
}

constexpr bench::row rows[] = {
    {"mutex", alone},
    {"contended", contended},
    {"read_lock", read_lock},
};

} // namespace

int main(int argc, char** argv) {
    // As in any program that has use for it: before the first goroutine no lock has an owner.
    rt0::go([] {});
    rt0::yield();
    return bench::answer(rows, argc, argv, [](double number) { rt0::println("{}", number); });
}
