// The scheduler whole: parking and making ready, waking, spinning, stealing, idle threads and p's,
// calls to the kernel, tied goroutines, gomaxprocs while it runs, deadlocks, threads that end, a
// kernel that refuses; wait_group; and what channels and select ask of it.
#include <rt0/chan.h>
#include <rt0/select.h>
#include <rt0/sync.h>

#include <array>
#include <cstring>
#include <optional>

#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"

namespace {

using explore::anew;
using explore::check;
using machine::go;
using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;

// How often each part of a model has run; begins anew with each run.
std::array<runtime::atomic<int>, 4> ran;

void begin(uint32_t procs, void (*main)()) {
    for (auto& one : ran) {
        anew(one);
    }
    machine::run(procs, main);
}

void runs(size_t which) {
    check(ran.at(which).fetch_add(1, relaxed) == 0, "a goroutine runs twice");
}

// Keeps its p until that has happened: somebody else must do it.
void until(const runtime::atomic<int>& happened) {
    while (happened.load(std::memory_order_acquire) == 0) {
        explore::pause();
    }
}

// What those who are waited for did is seen by who waited.
template <uint32_t procs>
void wait_for_two() {
    begin(procs, [] {
        rt0::wait_group group;
        group.add(2);
        for (size_t i = 0; i < 2; ++i) {
            go([i, &group] {
                runs(i);
                group.done();
            });
        }
        group.wait();
        check(ran[0].load(relaxed) == 1 && ran[1].load(relaxed) == 1,
              "wait returns before its time");
    });
}

// Two wait for one.
void two_wait() {
    begin(2, [] {
        static rt0::wait_group gate;
        anew(gate);
        rt0::wait_group all;
        gate.add(1);
        all.add(1);
        go([&all] {
            gate.wait();
            runs(0);
            all.done();
        });
        go([] { gate.done(); });
        gate.wait();
        all.wait();
        check(ran[0].load(relaxed) == 1, "wait returns before its time");
    });
}

// The main goroutine does not let its p go: what has left runnext for the ring wakes another
// thread.
void others_are_woken() {
    begin(2, [] {
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
    });
}

// And so once the others have gone to sleep.
void others_are_woken_again() {
    begin(2, [] {
        rt0::wait_group group;
        group.add(1);
        go([&group] {
            runs(0);
            group.done();
        });
        go([] { runs(1); });
        group.wait();
        go([] { runs(2); });
        go([] { runs(3); });
        until(ran[2]);
    });
}

// The last spinner that finds work sees to it that somebody looks for the rest.
void one_spinner_brings_the_next() {
    begin(3, [] {
        go([] {
            runs(0);
            until(ran[1]);
        });
        go([] { runs(1); });
        go([] { runs(2); });
        until(ran[0]);
        until(ran[1]);
    });
}

void yields() {
    begin(2, [] {
        rt0::wait_group group;
        group.add(2);
        for (size_t i = 0; i < 2; ++i) {
            go([i, &group] {
                gosched();
                runs(i);
                group.done();
            });
        }
        gosched();
        group.wait();
    });
}

// A call to the kernel that lasts until another goroutine has run.
template <uint32_t procs>
void the_kernel_holds_nobody_up() {
    begin(procs, [] {
        machine::start_sysmon();
        go([] { runs(0); });
        entersyscall();
        until(ran[0]);
        exitsyscall();
    });
}

// Others have the processor until there is nothing for them to do.
void rest() {
    for (int i = 0; i < 3; ++i) {
        explore::pause();
    }
}

// A call that comes back while its p is taken, and nobody wants it.
void back_from_the_kernel_on_one() {
    begin(1, [] {
        machine::start_sysmon();
        entersyscall();
        rest(); // sysmon looks twice before it takes a p away
        exitsyscall();
        runs(0);
    });
}

// And where somebody does.
void back_from_the_kernel() {
    begin(2, [] {
        rt0::wait_group group;
        group.add(1);
        go([&group] {
            runs(0);
            group.done();
        });
        machine::start_sysmon();
        entersyscall();
        rest();
        exitsyscall();
        group.wait();
    });
}

void fewer_and_more() {
    begin(2, [] {
        rt0::wait_group group;
        group.add(2);
        for (size_t i = 0; i < 2; ++i) {
            go([i, &group] {
                runs(i);
                group.done();
            });
        }
        set_gomaxprocs(1);
        gosched();
        set_gomaxprocs(2);
        {
            const no_preempt here;
            wakep();
        }
        group.wait();
    });
}

void more_than_one() {
    begin(1, [] {
        go([] { runs(0); });
        go([] { runs(1); });
        set_gomaxprocs(2);
        {
            const no_preempt here;
            wakep();
        }
        until(ran[0]);
    });
}

// The p that was retired comes back.
void fewer_and_as_many_again() {
    begin(2, [] {
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
        set_gomaxprocs(1);
        rest();
        set_gomaxprocs(2);
        go([] { runs(2); });
        go([] { runs(3); });
        until(ran[2]);
    });
}

// Its goroutine runs on that thread and no other.
void tied() {
    begin(2, [] {
        rt0::wait_group group;
        group.add(1);
        go([&group] {
            g* const gp = getg();
            m* const mp = gp->m;
            ++mp->lockedext;
            mp->lockedg = gp;
            gp->locked = true;
            gosched();
            check(getg()->m == mp && mp->curg == getg(), "a tied goroutine is on another thread");
            runs(0);
            group.done();
        });
        go([] { runs(1); });
        group.wait();
        check(ran[0].load(relaxed) == 1, "wait returns before its time");
    });
}

// All wait: it says so, whichever thread is the last to go to sleep.
void deadlock() {
    begin(2, [] {
        machine::expect_fatal("all goroutines are asleep - deadlock!");
        static rt0::wait_group never;
        anew(never);
        never.add(1);
        go([] { never.wait(); });
        go([] { runs(1); });
        never.wait();
    });
}

void begin_with_channels(void (*main)()) {
    machine::refuse_fences(false);
    allow_lock_owners();
    begin(2, main);
}

// Who parks on a channel's lock drops it once off the stack, where it goes to the next goroutine
// at hand and where it goes to look for one.
void two_send() {
    begin_with_channels([] {
        const rt0::chan<int> c(0);
        go([&c] { c.send(1); });
        go([&c] { c.send(2); });
        const std::optional<int> one = c.recv();
        const std::optional<int> other = c.recv();
        check(one && other && *one + *other == 3, "a value is lost or there twice");
    });
}

// What a call had on its stack is gone now.
[[gnu::noinline]] void after() {
    std::array<std::byte, 1024> room;
    std::memset(room.data(), 0xee, room.size());
    asm volatile("" : : "r"(room.data()) : "memory");
}

// A select drops the locks off its stack, of which nothing may be left then.
void a_select_waits() {
    begin_with_channels([] {
        const rt0::chan<int> c(0);
        const rt0::chan<int> d(0);
        go([&d] {
            runs(0);
            d.send(1);
        });
        go([] { runs(1); });
        until(ran[0]); // on another thread
        int got = 0;
        const auto take = [&got](std::optional<int> value) { got = value.value_or(-1); };
        rt0::select(rt0::recv(c, take), rt0::recv(d, take));
        after();
        rest();
        check(got == 1, "another value");
    });
}

// Until all other threads sleep or are over.
void until_idle() {
    for (;;) {
        {
            const runtime::lock_guard guard(sched.lock);
            if (sched.mcount - sched.nmidle == 1) {
                return;
            }
        }
        explore::pause();
    }
}

// A thread that has had nothing to do for its time ends, and somebody wants to wake it; its memory
// is the next one's.
void an_idle_thread_ends() {
    begin(2, [] {
        go([] { runs(0); });
        go([] {
            explore::pause();
            runs(1);
        });
        until(ran[0]);
        until_idle();
        go([] { runs(2); });
        until(ran[1]);
    });
}

// And the other is in the kernel: that is no deadlock.
void all_idle_threads_end() {
    begin(2, [] {
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
        entersyscall();
        rest();
        exitsyscall();
        go([] { runs(2); });
        gosched();
    });
}

// Where it needs another thread, or memory for one or for a p, and gets none, it says so.
void no_thread_is_left() {
    begin(2, [] {
        machine::expect_fatal("newosproc");
        machine::refuse_threads();
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
    });
}

void no_memory_for_a_thread() {
    begin(1, [] {
        machine::expect_fatal("cannot map the stack of a thread");
        go([] { runs(0); });
        machine::start_sysmon();
        machine::refuse_memory();
        entersyscall();
        until(ran[0]);
    });
}

void no_memory_for_a_p() {
    begin(2, [] {
        machine::expect_fatal("cannot map a p");
        machine::refuse_memory();
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
    });
}

// Each goroutine in the kernel holds a thread: at Go's limit it says so.
void too_many_threads() {
    begin(2, [] {
        machine::expect_fatal("thread exhaustion");
        {
            const runtime::lock_guard guard(sched.lock);
            sched.mcount = 10'000;
        }
        go([] { runs(0); });
        go([] { runs(1); });
        until(ran[0]);
    });
}

void more_done_than_added() {
    begin(2, [] {
        machine::expect_fatal("sync: negative WaitGroup counter");
        rt0::wait_group group;
        group.done();
    });
}

constexpr std::array<explore::model, 25> models{{
    {"wait_for_two", wait_for_two<2>, {.preemptions = 3, .stale = 1}},
    {"wait_for_two_on_one", wait_for_two<1>, {.preemptions = 3, .stale = 2}},
    {"two_wait", two_wait, {.preemptions = 2, .stale = 1}},
    {"others_are_woken", others_are_woken, {.preemptions = 3, .stale = 1}},
    {"others_are_woken_again", others_are_woken_again, {.preemptions = 2, .stale = 1}},
    {"one_spinner_brings_the_next", one_spinner_brings_the_next, {.preemptions = 1, .stale = 1}},
    {"yields", yields, {.preemptions = 2, .stale = 1}},
    {"the_kernel_holds_nobody_up", the_kernel_holds_nobody_up<2>, {.preemptions = 2, .stale = 0}},
    {"the_kernel_holds_nobody_up_on_one",
     the_kernel_holds_nobody_up<1>,
     {.preemptions = 2, .stale = 0}},
    {"back_from_the_kernel_on_one", back_from_the_kernel_on_one, {.preemptions = 2, .stale = 1}},
    {"back_from_the_kernel", back_from_the_kernel, {.preemptions = 2, .stale = 0}},
    {"fewer_and_more", fewer_and_more, {.preemptions = 3, .stale = 1}},
    {"more_than_one", more_than_one, {.preemptions = 2, .stale = 1}},
    {"fewer_and_as_many_again", fewer_and_as_many_again, {.preemptions = 1, .stale = 1}},
    {"tied", tied, {.preemptions = 2, .stale = 0}},
    {"deadlock", deadlock, {.preemptions = 2, .stale = 1}},
    {"two_send", two_send, {.preemptions = 2, .stale = 1}},
    {"a_select_waits", a_select_waits, {.preemptions = 2, .stale = 0}},
    {"an_idle_thread_ends", an_idle_thread_ends, {.preemptions = 2, .stale = 0, .spurious = 1}},
    {"all_idle_threads_end", all_idle_threads_end, {.preemptions = 1, .stale = 0, .spurious = 1}},
    {"no_thread_is_left", no_thread_is_left, {.preemptions = 1, .stale = 0}},
    {"no_memory_for_a_thread", no_memory_for_a_thread, {.preemptions = 1, .stale = 0}},
    {"no_memory_for_a_p", no_memory_for_a_p, {.preemptions = 1, .stale = 0}},
    {"too_many_threads", too_many_threads, {.preemptions = 1, .stale = 0}},
    {"more_done_than_added", more_done_than_added, {.preemptions = 1, .stale = 0}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
