// The scheduler's loop: newproc, schedule, execute, park, ready.
#include "sched/sched.h"

#include "base/fatal.h"
#include "base/if_linked.h"
#include "mem/stack.h"
#include "os/os.h"

namespace runtime {

namespace {

// The stack of a goroutine. A page of it costs nothing before it is touched; the least is what a
// small program still runs on where RLIMIT_AS leaves no more.
constexpr size_t goroutine_stack = 256 * 1024;
constexpr size_t least_stack = 32 * 1024;

// The global queue is looked at every so many time slices, so that two goroutines that keep
// readying each other on a p do not starve it. Go's number, a prime.
constexpr uint32_t global_queue_tick = 61;

// So many goroutines in a row may inherit a time slice through runnext; then whoever waits in the
// queue comes first, so that two goroutines that keep readying each other do not have the p to
// themselves.
constexpr uint32_t most_inherited = 256;

constexpr uint32_t goid_batch = 16;

// How many dead g's a p keeps before half of them go to the global list.
constexpr uint32_t gfree_limit = 64;

// What mcall leaves on a stack, from the stack pointer up: the callee-saved registers and the
// address where the goroutine goes on.
struct saved_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, pc;
};

// Makes gp a goroutine that is about to begin with start: gogo pops this frame and "returns" into
// goexit, which finds start in rbx.
void prepare(g* gp, funcval* start, size_t room) {
    static_assert(sizeof(saved_frame) % 16 == 8);
    // In goexit rsp is 16-byte aligned, as the ABI wants it before a call.
    const uintptr_t top = (gp->stack_hi - room) & ~uintptr_t{15};
    auto* const frame = reinterpret_cast<saved_frame*>(top - sizeof(saved_frame));
    frame->rbp = 0; // ends the chain for whoever walks frame pointers
    frame->rbx = reinterpret_cast<uint64_t>(start);
    // Behind its first byte, as if it had made the call that gogo returns from.
    frame->pc = reinterpret_cast<uintptr_t>(goexit) + 1;
    gp->sp = reinterpret_cast<uintptr_t>(frame);
}

// A dead g to use again, or null. Fetches as many from the global list as would be given to it.
g* gfget(p* pp) {
    if (g* const gp = pp->gfree.pop()) {
        return gp;
    }
    const lock_guard guard(sched.lock);
    while (pp->gfree.size < gfree_limit / 2) {
        g* const gp = sched.gfree.pop();
        if (gp == nullptr) {
            break;
        }
        pp->gfree.push(gp);
    }
    return pp->gfree.pop();
}

void gfput(p* pp, g* gp) {
    pp->gfree.push(gp);
    if (pp->gfree.size < gfree_limit) {
        return;
    }
    const lock_guard guard(sched.lock);
    while (pp->gfree.size > gfree_limit / 2) {
        sched.gfree.push(pp->gfree.pop());
    }
}

constexpr uintptr_t line = 64;

// A g at address, which is also where its stack ends: one touched page serves both.
g* make_g(uintptr_t address, uintptr_t stack_lo) {
    auto* const gp = new (reinterpret_cast<void*>(address)) g{};
    gp->stack_lo = stack_lo;
    gp->stack_hi = address;
    gp->status.store(g_status::dead, std::memory_order_relaxed);
    return gp;
}

// Goroutine 1's: it takes over the kernel's stack. rt0_go has left room for it above the frames of
// the boot, and these are dead when it starts. So it needs no system call, no mapping and no page
// that the kernel has not touched already, and has the kernel's own guard
// (docs/decisions/002-layout.md).
g* first_g() {
    static_assert(sizeof(g) + sizeof(saved_frame) + line <= FIRST_G_ROOM);
    const uintptr_t top = (g0.stack_hi + FIRST_G_ROOM - sizeof(g)) & ~(line - 1);
    return make_g(top, 0);
}

g* malg() {
    if (g * (*const make)() = if_linked(malg_split)) {
        return make();
    }
    int error = 0;
    const mem::stack stack = mem::stackalloc(goroutine_stack, least_stack, &error);
    if (stack.lo == 0) {
        fatal_errno("cannot map a stack for a goroutine", error, "raise RLIMIT_AS (ulimit -v)");
    }
    return make_g((stack.hi - sizeof(g)) & ~(line - 1), stack.lo);
}

void allgadd(g* gp) {
    const lock_guard guard(sched.lock);
    if (sched.allgs_last == nullptr) {
        sched.allgs = gp;
    } else {
        sched.allgs_last->alllink = gp;
    }
    sched.allgs_last = gp;
}

uint64_t next_goid(p* pp) {
    if (pp->goid_next == pp->goid_end) {
        // Relaxed: only the numbers must differ.
        pp->goid_next = sched.goidgen.fetch_add(goid_batch, std::memory_order_relaxed) + 1;
        pp->goid_end = pp->goid_next + goid_batch;
    }
    return pp->goid_next++;
}

// One from the global queue, or null.
g* look_at_global(p* pp) {
    // Relaxed: a g that is put there at this moment is found the next time, or by whoever its
    // submitter wakes.
    if (sched.runq_size.load(std::memory_order_relaxed) == 0) {
        return nullptr;
    }
    const lock_guard guard(sched.lock);
    return globrunqget(pp);
}

// Wakes an m for what is in the ring of the current p, if there is an idle p and nobody is looking.
void wake_another() {
    if (sched.npidle.load(std::memory_order_relaxed) == 0 ||
        sched.nmspinning.load(std::memory_order_relaxed) != 0) {
        return;
    }
    auto* const wake = if_linked(wakep);
    if (wake == nullptr) {
        return;
    }
    // Starting a thread takes more stack than a goroutine may have.
    if (getg() == getg()->m->g0) {
        wake();
    } else {
        systemstack(wake);
    }
}

// Others may take what has just been put into the ring of the current p.
void tell_others() {
    if (sched.gomaxprocs.load(std::memory_order_relaxed) == 1) {
        return;
    }
    // The fence stands between the store into the queue and the look at npidle: an m that goes to
    // sleep does it the other way round (find_elsewhere), so one of the two sees the other.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    wake_another();
}

// Blocks until there is a goroutine to run. *inherit_time: it continues the time slice of the last.
g* findrunnable(bool* inherit_time) {
    m* const mp = getg()->m;
    for (;;) {
        p* const pp = mp->p; // may be another the second time
        *inherit_time = false;
        if (pp->schedtick.load(std::memory_order_relaxed) % global_queue_tick ==
            global_queue_tick - 1) {
            if (pp->id >= sched.gomaxprocs.load(std::memory_order_relaxed)) {
                if_linked(retirep)(mp);
                continue;
            }
            if (g* const gp = look_at_global(pp)) {
                return gp;
            }
        }
        if (pp->inherited >= most_inherited) {
            // Relaxed: the owner put it there. A thief that was faster leaves null.
            if (g* const next = pp->runnext.exchange(nullptr, std::memory_order_relaxed)) {
                runqput(pp, next, false);
            }
        }
        if (g* const gp = runqget(pp, inherit_time)) {
            return gp;
        }
        if (g* const gp = look_at_global(pp)) {
            return gp;
        }
        auto* const elsewhere = if_linked(find_elsewhere);
        if (elsewhere == nullptr) {
            // One m, and nothing outside the program that could make a goroutine ready.
            fatal("all goroutines are asleep - deadlock!");
        }
        if (g* const gp = elsewhere(mp)) {
            return gp;
        }
    }
}

// mcall's: the goroutine is off its stack here.
g* gosched_on_g0(g* gp, void* /*nothing*/) {
    p* const pp = gp->m->p;
    set_status(gp, g_status::running, g_status::runnable);
    leave_m(gp);
    runqput(pp, gp, false);
    tell_others();
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
    return schedule();
}

// The owner's alone: no locked instruction.
void count_goroutine(p* pp, int64_t change) {
    pp->goroutines.store(pp->goroutines.load(std::memory_order_relaxed) + change,
                         std::memory_order_relaxed);
}

} // namespace

