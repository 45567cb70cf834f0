// The scheduler's loop: newproc, schedule, execute, park, ready.
#include "base/fatal.h"
#include "base/if_linked.h"
#include "base/pause.h"
#include "os/os.h"
#include "sched/runq.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// The global queue and the ring's oldest have their turn, and runnext does without its privilege,
// every so many switches, so that goroutines that keep readying each other starve nobody. Go's
// number, a prime. But not more often than every so many cycles of the time stamp counter, some
// twenty microseconds: who gets in on top of a tree of goroutines that is being worked through
// depth first begins another one, and so many of them would be alive at once.
constexpr uint32_t switches_between_looks = 61;
constexpr uint64_t cycles_between_looks = 50'000;

constexpr uint32_t goid_batch = 16;

// Goroutine 1's: it takes over the kernel's stack. rt0_go has left room for it above the frames of
// the boot, and these are dead when it starts. So it needs no system call, no mapping and no page
// that the kernel has not touched already, and has the kernel's own guard
// (docs/decisions/002-layout.md).
g* first_g() {
    static_assert(sizeof(g) + 2 * cache_line <= FIRST_G_ROOM);
    const uintptr_t top = ((g0.stack_hi + FIRST_G_ROOM) & ~(cache_line - 1)) - sizeof(g);
    auto* const gp = new (reinterpret_cast<void*>(top)) g{};
    gp->stack_hi = top;
    gp->status.store(g_status::dead, std::memory_order_relaxed);
    sched.first = gp;
    return gp;
}

uint64_t next_goid(p* pp) {
    if (pp->goid_next == pp->goid_end) [[unlikely]] {
        // Relaxed: only the numbers must differ.
        pp->goid_next = sched.goidgen.fetch_add(goid_batch, std::memory_order_relaxed) + 1;
        pp->goid_end = pp->goid_next + goid_batch;
    }
    return pp->goid_next++;
}

// One from the global queue, or null; up to so many more move to pp's.
g* look_at_global(p* pp, uint32_t most) {
    // Relaxed: a g that is put there at this moment is found the next time, or by whoever its
    // submitter wakes.
    if (sched.runq_size.load(std::memory_order_relaxed) == 0) {
        return nullptr;
    }
    const lock_guard guard(sched.lock);
    return globrunqget(pp, most);
}

// Is it time to look around? If not, so many more switches have to come first. (Where the counters
// of two processors differ it is once too early or a little too late.)
bool time_to_look(p* pp) {
    if (pp->switches_left.load(std::memory_order_relaxed) != 0) [[likely]] {
        return false;
    }
    if (cycles() - pp->looked_at >= cycles_between_looks) {
        return true;
    }
    pp->switches_left.store(switches_between_looks, std::memory_order_relaxed);
    return false;
}

// What those that the p has at hand would starve, or null. The global queue and the ring take
// turns, or what the ring has would wait for as long as the global queue has something.
g* look_around(p* pp) {
    pp->switches_left.store(switches_between_looks, std::memory_order_relaxed);
    pp->looked_at = cycles();
    ++pp->looks;
    if (auto* const more = if_linked(look_after)) {
        if (g* const gp = more(pp)) {
            return gp;
        }
    }
    if (g* const next = runqget_next(pp)) {
        runqput(pp, next, false);
    }
    // One: more would make a full ring of one that is full enough, and half of that would go back.
    g* const gp = pp->looks % 2 != 0 ? look_at_global(pp, 0) : nullptr;
    return gp != nullptr ? gp : runqget_ring(pp);
}

