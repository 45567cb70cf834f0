// g, m, p: the scheduler's structures and their life.
//
//   g  a goroutine: a stack and the place where it goes on.
//   m  an operating system thread. It runs the scheduler on its own g0 stack.
//   p  the right to run goroutines, with a queue of runnable ones. An m needs one to run a g.
//
// The states of a g, and who moves it:
//
//   idle ──newproc──► dead ──newproc──► runnable ──execute──► running ──goexit──► dead
//                                          ▲  ▲                 │ │
//                                          │  └──── gosched ────┘ │
//                                          └─ ready ─ waiting ◄───┘ park
//
// A g that is running belongs to the m that runs it; a waiting one to whoever will make it ready; a
// runnable one to the queue that it is in. Only the owner writes its fields, and passing it on
// through a queue orders those writes.
//
// Switching: a goroutine leaves its stack through mcall, which saves the callee-saved registers on
// that stack and the stack pointer in g::sp, and continues on g0, always at the same place of it:
// the scheduler keeps no frames between two goroutines. gogo goes the other way. What mcall pushes
// is what gogo pops, so a new goroutine is a stack that looks as if it had called mcall (see
// newproc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "arch/amd64/offsets.h"
#include "arch/amd64/tcb.h"
#include "base/lock.h"

namespace runtime {

struct m;
struct p;

// A function value: the code's address, followed by whatever the code needs. It gets its own
// address.
struct funcval {
    void (*fn)(funcval* self);
};

enum class g_status : uint32_t {
    idle = 0,
    runnable = 1,
    running = 2,
    syscall = 3,
    waiting = 4,
    dead = 6,
};

// Why a g waits, in the words of Go's tracebacks.
enum class wait_reason : uint8_t {
    none,
    static_init, // another goroutine is initialising the function-local static that it needs
    mutex_lock,  // another goroutine has the mutex
};

const char* wait_reason_text(wait_reason reason);

struct g {
    uintptr_t stack_lo; // the lowest usable byte; 0 on the kernel's stack, which the kernel bounds
    uintptr_t stack_hi; // one past the highest
    uintptr_t sp;  // while not running: the stack pointer, the registers that mcall pushed above it
    runtime::m* m; // the thread that runs it, or null
    std::atomic<g_status> status;
    wait_reason waiting_for;
    uint64_t goid;
    g* schedlink; // next in the queue that holds it
    g* alllink;   // next of all g's, in the order of creation; never changes once set
    funcval* start;
    uintptr_t created_by; // the pc of the go statement
};

enum class p_status : uint32_t {
    idle = 0,
    running = 1,
};

// First in, first out, linked through g::schedlink. Its owner or its lock keeps it single-threaded.
struct g_queue {
    g* head = nullptr;
    g* tail = nullptr;
    uint32_t size = 0;

    void push(g* gp);
    g* pop();
};

struct p {
    static constexpr uint32_t runq_size = 256;

    uint32_t id;
    p_status status;
    runtime::m* m;      // the m that holds it, or null
    uint32_t schedtick; // counts every execute that starts a new time slice
    uint32_t inherited; // how many goroutines have inherited the running time slice
    // The next goids to give out, taken from sched.goidgen sixteen at a time.
    uint64_t goid_next;
    uint64_t goid_end;
    g_queue gfree; // dead g's with their stacks, for newproc
    // What the running goroutine made ready last: it runs next and inherits the time slice. Written
    // by the owner; a thief may only take it away.
    std::atomic<g*> runnext;
    // The run queue: a ring, owner pushes at the tail, owner and thieves pop at the head.
    std::atomic<uint32_t> runqhead;
    std::atomic<uint32_t> runqtail;
    std::atomic<g*> runq[runq_size];
};

struct m {
    g* g0;   // its scheduler's stack
    g* curg; // the goroutine that it runs, or null
    runtime::p* p;
    uint64_t id;
    int32_t
        locks; // how many runtime locks it holds; a goroutine does not leave it while it holds any
};

// Fields without a note are under lock.
struct scheduler {
    futex_lock lock;
    g_queue runq;  // the global queue
    g_queue gfree; // the overflow of the p's
    g* allgs;
    g* allgs_last;
    std::atomic<uint64_t> goidgen;
    uint64_t mnext;
    uint32_t gomaxprocs;
    uint32_t npidle;
    p* allp;         // gomaxprocs of them, side by side; set once
    uint64_t* pidle; // a bit a p: it is idle. A p that never ran is all zeroes and costs no memory.
};

extern scheduler sched;
// The first thread and its scheduler's stack. rt0_go wires them.
extern m m0 asm("runtime.m0");
extern g g0 asm("runtime.g0");

static_assert(offsetof(g, stack_lo) == G_STACK_LO);
static_assert(offsetof(g, stack_hi) == G_STACK_HI);
static_assert(offsetof(g, sp) == G_SP);
static_assert(offsetof(g, m) == G_M);
static_assert(offsetof(m, g0) == M_G0);

// Assembly, arch/amd64/switch.S.
extern "C" {
// Leaves the current goroutine: saves it and calls fn with it on g0. fn must not return; it ends in
// schedule. mcall itself returns when somebody executes the goroutine again.
void mcall(void (*fn)(g*)) asm("runtime.mcall");
// Continues gp where it left off.
[[noreturn]] void gogo(g* gp) asm("runtime.gogo");
// Where a new goroutine begins: calls the funcval in rbx and, when that returns, goexit1.
void goexit() asm("runtime.goexit");
}

// Puts a new goroutine that calls fn on the current p's queue, as its runnext. Any goroutine, and
// g0 during the boot. fn must live until the goroutine starts. Fatal without memory for the stack.
void newproc(funcval* fn) asm("runtime.newproc");

// The first C++ of every m, on its g0. Does not return.
[[noreturn]] void mstart1() asm("runtime.mstart1");

// Finds a goroutine and runs it. On g0, with a p, no locks held.
[[noreturn]] void schedule() asm("runtime.schedule");
[[noreturn]] void execute(g* gp, bool inherit_time) asm("runtime.execute");

// Gives the processor to the others: the current goroutine goes to the end of the global queue.
void gosched();

// Parks the current goroutine until ready(gp). unlock, if not null, is called on g0 with lock once
// the goroutine is off its stack: the waker may run from then on. If it returns false the goroutine
// goes on at once.
void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason reason);
// Makes a parked goroutine runnable; it becomes the current p's runnext.
void ready(g* gp);

// Sets up the p's. In schedinit, once.
void procresize(uint32_t count);

// The run queue of one p. put: owner only. get: owner only.
void runqput(p* pp, g* gp, bool next);
g* runqget(p* pp, bool* inherit_time);

} // namespace runtime
