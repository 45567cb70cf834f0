// futex_lock, and note.
#include "base/lock.h"
#include "base/note.h"

#include <array>
#include <optional>

#include "tests/explore/explore.h"

namespace {

using explore::check;
using runtime::atomic;
using runtime::futex_lock;
using runtime::note;
constexpr auto relaxed = std::memory_order_relaxed;

// Each adds to what only the lock protects: no addition is lost, and nobody sees a half one.
template <int threads, int times>
void exclusion() {
    futex_lock lock;
    atomic<int> sum{0};
    for (int i = 0; i < threads; ++i) {
        explore::start([&] {
            for (int j = 0; j < times; ++j) {
                const runtime::lock_guard guard(lock);
                sum.store(sum.load(relaxed) + 1, relaxed);
            }
        });
    }
    explore::join();
    check(sum.load(relaxed) == threads * times, "an addition is lost");
}

// A waker and a sleeper: no wake is lost, and what the waker wrote is there.
void wake_before_or_after() {
    note event;
    atomic<int> data{0};
    explore::start([&] {
        data.store(7, relaxed);
        event.wake();
    });
    explore::start([&] {
        check(event.sleep(-1), "sleep without end has ended");
        check(data.load(relaxed) == 7, "the sleeper does not see what was before the wake");
    });
    explore::join();
}

// With a limit: true exactly where the wake came before the end, and it is the last word.
void sleep_with_a_limit() {
    note event;
    atomic<int> data{0};
    atomic<int> woken{0};
    explore::start([&] {
        data.store(7, relaxed);
        event.wake();
    });
    explore::start([&] {
        if (event.sleep(1000)) {
            woken.store(1, relaxed);
            check(data.load(relaxed) == 7, "the sleeper does not see what was before the wake");
            return;
        }
        // The wake is still to come, and is not lost.
        check(event.sleep(-1), "sleep without end has ended");
        check(data.load(relaxed) == 7, "the sleeper does not see what was before the wake");
    });
    explore::join();
}

// Cleared and used again, as a thread's own note is: what is handed over is under the lock.
void note_again() {
    futex_lock lock;
    note event;
    atomic<int> turns{0}; // under lock
    explore::start([&] {
        for (int i = 0; i < 2; ++i) {
            check(event.sleep(-1), "sleep without end has ended");
            event.clear();
            const runtime::lock_guard guard(lock);
            turns.store(turns.load(relaxed) + 1, relaxed);
        }
    });
    explore::start([&] {
        event.wake();
        for (bool taken = false; !taken;) {
            {
                const runtime::lock_guard guard(lock);
                taken = turns.load(relaxed) == 1;
            }
            if (!taken) {
                explore::pause();
            }
        }
        event.wake();
    });
    explore::join();
}

constexpr std::array<explore::model, 6> models{{
    {"two_with_the_lock", exclusion<2, 2>, {.preemptions = 3, .stale = 2, .spurious = 1}},
    {"three_with_the_lock", exclusion<3, 1>, {.preemptions = 3, .stale = 1}},
    {"three_with_the_lock_twice", exclusion<3, 2>, {.preemptions = 2, .stale = 1}},
    {"wake_before_or_after", wake_before_or_after, {.preemptions = 3, .stale = 3, .spurious = 2}},
    {"sleep_with_a_limit", sleep_with_a_limit, {.preemptions = 3, .stale = 3, .spurious = 2}},
    {"note_again", note_again, {.preemptions = 2, .stale = 1}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