// Blocks until there is a goroutine to run. *inherit_time: it continues the time slice of the last.
g* findrunnable(bool* inherit_time) {
    m* const mp = getg()->m;
    for (;;) {
        p* const pp = getp();
        *inherit_time = false;
        if (pp->id >= sched.gomaxprocs.load(std::memory_order_relaxed)) [[unlikely]] {
            if_linked(retirep)(mp);
            continue; // with another p
        }
        if (time_to_look(pp)) {
            if (g* const gp = look_around(pp)) {
                return gp;
            }
        }
        if (g* const gp = runqget(pp, inherit_time)) {
            return gp;
        }
        if (g* const gp = look_at_global(pp, p::runq_size / 2)) {
            return gp;
        }
        auto* const elsewhere = if_linked(find_elsewhere);
        if (elsewhere == nullptr) {
            // One m, and nothing outside the program that could make a goroutine ready but time.
            auto* const wait = if_linked(wait_for_timers);
            if (wait != nullptr && wait(pp)) {
                continue;
            }
            fatal("all goroutines are asleep - deadlock!");
        }
        if (g* const gp = elsewhere(mp)) {
            return gp;
        }
    }
}

// mcall's: the goroutine is off its stack here.
g* gosched_on_g0(g* gp, void* /*nothing*/) {
    p* const pp = getp();
    set_status(gp, g_status::running, g_status::runnable);
    leave_m(gp);
    runqput(pp, gp, false);
    tell_others(pp);
    return schedule();
}

struct park_request {
    bool (*unlock)(g* gp, void* lock);
    void* lock;
    wait_reason reason;
};

g* park_on_g0(g* gp, void* argument) {
    // On the parked goroutine's own stack, which nobody touches before unlock lets the waker in.
    const park_request request = *static_cast<const park_request*>(argument);
    gp->waiting_for = request.reason;
    set_status(gp, g_status::running, g_status::waiting);
    leave_m(gp);
    if (request.unlock != nullptr && !request.unlock(gp, request.lock)) {
        set_status(gp, g_status::waiting, g_status::runnable);
        return execute(gp, true);
    }
    m* const mp = getg()->m;
    if (mp->lockedg == nullptr) [[likely]] {
        if (g* const next = next_at_hand(mp, getp())) {
            return next;
        }
    }
    return schedule();
}

} // namespace

void tell_others(p* pp) {
    auto* const wake = if_linked(wakep);
    if (wake == nullptr || pp->exclusive.load(std::memory_order_relaxed)) {
        return;
    }
    // The fence stands between the store into the queue and the look at npidle: an m that goes to
    // sleep does it the other way round (find_elsewhere), so one of the two sees the other.
    runtime::atomic_thread_fence(std::memory_order_seq_cst);
    if (sched.npidle.load(std::memory_order_relaxed) == 0 ||
        sched.nmspinning.load(std::memory_order_relaxed) != 0) {
        return;
    }
    // Starting a thread takes more stack than a goroutine may have.
    if (getg() == getg()->m->g0) {
        wake();
    } else {
        systemstack(wake);
    }
}

constinit uint32_t always_asked = 0;

