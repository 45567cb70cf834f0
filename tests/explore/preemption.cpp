// Preemption: the real handler and the real question, with signals that come before any access of
// the thread that is asked. A thread of the model asks as sysmon does, or sysmon itself.
#include <rt0/sync.h>

#include <array>
#include <cstdint>

#include "base/knobs.h"
#include "os/os.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/explore/signals.h"

namespace runtime {

void forget_states(); // sched/preempt.cpp's own, added in CMakeLists.txt

} // namespace runtime

namespace {

using explore::anew;
using explore::check;
using machine::go;
using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;

// How often each part of a model has run; begins anew with each run.
std::array<runtime::atomic<int>, 4> ran;

void begin(uint32_t procs, bool signals, void (*main)()) {
    for (auto& one : ran) {
        anew(one);
    }
    forget_states();
    machine::forget_signals();
    knobs.asyncpreemptoff = signals ? 0 : 1;
    machine::run(procs, [main] {
        // As start_threads does.
        m0.tid.store(os::thread_id(), relaxed);
        init_preemption(&m0);
        main();
    });
}

void runs(size_t which) {
    check(ran.at(which).fetch_add(1, relaxed) == 0, "a goroutine runs twice");
}

// As sysmon, whatever lasts how long.
template <uint32_t id>
void ask(int times, bool by_signal) {
    machine::start_thread([times, by_signal] {
        for (int i = 0; i < times; ++i) {
            if (i > 0) {
                explore::pause();
            }
            if (id < sched.procs_made.load(std::memory_order_acquire)) {
                p* const pp = proc(id);
                preempt(pp, pp->schedtick.load(relaxed), by_signal);
            }
        }
    });
}

// Two others run, whenever it is asked to give way.
void wait_for_two() {
    rt0::wait_group group;
    group.add(2);
    for (size_t i = 0; i < 2; ++i) {
        go([i, &group] {
            runs(i);
            machine::prologue();
            group.done();
        });
    }
    machine::prologue();
    group.wait();
    check(ran[0].load(relaxed) == 1 && ran[1].load(relaxed) == 1, "wait returns before its time");
}

// It does not let the other one run by itself. By its guard, which it looks at:
void asked_by_guard() {
    begin(1, false, [] {
        go([] { runs(0); });
        machine::start_sysmon();
        while (ran[0].load(relaxed) == 0) {
            machine::prologue();
            systemstack([] {}); // the guard is another one meanwhile
            explore::pause();
        }
    });
}

// and where it calls nothing.
void asked_by_signal() {
    begin(1, true, [] {
        go([] { runs(0); });
        machine::start_sysmon();
        while (ran[0].load(relaxed) == 0) {
            explore::pause();
        }
    });
}

template <uint32_t procs, bool by_signal, int times>
void asked_at_any_time() {
    begin(procs, by_signal, [] {
        ask<0>(times, by_signal);
        wait_for_two();
    });
}

// The signal comes to a thread whose goroutine is in the kernel, or comes back.
void asked_in_the_kernel() {
    begin(2, true, [] {
        rt0::wait_group group;
        group.add(1);
        ask<0>(1, true);
        go([&group] {
            runs(0);
            group.done();
        });
        entersyscall();
        runs(1);
        exitsyscall();
        group.wait();
    });
}

// The other p changes hands and its thread ends while it is asked.
template <bool by_signal>
void asked_at_the_end() {
    begin(2, by_signal, [] {
        ask<1>(1, by_signal);
        wait_for_two();
        go([] { runs(2); });
        while (ran[2].load(relaxed) == 0) {
            gosched();
            explore::pause();
        }
    });
}

// Who gives way is there for all, and who is about to go to sleep sees it: nobody else has a p that
// is free.
void asked_beside_a_sleeper() {
    begin(2, true, [] {
        static runtime::atomic<int> asked;
        static runtime::atomic<int> went_on;
        anew(asked);
        anew(went_on);
        go([] { runs(0); });
        go([] {
            runs(1);
            while (went_on.load(relaxed) == 0) {
                explore::pause();
            }
        });
        machine::start_thread([] {
            preempt(&p0, p0.schedtick.load(relaxed), true);
            asked.store(1, relaxed);
        });
        while (asked.load(relaxed) == 0) {
            explore::pause();
        }
        went_on.store(1, relaxed);
    });
}

constexpr std::array<explore::model, 9> models{{
    {"asked_by_guard", asked_by_guard, {.preemptions = 2, .stale = 1}},
    {"asked_by_signal", asked_by_signal, {.preemptions = 2, .stale = 0}},
    {"asked_at_any_time_by_guard",
     asked_at_any_time<1, false, 2>,
     {.preemptions = 2, .stale = 1, .everywhere = true}},
    {"asked_at_any_time",
     asked_at_any_time<1, true, 2>,
     {.preemptions = 2, .stale = 0, .everywhere = true}},
    {"asked_at_any_time_of_two",
     asked_at_any_time<2, true, 1>,
     {.preemptions = 2, .stale = 0, .everywhere = true}},
    {"asked_in_the_kernel",
     asked_in_the_kernel,
     {.preemptions = 2, .stale = 0, .everywhere = true}},
    {"asked_beside_a_sleeper",
     asked_beside_a_sleeper,
     {.preemptions = 1, .stale = 1, .everywhere = true}},
    {"asked_at_the_end", asked_at_the_end<true>, {.preemptions = 1, .stale = 0, .spurious = 1}},
    {"asked_at_the_end_by_guard",
     asked_at_the_end<false>,
     {.preemptions = 1, .stale = 0, .spurious = 1}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