g* new_g() {
    const no_preempt here;
    p* const pp = getg()->m->p;
    g* gp = gfget(pp);
    if (gp == nullptr) {
        gp = sched.allgs == nullptr ? first_g() : malg();
        allgadd(gp);
    }
    return gp;
}

void drop_g(g* gp) {
    const no_preempt here;
    gfput(getg()->m->p, gp);
}

void start_g(g* gp, funcval* start, size_t room, uintptr_t created_by) {
    const no_preempt here;
    p* const pp = getg()->m->p;
    gp->created_by = created_by;
    gp->goid = next_goid(pp);
    prepare(gp, start, room);
    set_status(gp, g_status::dead, g_status::runnable);
    count_goroutine(pp, 1);
    if (runqput(pp, gp, true)) {
        tell_others();
    }
}

void newproc(funcval* fn) {
    g* const gp = new_g();
    start_g(gp, fn, 0, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
}

g* mstart1() {
    m* const mp = getg()->m;
    if (mp->mstartfn != nullptr) {
        mp->mstartfn();
    }
    if (mp->nextp != nullptr) {
        acquirep(mp, mp->nextp);
        mp->nextp = nullptr;
    }
    g* const first = schedule();
    asm("" : : "r"(first)); // not a tail call, so that backtraces show this function
    return first;
}

g* schedule() {
    m* const mp = getg()->m;
    for (;;) {
        if (mp->locks != 0) {
            fatal("schedule: holding locks");
        }
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
        return execute(gp, inherit_time);
    }
}

g* execute(g* gp, bool inherit_time) {
    m* const mp = getg()->m;
    p* const pp = mp->p;
    mp->curg = gp;
    gp->m = mp;
    if (pp->preempt.load(std::memory_order_relaxed)) [[unlikely]] {
        pp->preempt.store(false, std::memory_order_relaxed);
    }
    set_status(gp, g_status::runnable, g_status::running);
    gp->waiting_for = wait_reason::none;
    if (inherit_time) {
        ++pp->inherited;
    } else {
        pp->inherited = 0;
        pp->schedtick.store(pp->schedtick.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
    }
    if ((gp->sp & 1) != 0) [[unlikely]] {
        if_linked(resume_preempted)(gp); // does not return
    }
    return gp;
}

// The end of a goroutine, on g0: goexit has come here through mcall.
extern "C" g* goexit0(g* gp, void* nothing) asm("runtime.goexit0");
g* goexit0(g* gp, void* /*nothing*/) {
    m* const mp = gp->m;
    set_status(gp, g_status::running, g_status::dead);
    leave_m(gp);
    count_goroutine(mp->p, -1);
    gfput(mp->p, gp);
    if (gp->locked) [[unlikely]] {
        gp->locked = false;
        gp->m = nullptr;
        if_linked(exit_locked_m)(mp);
    }
    return schedule();
}

void gosched() {
    no_preempt::begin();
    g* const gp = getg();
    m* const mp = gp->m;
    p* const pp = mp->p;
    const uint32_t tick = pp->schedtick.load(std::memory_order_relaxed);
    if (!gp->locked && pp->inherited < most_inherited &&
        tick % global_queue_tick != global_queue_tick - 1) [[likely]] {
        bool inherit_time = false;
        g* const next = runqget(pp, &inherit_time);
        if (next == nullptr) {
            if (sched.runq_size.load(std::memory_order_relaxed) == 0) {
                no_preempt::end();
                return; // there is nobody else
            }
        } else {
            // Acquire: pairs with a thief's release; the slot at tail is free.
            const uint32_t head = pp->runqhead.load(std::memory_order_acquire);
            const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
            if (next->locked || (next->sp & 1) != 0 || tail - head == p::runq_size) [[unlikely]] {
                // What is rare goes through g0.
                runqput(pp, next, false);
            } else {
                // There is one more in the ring only until next comes to a switch. An m that goes
                // to sleep meanwhile is not missed for long without a fence: the next yield looks
                // again, and sysmon does.
                wake_another();
                set_status(gp, g_status::running, g_status::runnable);
                execute(next, inherit_time);
                gp->m = nullptr;
                switch_to(gp, next, &pp->runq[tail % p::runq_size], &pp->runqtail, tail + 1);
                return;
            }
        }
    }
    no_preempt::end();
    mcall(gosched_on_g0, nullptr);
}

void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason reason) {
    park_request request{unlock, lock, reason};
    mcall(park_on_g0, &request);
}

void ready(g* gp) {
    const no_preempt here;
    set_status(gp, g_status::waiting, g_status::runnable);
    if (runqput(getg()->m->p, gp, true)) {
        tell_others();
    }
}

void acquirep(m* mp, p* pp) {
    pp->m.store(mp, std::memory_order_relaxed);
    pp->preempt.store(false, std::memory_order_relaxed);
    // Relaxed: what hands a p over, the lock or sysmon's compare-and-swap, orders it.
    pp->status.store(p_status::running, std::memory_order_relaxed);
    mp->p = pp;
}

p* releasep(m* mp) {
    p* const pp = mp->p;
    pp->status.store(p_status::idle, std::memory_order_relaxed);
    pp->m.store(nullptr, std::memory_order_relaxed);
    mp->p = nullptr;
    return pp;
}

void procresize(uint32_t count) {
    count = count < most_procs ? count : most_procs;
    sched.npidle.store(count - 1, std::memory_order_relaxed);
    sched.gomaxprocs.store(count, std::memory_order_relaxed);
    sched.procs_made.store(1, std::memory_order_relaxed);
    sched.mcount = 1;
    acquirep(&m0, &p0);
}

const char* wait_reason_text(wait_reason reason) {
    switch (reason) {
    case wait_reason::none:
        break;
    case wait_reason::static_init:
        return "static initialization";
    case wait_reason::mutex_lock:
        return "sync.Mutex.Lock";
    case wait_reason::wait_group:
        return "sync.WaitGroup.Wait";
    }
    return "waiting";
}

} // namespace runtime