void prepare_g(p* pp, g* gp, funcval* start, size_t room, uintptr_t created_by) {
    gp->created_by = created_by;
    gp->goid = next_goid(pp);
    // gogo pops the funcval; then rsp is 16-byte aligned, as the ABI wants it before a call.
    uintptr_t top = (gp->stack_hi - room) & ~uintptr_t{15};
    if (const auto plain = reinterpret_cast<uintptr_t>(gp->segment);
        plain != gp->stack_hi && plain != 0) [[unlikely]] {
        top = plain; // its stack is elsewhere
    }
    reinterpret_cast<funcval**>(top)[-1] = start;
    gp->sp = (top - sizeof(funcval*)) | SP_FRESH;
    set_status(gp, g_status::dead, g_status::runnable);
    // The owner's alone: no locked instruction.
    pp->started.store(pp->started.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void submit_g(p* pp, g* gp) {
    if (pp->runnext.load(std::memory_order_relaxed) == nullptr) [[likely]] {
        pp->runnext.store(gp, std::memory_order_relaxed);
    } else if (runqput(pp, gp, true)) {
        tell_others(pp);
    }
}

uint8_t submit_or_run(p* pp, g* gp) {
    if (runqlen(pp) < pp->burst) [[likely]] {
        submit_g(pp, gp);
        no_preempt::end();
        return 0;
    }
    g* const starter = getg();
    if (time_to_look(pp) || starter->locked || gp->locked) [[unlikely]] {
        submit_g(pp, gp);
        no_preempt::end();
        gosched();
        return 0;
    }
    set_running(starter->m, pp, gp, false);
    starter->status.store(g_status::runnable, std::memory_order_relaxed);
    starter->schedlink = pp->starters.load(std::memory_order_relaxed);
    // Only this m takes it from there, and not before it has left it.
    pp->starters.store(starter, std::memory_order_relaxed);
    return switch_to(starter, gp, &pp->switches_left,
                     pp->switches_left.load(std::memory_order_relaxed) - 1);
}

void start_g(g* gp, funcval* start, size_t room, uintptr_t created_by) {
    const no_preempt here;
    p* const pp = getp();
    prepare_g(pp, gp, start, room, created_by);
    submit_g(pp, gp);
}

void newproc(funcval* fn) {
    g* const gp = sched.first == nullptr ? first_g() : if_linked(new_g)(0);
    start_g(gp, fn, 0, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
}

g* mstart1() {
    m* const mp = getg()->m;
    if (mp->mstartfn != nullptr) {
        mp->mstartfn();
    }
    if (mp->nextp != nullptr) {
        acquirep(mp->nextp);
        mp->nextp = nullptr;
    }
    g* const first = schedule();
    asm("" : : "r"(first)); // not a tail call, so that backtraces show this function
    return first;
}

g* schedule() {
    m* const mp = getg()->m;
    for (;;) {
        if (mp->lockedg != nullptr) [[unlikely]] {
            if_linked(stop_locked_m)(mp);
            return execute(mp->lockedg, false);
        }
        bool inherit_time = false;
        g* const gp = findrunnable(&inherit_time);
        if (mp->spinning) {
            if_linked(stop_spinning)(mp);
        }
        if (gp->locked) [[unlikely]] {
            if_linked(start_locked_m)(mp, gp);
            continue;
        }
        g* const next = execute(gp, inherit_time);
        asm("" : : "r"(next)); // not a tail call, so that backtraces show this function
        return next;
    }
}

g* execute(g* gp, bool inherit_time) {
    p* const pp = getp();
    if (const uint32_t left = pp->switches_left.load(std::memory_order_relaxed); left != 0) {
        pp->switches_left.store(left - 1, std::memory_order_relaxed);
    }
    set_running(getg()->m, pp, gp, inherit_time);
    return gp;
}

void gosched() {
    no_preempt::begin();
    g* const gp = getg();
    p* const pp = getp();
    if (!gp->locked) [[likely]] {
        g* const next = next_at_hand(gp->m, pp);
        if (next != nullptr) [[likely]] {
            // Acquire: pairs with a thief's release; the slot at tail is free.
            const uint32_t head = pp->runqhead.load(std::memory_order_acquire);
            const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
            if (tail - head == p::runq_size) [[unlikely]] {
                runqput_slow(pp);
            }
            // There is as much in the ring as before, so nobody is told.
            gp->status.store(g_status::runnable, std::memory_order_relaxed);
            gp->m = nullptr;
            pp->runq[tail % p::runq_size].store(gp, std::memory_order_relaxed);
            switch_to(gp, next, &pp->runqtail, tail + 1);
            return;
        }
        if (is_alone(pp)) {
            no_preempt::end();
            return;
        }
    }
    no_preempt::end();
    mcall(gosched_on_g0, nullptr);
    ask_if_always();
}

void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason reason) {
    park_request request{unlock, lock, reason};
    mcall(park_on_g0, &request);
    ask_if_always();
}

// park's, where there is none at hand but tied, or null. A function, so that park needs no stack.
[[gnu::noinline]] static void park_by_g0(biased_lock& held, g* tied) {
    if (tied != nullptr) {
        runqput(getp(), tied, true); // schedule takes it first
    }
    park(
        [](g* /*gp*/, void* lock) {
            static_cast<biased_lock*>(lock)->unlock();
            return true;
        },
        &held, getg()->waiting_for);
}

void park(biased_lock& held, wait_reason reason) {
    g* const gp = getg();
    gp->waiting_for = reason;
    g* tied = nullptr;
    if (!gp->locked) [[likely]] {
        if (g* const next = next_at_hand(gp->m, getp(), tied)) [[likely]] {
            gp->status.store(g_status::waiting, std::memory_order_relaxed);
            gp->m = nullptr;
            if (held.is_owned()) [[likely]] {
                switch_to_as_owner(gp, next);
            } else {
                no_preempt::begin();
                switch_to(gp, next, held.hand_over(), 0);
            }
            return;
        }
    }
    park_by_g0(held, tied);
}

void ready(g* gp) {
    const no_preempt here;
    set_status(gp, g_status::waiting, g_status::runnable);
    submit_g(getp(), gp);
}

void ready_in_turn(g* gp) {
    set_status(gp, g_status::waiting, g_status::runnable);
    submit_in_turn(getp(), gp);
}

void submit_in_turn(p* pp, g* gp) {
    if (runqempty(pp)) {
        pp->runnext.store(gp, std::memory_order_relaxed); // this m runs it
    } else {
        (void)runqput(pp, gp, false);
    }
}

uint8_t ready_at_last(g* gp) {
    p* const pp = getp();
    // It runs soon: the end of its stack, and what it waits with, which lies behind that.
    __builtin_prefetch(reinterpret_cast<void*>(gp->sp));
    __builtin_prefetch(reinterpret_cast<void*>(gp->sp + cache_line));
    set_status(gp, g_status::waiting, g_status::runnable);
    if (runqlen(pp) < pp->burst) [[likely]] {
        if (pp->runnext.load(std::memory_order_relaxed) == nullptr) [[likely]] {
            pp->runnext.store(gp, std::memory_order_relaxed);
        } else {
            submit_g(pp, gp);
        }
        set_claim(0);
        return 0;
    }
    no_preempt::begin();
    set_claim(0);
    return submit_or_run(pp, gp);
}

void acquirep(p* pp) {
    tcb* const block = get_tcb();
    // Release: pairs with preempt's acquire; sysmon finds what the m was made with.
    pp->m.store(getg()->m, std::memory_order_release);
    // Relaxed: what hands a p over, the lock or sysmon's compare-and-swap, orders it.
    pp->status.store(p_status::running, std::memory_order_relaxed);
    block->p = pp;
    block->blocks = &pp->blocks;
    block->slots = &pp->slots;
}

p* releasep() {
    tcb* const block = get_tcb();
    p* const pp = block->p;
    pp->status.store(p_status::idle, std::memory_order_relaxed);
    // Release: pairs with the acquire of who takes a seat from a shared_mutex: he sees what was
    // done here by the claims that he does not look at any more.
    pp->m.store(nullptr, std::memory_order_release);
    block->p = nullptr;
    block->blocks = nullptr;
    block->slots = nullptr;
    return pp;
}

void procresize(uint32_t count) {
    count = count < most_procs ? count : most_procs;
    sched.npidle.store(count - 1, std::memory_order_relaxed);
    sched.gomaxprocs.store(count, std::memory_order_relaxed);
    sched.procs_made.store(1, std::memory_order_relaxed);
    sched.mcount = 1;
    m0.tls = get_tcb();
    p0.exclusive.store(true, std::memory_order_relaxed); // until start_threads
    p0.switches_left.store(switches_between_looks, std::memory_order_relaxed);
    p0.burst = burst;
    acquirep(&p0);
}

} // namespace runtime
