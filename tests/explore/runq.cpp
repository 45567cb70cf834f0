// The run queue of a p: its owner, thieves, and the global queue where it overflows. The ring is
// made short (CMakeLists.txt), so that it wraps and overflows soon.
#include "sched/runq.h"

#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "sched/sched.h"
#include "tests/explore/explore.h"

namespace runtime {

scheduler sched;

} // namespace runtime

namespace {

using explore::anew;
using explore::check;
using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;

constexpr int most_goroutines = 8;
constexpr int most_ps = 3;

std::array<p, most_ps> ps;
std::array<g, most_goroutines> goroutines;
// What the goroutine's last owner has written, which its next must see; how often it was taken.
std::array<runtime::atomic<int>, most_goroutines> written;
std::array<runtime::atomic<int>, most_goroutines> taken;

void begin() {
    anew(sched);
    sched.gomaxprocs.store(most_ps, relaxed);
    for (p& one : ps) {
        anew(one);
        one.id = static_cast<uint32_t>(&one - ps.data());
    }
    for (g& one : goroutines) {
        anew(one);
    }
    for (int i = 0; i < most_goroutines; ++i) {
        anew(written.at(static_cast<size_t>(i)));
        anew(taken.at(static_cast<size_t>(i)));
    }
}

void put(p& pp, int which) {
    written.at(static_cast<size_t>(which)).store(1, relaxed);
    runqput(&pp, &goroutines.at(static_cast<size_t>(which)), false);
}

void took(const g* gp) {
    const auto which = static_cast<size_t>(gp - goroutines.data());
    check(written.at(which).load(relaxed) == 1, "a goroutine comes without what was written");
    check(taken.at(which).fetch_add(1, relaxed) == 0, "a goroutine is taken twice");
}

void drain(p& pp) {
    bool inherit_time = false;
    while (const g* const gp = runqget(&pp, &inherit_time)) {
        took(gp);
    }
}

void drain_global() {
    const runtime::lock_guard guard(sched.lock);
    while (const g* const gp = sched.runq.pop()) {
        took(gp);
    }
}

// All that were put were taken, once.
void end(int count) {
    explore::join();
    for (p& one : ps) {
        drain(one);
    }
    drain_global();
    for (int i = 0; i < most_goroutines; ++i) {
        check(taken.at(static_cast<size_t>(i)).load(relaxed) == (i < count ? 1 : 0),
              "a goroutine is lost");
    }
}

void thief(int from, int to) {
    auto& own = ps.at(static_cast<size_t>(to));
    if (const g* const gp = runqsteal(&own, &ps.at(static_cast<size_t>(from)))) {
        took(gp);
    }
}

void one_thief() {
    begin();
    explore::start([] {
        for (int i = 0; i < 3; ++i) {
            put(ps[0], i);
        }
        drain(ps[0]);
    });
    explore::start([] {
        thief(0, 1);
        drain(ps[1]);
    });
    end(3);
}

// The owner puts more than there is room for, so slots are written again.
void the_ring_wraps() {
    begin();
    explore::start([] {
        for (int i = 0; i < 6; ++i) {
            put(ps[0], i);
            if (i % 2 == 1) {
                bool inherit_time = false;
                if (const g* const gp = runqget(ps.data(), &inherit_time)) {
                    took(gp);
                }
            }
        }
    });
    explore::start([] {
        thief(0, 1);
        drain(ps[1]);
        thief(0, 1);
    });
    end(6);
}

void two_thieves() {
    begin();
    explore::start([] {
        for (int i = 0; i < 4; ++i) {
            put(ps[0], i);
        }
        drain(ps[0]);
    });
    for (int i = 1; i <= 2; ++i) {
        explore::start([i] {
            thief(0, i);
            drain(ps.at(static_cast<size_t>(i)));
        });
    }
    end(4);
}

void a_thief_is_robbed() {
    begin();
    for (int i = 0; i < 4; ++i) {
        put(ps[0], i);
    }
    explore::start([] {
        thief(0, 1);
        drain(ps[1]);
    });
    explore::start([] {
        thief(1, 2);
        drain(ps[2]);
    });
    end(4);
}

// Half of a full ring goes to the global queue while thieves make room.
void overflow() {
    begin();
    explore::start([] {
        for (int i = 0; i < 7; ++i) {
            put(ps[0], i);
        }
    });
    explore::start([] {
        thief(0, 1);
        drain(ps[1]);
    });
    explore::start([] {
        const runtime::lock_guard guard(sched.lock);
        if (const g* const gp = globrunqget(&ps[2], 2)) {
            took(gp);
        }
    });
    end(7);
}

// What ringempty says is true of a moment between its call and its return.
void empty_or_not() {
    begin();
    static runtime::atomic<int> done;
    anew(done);
    put(ps[0], 0);
    explore::start([] {
        put(ps[0], 1);
        done.store(1, std::memory_order_release);
        bool inherit_time = false;
        if (const g* const gp = runqget(ps.data(), &inherit_time)) {
            took(gp);
        }
    });
    explore::start([] {
        // One is there all the time until two were taken.
        const bool empty = ringempty(ps.data());
        check(!empty, "a ring that has something seems to be empty");
    });
    end(2);
}

constexpr std::array<explore::model, 6> models{{
    {"one_thief", one_thief, {.preemptions = 3, .stale = 2}},
    {"the_ring_wraps", the_ring_wraps, {.preemptions = 2, .stale = 1}},
    {"two_thieves", two_thieves, {.preemptions = 2, .stale = 1}},
    {"a_thief_is_robbed", a_thief_is_robbed, {.preemptions = 3, .stale = 2}},
    {"overflow", overflow, {.preemptions = 2, .stale = 1}},
    {"empty_or_not", empty_or_not, {.preemptions = 3, .stale = 2}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
