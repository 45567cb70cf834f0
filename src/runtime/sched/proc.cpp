// The scheduler's loop: newproc, schedule, execute, park, ready.
#include "sched/sched.h"

#include "base/fatal.h"
#include "mem/persistent.h"
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

void set_status(g* gp, g_status from, g_status to) {
    // The owner alone moves a g's state, so nothing is lost by not comparing and swapping. A
    // debugger and tracebacks read it from elsewhere.
    if (gp->status.load(std::memory_order_relaxed) != from) {
        fatal("a goroutine is not in the state that its owner left it in");
    }
    gp->status.store(to, std::memory_order_relaxed);
}

// What mcall leaves on a stack, from the stack pointer up: the callee-saved registers and the
// address where the goroutine goes on.
struct saved_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, pc;
};

// Makes gp a goroutine that is about to begin with start: gogo pops this frame and "returns" into
// goexit, which finds start in rbx.
void prepare(g* gp, funcval* start) {
    static_assert(sizeof(saved_frame) % 16 == 8);
    // In goexit rsp is 16-byte aligned, as the ABI wants it before a call.
    const uintptr_t top = gp->stack_hi & ~uintptr_t{15};
    auto* const frame = reinterpret_cast<saved_frame*>(top - sizeof(saved_frame));
    frame->rbp = 0; // ends the chain for whoever walks frame pointers
    frame->rbx = reinterpret_cast<uint64_t>(start);
    // Behind its first byte, as if it had made the call that gogo returns from.
    frame->pc = reinterpret_cast<uintptr_t>(goexit) + 1;
    gp->sp = reinterpret_cast<uintptr_t>(frame);
}

// A dead g to use again, or null.
g* gfget(p* pp) {
    if (g* const gp = pp->gfree.pop()) {
        return gp;
    }
    const lock_guard guard(sched.lock);
    return sched.gfree.pop();
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
g* globrunqget() {
    const lock_guard guard(sched.lock);
    return sched.runq.pop();
}

// Blocks until there is a goroutine to run. *inherit_time: it continues the time slice of the last.
g* findrunnable(p* pp, bool* inherit_time) {
    *inherit_time = false;
    if (pp->schedtick % global_queue_tick == global_queue_tick - 1) {
        if (g* const gp = globrunqget()) {
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
    if (g* const gp = globrunqget()) {
        return gp;
    }
    // One m, and nothing outside the program that could make a goroutine ready: no timers, no
    // poller.
    fatal("all goroutines are asleep - deadlock!");
}

// mcall's: the goroutine is off its stack here.
void gosched_on_g0(g* gp) {
    set_status(gp, g_status::running, g_status::runnable);
    gp->m->curg = nullptr;
    gp->m = nullptr;
    {
        const lock_guard guard(sched.lock);
        sched.runq.push(gp);
    }
    schedule();
}

struct park_request {
    bool (*unlock)(g* gp, void* lock);
    void* lock;
};

void park_on_g0(g* gp) {
    m* const mp = gp->m;
    // On the parked goroutine's own stack, which nobody touches before unlock lets the waker in.
    const auto request = *reinterpret_cast<const park_request*>(gp->schedlink);
    gp->schedlink = nullptr;
    set_status(gp, g_status::running, g_status::waiting);
    mp->curg = nullptr;
    gp->m = nullptr;
    if (request.unlock != nullptr && !request.unlock(gp, request.lock)) {
        set_status(gp, g_status::waiting, g_status::runnable);
        execute(gp, true);
    }
    schedule();
}

void goexit_on_g0(g* gp) {
    m* const mp = gp->m;
    set_status(gp, g_status::running, g_status::dead);
    mp->curg = nullptr;
    gp->m = nullptr;
    gp->start = nullptr;
    gfput(mp->p, gp);
    schedule();
}

} // namespace

void newproc(funcval* fn) {
    p* const pp = getg()->m->p;
    g* gp = gfget(pp);
    if (gp == nullptr) {
        gp = sched.allgs == nullptr ? first_g() : malg();
        allgadd(gp);
    }
    gp->start = fn;
    gp->created_by = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
    gp->goid = next_goid(pp);
    prepare(gp, fn);
    set_status(gp, g_status::dead, g_status::runnable);
    runqput(pp, gp, true);
}

void mstart1() {
    schedule();
}

void schedule() {
    m* const mp = getg()->m;
    if (mp->locks != 0) {
        fatal("schedule: holding locks");
    }
    bool inherit_time = false;
    g* const gp = findrunnable(mp->p, &inherit_time);
    execute(gp, inherit_time);
}

void execute(g* gp, bool inherit_time) {
    m* const mp = getg()->m;
    mp->curg = gp;
    gp->m = mp;
    set_status(gp, g_status::runnable, g_status::running);
    gp->waiting_for = wait_reason::none;
    if (inherit_time) {
        ++mp->p->inherited;
    } else {
        mp->p->inherited = 0;
        ++mp->p->schedtick;
    }
    gogo(gp);
}

// The end of a goroutine; goexit's last call.
extern "C" [[noreturn]] void goexit1() asm("runtime.goexit1");
void goexit1() {
    mcall(goexit_on_g0);
    __builtin_unreachable();
}

void gosched() {
    mcall(gosched_on_g0);
}

void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason reason) {
    g* const gp = getg();
    park_request request{unlock, lock};
    gp->waiting_for = reason;
    // A running g is in no queue, so its link is free to carry the request.
    gp->schedlink = reinterpret_cast<g*>(&request);
    mcall(park_on_g0);
}

void ready(g* gp) {
    set_status(gp, g_status::waiting, g_status::runnable);
    runqput(getg()->m->p, gp, true);
}

void procresize(uint32_t count) {
    const size_t words = (count + 63) / 64;
    sched.pidle = static_cast<uint64_t*>(mem::persistent(words * sizeof(uint64_t)));
    sched.allp = static_cast<p*>(mem::persistent(count * sizeof(p)));
    if (sched.allp == nullptr || sched.pidle == nullptr) {
        fatal("cannot allocate the p's: lower GOMAXPROCS or raise RLIMIT_AS (ulimit -v)");
    }
    // All but p0 are idle. A p's id and queue are zeroes until it runs for the first time.
    for (uint32_t id = 1; id < count; ++id) {
        sched.pidle[id / 64] |= uint64_t{1} << (id % 64);
    }
    sched.npidle = count - 1;
    sched.gomaxprocs = count;
    p* const p0 = sched.allp;
    p0->status = p_status::running;
    p0->m = &m0;
    m0.p = p0;
}

const char* wait_reason_text(wait_reason reason) {
    switch (reason) {
    case wait_reason::none:
        break;
    case wait_reason::static_init:
        return "static initialization";
    case wait_reason::mutex_lock:
        return "sync.Mutex.Lock";
    }
    return "waiting";
}

} // namespace runtime
