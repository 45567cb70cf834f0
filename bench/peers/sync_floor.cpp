// The floor of the benchmark of locks: a word that is exchanged to lock and stored to unlock, and
// for those who only read a word for each of them. A thread per core.

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "floors.h"
#include "rows.h"

namespace {

using floors::cores;
using floors::together;

std::atomic<bool> locked = false;

void lock() {
    while (locked.exchange(true, std::memory_order_acquire)) {
        // The one who has it may have no processor.
        for (int turns = 0; locked.load(std::memory_order_relaxed); ++turns) {
            if (turns < 100) {
                __builtin_ia32_pause();
            } else {
                std::this_thread::yield();
            }
        }
    }
}

void unlock() {
    locked.store(false, std::memory_order_release);
}

double alone() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            lock();
            unlock();
        }
    });
}

double contended() {
    return bench::measure([](long n) {
               long count = 0;
               together(cores(), [&count, n](unsigned) {
                   for (long turn = 0; turn < n; ++turn) {
                       lock();
                       ++count;
                       bench::keep(&count);
                       unlock();
                   }
               });
               bench::check(count == n * cores());
           }) /
           cores();
}

struct alignas(64) reader {
    std::atomic<int> reads = 0;
};

double read_lock() {
    std::vector<reader> readers(cores());
    return bench::measure([&readers](long n) {
               together(cores(), [&readers, n](unsigned thread) {
                   std::atomic<int>& reads = readers[thread].reads;
                   for (long turn = 0; turn < n; ++turn) {
                       // A writer that looks for readers later must see it.
                       reads.exchange(1);
                       reads.store(0, std::memory_order_release);
                   }
               });
           }) /
           cores();
}

constexpr bench::row rows[] = {
    {"mutex", alone},
    {"contended", contended},
    {"read_lock", read_lock},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { std::printf("%.6g\n", number); });
}
