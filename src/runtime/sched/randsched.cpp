// GODEBUG=randsched=SEED: another schedule for each seed, and the same for the same one.
//
// There is one p, and one goroutine at a time; who runs next is drawn from all that can. Where one
// gives way is drawn too, not only where it has to: whenever it starts another or lets one go on,
// and at any call of a function that asks for stack. For that the guard of the stack always asks to
// give way, as otherwise sysmon has it do (preempt.cpp), and gopreempt asks here whether it is
// meant. A goroutine whose stack goes on in another segment is not asked until it runs anew.
// So what goes wrong once in a million runs, because two goroutines meet at a bad moment, goes
// wrong with one seed in some hundreds, and with that one each time.
//
// The schedule follows from the seed as far as the program does not ask what time it is, or the
// kernel: rt0::testing::run holds the clock. sysmon, which goes by the time, does nothing before it
// has been a hundred milliseconds: long enough for any output, and a loop without a call still ends
// at some time.
//
// How it comes about at little cost for others: switches_left of the p stays zero and it was long
// ago that it has looked around, so each switch goes by schedule and look_around; and it is always
// in a burst, so who lets one go on asks whether to go on himself.
#include "base/knobs.h"
#include "base/lock.h"
#include "base/pause.h"
#include "sched/runq.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// Who has the p has these.
constinit uint64_t state = 0;
constinit uint32_t calls_left = 0;
// One of so many calls gives way, on the average: 1, 2, 4, ... 128, by the seed, because what goes
// wrong by few switches is not found among many, and the other way round.
constinit uint32_t calls = 0;
constexpr uint32_t kinds = 8;

// The next switch shall be drawn too, at whatever time it comes.
void look_at_once(p* pp) {
    pp->switches_left.store(0, std::memory_order_relaxed);
    pp->looked_at = cycles() - (uint64_t{1} << 63);
}

} // namespace

// A random number below limit.
uint32_t draw(uint32_t limit) {
    // splitmix64: the state counts, so no seed is a bad one.
    state += 0x9e3779b97f4a7c15;
    uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x ^= x >> 31;
    return static_cast<uint32_t>((x >> 32) * limit >> 32);
}

g* draw_next(p* pp) {
    look_at_once(pp);
    if (g* const next = runqget_next(pp)) {
        runqput(pp, next, false);
    }
    if (runqlen(pp) < p::runq_size / 2) {
        const lock_guard guard(sched.lock);
        if (g* const gp = globrunqget(pp, p::runq_size / 2 - 1)) {
            runqput(pp, gp, false);
        }
    }
    const uint32_t length = runqlen(pp);
    if (length == 0) {
        return nullptr;
    }
    // Nobody else takes anything from this p.
    const uint32_t head = pp->runqhead.load(std::memory_order_relaxed);
    atomic<g*>& first = pp->runq[head % p::runq_size];
    atomic<g*>& drawn = pp->runq[(head + draw(length)) % p::runq_size];
    g* const gp = drawn.load(std::memory_order_relaxed);
    drawn.store(first.load(std::memory_order_relaxed), std::memory_order_relaxed);
    first.store(gp, std::memory_order_relaxed);
    return runqget_ring(pp);
}

bool drawn_to_go_on() {
    if (calls_left == 0) {
        calls_left = 1 + draw(2 * calls - 1);
    }
    return --calls_left != 0;
}

void begin_to_draw() {
    state = knobs.randsched;
    calls = 1U << draw(kinds);
    p0.burst = 0;
    look_at_once(&p0);
    always_asked = guard_works() ? STACK_PREEMPT_UPPER : 0;
}

} // namespace runtime
