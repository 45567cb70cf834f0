// rt0/testing.h: a clock that is held.
//
// Whoever finds that nothing can run any more, where a deadlock would be found otherwise
// (check_deadlock, threads.cpp), has the time go on: those first who wait for that moment, then
// run, once its function has returned, and else to the next deadline that somebody waits for. All
// under sched.lock, with every m asleep; so the time needs no more order than what wakes an m gives
// it.
//
// The idle m that is to be awake when the first timer is due (threads.cpp) sleeps by the kernel's
// clock. While the time is held nothing depends on that, and at the end there is a new one.
#include <rt0/testing.h>

#include <algorithm>
#include <utility>

#include "base/fatal.h"
#include "base/lock.h"
#include "base/text.h"
#include "mem/heap.h"
#include "os/vdso.h"
#include "sched/clock.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace runtime {

constinit atomic<int64_t> held_time{0};

namespace {

constexpr int64_t in_a_second = 1'000'000'000;
constexpr int64_t midnight = 946'684'800; // the first of January 2000

constinit atomic<bool> running{false};
constinit int64_t began = 0; // by the kernel's clock
// Who waits until all others are parked, and run's goroutine, which waits for these too. Under
// sched.lock.
constinit g_queue waiting{};
constinit g* finishing = nullptr;

// The goroutines that there were before, by their numbers, in order.
class known {
public:
    known() = default;
    known(const known&) = delete;
    known& operator=(const known&) = delete;
    ~known() = default;

    void take() {
        size_t room = 0;
        for_each_g([](g* gp, void* count) { *static_cast<size_t*>(count) += is_alive(gp); }, &room);
        goids_ = static_cast<uint64_t*>(mem::allocate(room * sizeof(uint64_t), sizeof(uint64_t)));
        if (goids_ == nullptr) {
            fatal_no_memory("cannot remember the goroutines that there are", os::ENOMEM_);
        }
        room_ = room;
        count_ = 0;
        for_each_g(
            [](g* gp, void* self) {
                auto* const to = static_cast<known*>(self);
                // One that has been started since is as good as one of the test's.
                if (is_alive(gp) && to->count_ < to->room_) {
                    to->goids_[to->count_++] = gp->goid;
                }
            },
            this);
        // Not std::sort: this needs little stack, for sure.
        std::make_heap(goids_, goids_ + count_);
        std::sort_heap(goids_, goids_ + count_);
    }
    [[nodiscard]] bool has(const g* gp) const {
        return std::binary_search(goids_, goids_ + count_, gp->goid);
    }
    void forget() {
        mem::deallocate(goids_);
        goids_ = nullptr;
    }

private:
    uint64_t* goids_ = nullptr;
    size_t count_ = 0;
    size_t room_ = 0;
};

constinit known earlier{};

// What is left behind: how many, and the numbers of the first.
constexpr uint64_t enough = 16;
struct remains {
    text<enough * 22 + 4> list;
    uint64_t count = 0;
};

void look(g* gp, void* to) {
    auto* const left = static_cast<remains*>(to);
    if (!is_alive(gp) || earlier.has(gp)) {
        return;
    }
    if (++left->count <= enough) {
        left->list << (left->count == 1 ? ": " : ", ") << gp->goid;
    } else if (left->count == enough + 1) {
        left->list << " ...";
    }
}

void look_for_others() {
    remains left;
    for_each_g(look, &left);
    if (left.count != 0) {
        text<60> count;
        count << "rt0::testing::run: " << left.count
              << (left.count == 1 ? " goroutine" : " goroutines");
        fatal({count.view(), " left behind", left.list.view()});
    }
}

// On g0: gp is off its stack.
bool join(g* gp, void* /*nothing*/) {
    const lock_guard guard(sched.lock);
    waiting.push(gp);
    return true;
}

bool join_last(g* gp, void* /*nothing*/) {
    const lock_guard guard(sched.lock);
    finishing = gp;
    return true;
}

void set_held(int64_t time) {
    const lock_guard guard(sched.lock);
    held_time.store(time, std::memory_order_relaxed);
    // Whoever sleeps until a time does so by the other clock.
    sched.keeper = nullptr;
    sched.keeper_until.store(0, std::memory_order_relaxed);
}

} // namespace

bool held_time_goes_on(int64_t due) {
    const int64_t now = held_time.load(std::memory_order_relaxed);
    if (now == 0) {
        return false;
    }
    if (waiting.head == nullptr && finishing != nullptr) {
        waiting.push(std::exchange(finishing, nullptr));
    }
    if (waiting.head != nullptr) {
        while (g* const gp = waiting.pop()) {
            set_status(gp, g_status::waiting, g_status::runnable);
            globrunqput(gp);
        }
        return true;
    }
    held_time.store(due > now ? due : now, std::memory_order_relaxed);
    return due != 0;
}

bool clock_if_held(int clock, os::timespec* time) {
    const int64_t now = time_if_held();
    if (now == 0) {
        return false;
    }
    switch (clock) {
    case 0:  // CLOCK_REALTIME
    case 5:  // CLOCK_REALTIME_COARSE
    case 11: // CLOCK_TAI
        *time = {midnight + (now - began) / in_a_second, (now - began) % in_a_second};
        return true;
    case os::clock_monotonic:
    case 4: // CLOCK_MONOTONIC_RAW
    case 6: // CLOCK_MONOTONIC_COARSE
    case 7: // CLOCK_BOOTTIME
        *time = {now / in_a_second, now % in_a_second};
        return true;
    default:
        return false;
    }
}

} // namespace runtime

namespace rt0::testing {

using runtime::held_time;

namespace detail {

void begin() {
    runtime::start_threads();
    // Acquire: pairs with end's release.
    if (runtime::running.exchange(true, std::memory_order_acquire)) {
        runtime::panic("rt0::testing::run: the clock is held already");
    }
    runtime::systemstack([] {
        runtime::earlier.take();
        // Not nanotime, which is there only in a program that has timers.
        runtime::began = runtime::about_now(getp()->timers.clock).latest;
        runtime::set_held(runtime::began);
    });
}

void finish() {
    runtime::park(runtime::join_last, nullptr, runtime::wait_reason::all_others);
    runtime::systemstack(runtime::look_for_others);
}

void end() noexcept {
    runtime::earlier.forget();
    runtime::set_held(0);
    runtime::running.store(false, std::memory_order_release);
    // Those who sleep do so until a time of the kernel's clock again.
    runtime::systemstack(runtime::wakep);
}

} // namespace detail

void wait() {
    if (held_time.load(std::memory_order_relaxed) == 0) {
        runtime::panic("rt0::testing::wait: not in rt0::testing::run");
    }
    runtime::park(runtime::join, nullptr, runtime::wait_reason::all_others);
}

} // namespace rt0::testing
