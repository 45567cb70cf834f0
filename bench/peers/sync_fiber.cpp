// The rows of the benchmark of locks on Boost.Fiber, which has no shared mutex.

#include <mutex>
#include <vector>

#include "fibers.h"

namespace {

using fibers::fiber;
using fibers::spawn;

boost::fibers::mutex mutex;

double alone() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            const std::lock_guard lock(mutex);
            bench::keep(&mutex);
        }
    });
}

double contended() {
    fibers::use_all_cores();
    const unsigned lockers = bench::lockers_per_p * fibers::cores();
    return bench::measure([lockers](long n) {
               long count = 0;
               std::vector<fiber> all;
               all.reserve(lockers);
               for (unsigned i = 0; i < lockers; ++i) {
                   all.push_back(spawn([&count, n] {
                       for (long turn = 0; turn < n; ++turn) {
                           const std::lock_guard lock(mutex);
                           ++count;
                       }
                   }));
               }
               for (fiber& f : all)
                   f.join();
               bench::check(count == n * lockers);
           }) /
           lockers;
}

constexpr bench::row rows[] = {
    {"mutex", alone},
    {"contended", contended},
};

} // namespace

int main(int argc, char** argv) {
    return fibers::answer(rows, argc, argv);
}
