#include "tests/explore/procs.h"

#include <array>
#include <utility>

#include "sched/sched.h"
#include "sched/timer.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"

namespace procs {

namespace {

std::array<runtime::p, most - 1> others;
std::array<runtime::m, most> threads;
std::uint32_t used;

// The heap's lock is that nothing else happens to it while one expires.
runtime::timer* started;
bool expires;

runtime::p& of(std::uint32_t id) {
    return id == 0 ? runtime::p0 : others.at(id - 1);
}

// The calling goroutine runs on that p from now on, as acquirep does it.
void be_on(std::uint32_t id) {
    runtime::tcb* const block = runtime::get_tcb();
    threads.at(id).tls = block;
    block->p = &of(id);
    of(id).m.store(&threads.at(id), std::memory_order_release);
}

} // namespace

void run(const std::function<void()>& main) {
    explore::anew(runtime::sched);
    explore::anew(runtime::p0);
    for (runtime::p& one : others) {
        explore::anew(one);
    }
    for (runtime::m& one : threads) {
        explore::anew(one);
    }
    used = 0;
    started = nullptr;
    expires = false;
    runtime::sched.gomaxprocs.store(most, std::memory_order_relaxed);
    runtime::sched.procs_made.store(most, std::memory_order_relaxed);
    machine::run(most, [&main] {
        be_on(used++);
        main();
    });
}

void go(std::function<void()> body) {
    machine::go([id = used++, body = std::move(body)] {
        be_on(id);
        body();
        explore::check(!runtime::get_tcb()->in_runtime(), "a lock is left");
    });
}

} // namespace procs

namespace runtime {

struct expired {
    g* goroutine = nullptr;
};

void add_ready(expired& to, g* gp) {
    to.goroutine = gp;
}

void timer_heap::remove(timer* t) {
    t->place = 0;
}

bool set_timer(timer* t, int64_t /*when*/) {
    explore::point();
    procs::started = t;
    return false;
}

bool stop_timer(timer* t) {
    explore::point();
    while (procs::expires) {
        explore::pause();
    }
    return std::exchange(procs::started, nullptr) == t;
}

int64_t time_after(int64_t nanoseconds) {
    return nanoseconds;
}

constinit scheduler sched{};
constinit p p0{};

// What locks are told of the scheduler: there are processors enough, and nothing else to run.
bool runqempty(const p* /*pp*/) {
    return true;
}

void gosched() {
    explore::pause();
}

p* proc(uint32_t id) {
    return &procs::of(id);
}

} // namespace runtime

void procs::time_passes() {
    explore::point();
    if (runtime::timer* const due = std::exchange(started, nullptr)) {
        static runtime::timer_heap heap;
        runtime::expired to;
        expires = true;
        due->expire(due, heap, 0, to);
        expires = false;
        if (to.goroutine != nullptr) {
            runtime::ready(to.goroutine);
        }
    }
}
