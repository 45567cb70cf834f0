// g, m, p: the scheduler's structures and their life.
//
//   g  a goroutine: a stack and the place where it goes on.
//   m  an operating system thread. It runs the scheduler on its own g0 stack.
//   p  the right to run goroutines, with a queue of runnable ones. An m needs one to run a g.
//
// The states of a g, and who moves it:
//
//   idle ──newproc──► dead ──newproc──► runnable ──execute──► running ──goexit──► dead
//                                          ▲  ▲                │ │ │ ▲
//                                          │  └──── gosched ───┘ │ └─┴─ entersyscall, exitsyscall
//                                          └─ ready ─ waiting ◄──┘ park
//
// A g that is running belongs to the m that runs it; a waiting one to whoever will make it ready; a
// runnable one to the queue that it is in. Only the owner writes its fields, and passing it on
// through a queue orders those writes.
//
// Switching: a goroutine leaves its stack through mcall, which saves the callee-saved registers on
// that stack and the stack pointer in g::sp, and continues on g0, always at the same place of it:
// the scheduler keeps no frames between two goroutines. gogo goes the other way: what mcall pushes
// is what gogo pops. switch_to goes from one to the next without g0 between. Processors predict a
// return by the call that they saw last, so calls and returns come in pairs: mcall's call is gogo's
// return, and a goroutine begins and ends by jumps.
//
// Threads. A program of one goroutine needs one thread, and has no code for more: what starts,
// wakes and parks threads is in threads.cpp and sysmon.cpp, which rt0::go links in; the functions
// that are marked "threads" below are null without it, and called through if_linked.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/amd64/offsets.h"
#include "arch/amd64/tcb.h"
#include "base/atomic.h"
#include "base/biased_lock.h"
#include "base/fatal.h"
#include "base/if_linked.h"
#include "base/lock.h"
#include "base/note.h"
#include "mem/block.h"
#include "mem/heap.h"
#include "mem/segment.h"
#include "sched/timer.h"

namespace rt0::detail {
struct local;
}

namespace runtime {

struct m;
struct p;
struct preempted_state;
class report;

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

// Why a g waits.
enum class wait_reason : uint8_t {
    none,
    static_init, // another goroutine is initialising the function-local static that it needs
    mutex_lock,  // another goroutine has the mutex
    rwmutex_rlock,
    rwmutex_lock,
    cond_wait,
    semaphore,
    wait_group, // goroutines that it waits for have not ended
    chan_send,
    chan_receive,
    chan_send_nil,
    chan_receive_nil,
    select,
    select_no_cases,
    sleep,
    all_others, // rt0::testing::wait
};

// Null in a program in which nothing parks that says why: a source that does has RT0_SAYS_WHY.
[[gnu::weak]] const char* wait_reason_text(wait_reason reason) asm("runtime.wait_reason_text");
#define RT0_SAYS_WHY asm(".reloc ., R_X86_64_NONE, runtime.wait_reason_text")

inline const char* why(wait_reason reason) {
    auto* const text = if_linked(wait_reason_text);
    return text != nullptr ? text(reason) : "waiting";
}

// What a parked goroutine needs, and no more: it shares a 1 KiB block with the beginning of its
// stack. It lies at the end of a line, so that what a switch, a start and an end touch are one.
struct g {
    uintptr_t stack_lo; // the lowest usable byte; 0 on the kernel's stack, which the kernel bounds
    rt0::detail::local* locals; // goroutine_local's, and what libstdc++ knows of exceptions
    int errno_value;            // C's errno: a goroutine that is preempted finds it as it was
    uint32_t random;            // for select
    char* name;                 // set_name's, or null (sched/name.cpp)

    // While not running: the stack pointer, the registers that mcall pushed above it. Or, by its
    // lowest bits: the preempted_state that a signal left (SP_PREEMPTED); the place of the address
    // of its funcval, where it has not begun (SP_FRESH).
    uintptr_t sp;
    runtime::m* m;         // the thread that runs it, or that it is tied to; else null
    mem::segment* segment; // of its stack: the current one; null on the kernel's stack
    atomic<g_status> status;
    wait_reason waiting_for;
    bool locked; // tied to its thread
    uint64_t goid;
    uintptr_t created_by; // the pc of the go statement
    uintptr_t stack_hi;   // where its stack begins: one past the highest byte
    g* schedlink;         // next in the queue that holds it, or in the list of dead ones
};
static_assert(sizeof(g) == 96 && offsetof(g, sp) == 32);

inline constexpr uintptr_t cache_line = 64;

// For for_each_g's visitors: it has begun and has not ended. A dead one's memory may go back to the
// kernel while it is looked at; it is all zeroes then.
inline bool is_alive(const g* gp) {
    const g_status status = gp->status.load(std::memory_order_relaxed);
    return status != g_status::dead && status != g_status::idle;
}

inline void set_status(g* gp, g_status from, g_status to) {
    // The owner alone moves a g's state, so nothing is lost by not comparing and swapping. A
    // debugger and tracebacks read it from elsewhere.
    if (gp->status.load(std::memory_order_relaxed) != from) {
        fatal("a goroutine is not in the state that its owner left it in");
    }
    gp->status.store(to, std::memory_order_relaxed);
}

enum class p_status : uint32_t {
    idle = 0,
    running = 1,
    syscall = 2, // its m is in the kernel; sysmon may take it
    retired = 4, // gomaxprocs has become smaller
};

// First in, first out, linked through g::schedlink. Its owner or its lock keeps it single-threaded.
struct g_queue {
    g* head = nullptr;
    g* tail = nullptr;
    uint32_t size = 0;

    void push(g* gp);
    g* pop();
};

// The same in one word, for what there are many of: a ring, so that one pointer reaches both ends.
struct g_ring {
    g* last = nullptr;

    void push(g* gp);
    g* pop();
};

// With that many in the ring there is work for others to steal. Then who starts a goroutine, or
// lets one go on, lets it run at once, and goes on when that one ends or parks: in memory that is
// still in the cache, and depth first where goroutines start others (docs/decisions/005-bursts.md).
inline constexpr uint32_t burst = 128;

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): two groups, each in lines of its own
struct p {
    static constexpr uint32_t runq_size = 256;

    // The owner's own, but where it says otherwise.
    uint32_t id;
    // Nobody else takes anything from this p: gomaxprocs is 1 and no other p runs, so the queue
    // needs no locked instructions. The owner sets it (sched.cpp has the protocol); thieves read
    // it.
    atomic<bool> exclusive;
    // So many more switches until it is time to look around (proc.cpp).
    atomic<uint32_t> switches_left;
    uint32_t looks;     // so many there were
    uint32_t burst;     // as above; 0 where what runs next is drawn (randsched.cpp)
    uint64_t looked_at; // in cycles, the last time
    // Counts every execute that starts a new time slice. sysmon reads it.
    atomic<uint32_t> schedtick;
    // The time slice, by its schedtick, that sysmon wants to end. sysmon writes it.
    atomic<uint32_t> preempt;
    // Counts every entersyscall. sysmon reads it.
    atomic<uint32_t> syscalltick;
    atomic<p_status> status;
    // The m that holds it, or null. sysmon reads it.
    atomic<runtime::m*> m;
    g* gfree; // dead g's with their first blocks, linked through schedlink
    uint32_t gfree_count;
    // How many goroutines began here, and how many ended. Anybody reads them.
    atomic<uint64_t> started;
    atomic<uint64_t> ended;
    // The next goids to give out, taken from sched.goidgen sixteen at a time.
    uint64_t goid_next;
    uint64_t goid_end;

    // What the running goroutine made ready last: it runs next and inherits the time slice. sysmon
    // reads it.
    atomic<g*> runnext;
    // Goroutines that let one run that they have just started, the last one first, linked through
    // schedlink: in a burst that is what keeps the queue short. sysmon reads it.
    atomic<g*> starters;

    // The run queue: a ring, owner pushes at the tail, owner and thieves pop at the head.
    alignas(64) atomic<uint32_t> runqhead;
    atomic<uint32_t> runqtail;
    atomic<g*> runq[runq_size];

    // Of each shared_mutex that has a seat: how many have begun to read here, less those that have
    // ended to. The owner writes, who takes a seat back (sync/shared_mutex.cpp), and nobody else.
    static constexpr uint32_t seats = 32;
    alignas(64) atomic<int32_t> readers[seats];

    mem::block_cache blocks; // for the stacks of the goroutines that run here
    mem::slot_cache slots;   // of the heap
    timer_heap timers;
    p* link; // next in the list of idle or of retired p's
    // What sysmon saw last.
    struct {
        uint32_t syscalltick;
        int64_t since;       // when the syscall was first seen
        bool ring;           // had something
        g* next;             // runnext, or the last of starters,
        uint32_t schedtick;  // and when that was
        uint32_t slice;      // schedtick,
        int64_t slice_since; // and when it was first seen
        bool asked;          // to end it,
        int64_t ask_again;   // and not before then
    } seen;
};

struct m {
    g* g0;    // its scheduler's stack
    g* curg;  // the goroutine that it runs, or null
    tcb* tls; // what its FS is
    uint64_t id;
    void (*mstartfn)(); // what the thread does instead of running goroutines: sysmon
    bool spinning;      // looks for work and counts in sched.nmspinning
    bool woken;         // to look for work, and has found nothing yet
    bool by_time;       // what it found last came by a timer, and so will the next: no use to spin
    bool idle;          // in sched.midle; under sched.lock
    bool over;          // in sched.mfree; under sched.lock
    uint32_t lockedext; // how often lock_os_thread was called
    uint32_t random;
    uint32_t loot;                 // how many it stole last, 0 where that does not matter any more,
    uint64_t stolen_at;            // when, or woken in vain, by the time stamp counter,
    uint64_t patience;             // and how long it waits before the next
    int64_t crowd_at;              // when it last found a crowd of timers due, as the keeper
    g* lockedg;                    // the goroutine that is tied to this thread, or null
    runtime::p* nextp;             // what whoever wakes it wants it to run
    runtime::p* oldp;              // what it ran before it entered the kernel
    m* link;                       // next in sched.midle or sched.mfree
    m* alllink;                    // next in sched.mall
    note park;                     // what it sleeps on while it has nothing to do
    preempted_state* preempt_room; // for the next goroutine that a signal takes off it, or null
    uintptr_t signal_stack;        // the lowest byte of its alternate stack
    atomic<uint32_t> tid;          // the thread's id; the kernel clears it when the thread is over
};

// gp no longer runs on its thread.
inline void leave_m(g* gp) {
    gp->m->curg = nullptr;
    if (!gp->locked) {
        gp->m = nullptr;
    }
}

inline constexpr uint32_t most_procs = 4096;

// Fields without a note are under lock.
struct scheduler {
    futex_lock lock;
    g_queue runq; // the global queue
    g* first;     // goroutine 1, or null while there is none
    atomic<uint64_t> goidgen;
    uint64_t mnext;
    // How many p's may run. Written under lock.
    atomic<uint32_t> gomaxprocs;
    // How many of them are idle, those that were never made included. Written under lock.
    atomic<uint32_t> npidle;
    // How many m's look for work.
    atomic<uint32_t> nmspinning;
    // As runq.size, for who only wants to know whether it is worth taking the lock. Written under
    // lock.
    atomic<uint32_t> runq_size;
    // p's below this number exist. Written under lock.
    atomic<uint32_t> procs_made;
    p* pidle;
    p* pretired;
    uint32_t npretired;
    m* midle;
    m* mfree; // threads that are over, or about to be
    // Every m that there has been, the newest first. Written under lock.
    atomic<m*> mall;
    uint32_t nmidle;
    uint32_t nmlocked; // m's that wait for their tied goroutine
    uint32_t mcount;   // all m's that are not over
    uint32_t nmsys;    // those that run no goroutines: sysmon, but while it has a p in its hand
    bool sysmon_sleeps;
    note sysmon_note; // what it sleeps on
    // The idle m that sleeps until the first timer is due, or null; and until when, 0 where there
    // is none. Written under lock.
    m* keeper;
    atomic<int64_t> keeper_until;
};

extern scheduler sched;

// Whether there have been more p's than there are to be. Those that retire keep their timers.
// Relaxed: seen some time later is soon enough.
inline bool some_are_retired() {
    return sched.procs_made.load(std::memory_order_relaxed) >
           sched.gomaxprocs.load(std::memory_order_relaxed);
}
// Whether somebody sleeps, and wakes by itself, until a timer is due at when, or an earlier one.
inline bool is_kept(int64_t when) {
    const int64_t until = sched.keeper_until.load(std::memory_order_relaxed);
    return until != 0 && until <= when;
}
// The first thread and its scheduler's stack. rt0_go wires them.
extern m m0 asm("runtime.m0");
extern g g0 asm("runtime.g0");
extern p p0;

static_assert(offsetof(g, stack_lo) == G_STACK_LO);
static_assert(offsetof(g, sp) == G_SP);
static_assert(offsetof(g, stack_hi) == G_STACK_HI);
static_assert(offsetof(g, m) == G_M);
static_assert(offsetof(g, segment) == G_SEGMENT);
static_assert(offsetof(g, status) == G_STATUS);
static_assert(static_cast<int>(g_status::running) == G_RUNNING);
static_assert(offsetof(m, g0) == M_G0);

// Assembly, arch/amd64/switch.S.
extern "C" {
// Leaves the current goroutine: saves it, calls fn with it and argument on g0, and continues the
// goroutine that fn returns, which schedule or execute gave it. mcall itself returns when somebody
// executes the goroutine again.
void mcall(g* (*fn)(g* gp, void* argument), void* argument) asm("runtime.mcall");
// Continues to, and once from, the current goroutine, is saved, stores value in published: from
// then on others may continue from. Under one no_preempt::begin, which whoever continues from ends.
// Returns 0, so that it can be the last call of who returns that: each frame between it and the
// program is a return more that the processor predicts wrongly.
uint8_t switch_to(g* from, g* to, atomic<uint32_t>* published,
                  uint32_t value) asm("runtime.switch_to");
// The same for who parks under a biased_lock that the thread owns, and by which it stays on it:
// that is dropped.
void switch_to_as_owner(g* from, g* to) asm("runtime.switch_to_as_owner");
// Continues gp, from g0 or from a goroutine that is over: what is on this stack is lost. Under one
// no_preempt::begin, which gp ends. Only by continue_with, because a call of it would be one call
// too many.
void gogo(g* gp) asm("runtime.gogo");
// Calls fn, under no_preempt, on the m's g0 stack, for what needs more stack than a goroutine may
// have left. The current g stays what it is. On a goroutine.
void systemstack(void (*fn)()) asm("runtime.systemstack");
// The outermost frame of every goroutine.
void goexit() asm("runtime.goexit");
}

[[noreturn]] inline void continue_with(g* gp) {
    asm volatile("jmp runtime.gogo" : : "D"(gp) : "memory");
    __builtin_unreachable();
}

// Puts a new goroutine that calls fn on the current p's queue, as its runnext. Any goroutine, and
// g0 during the boot. fn must live until the goroutine starts. Fatal without memory for the stack.
void newproc(funcval* fn) asm("runtime.newproc");

// The two halves of newproc. A g that is dead, for the current p; with a plain stack of at least
// stack bytes where that is not 0. In programs that have more than goroutine 1 (goroutine.cpp).
[[gnu::weak]] g* new_g(size_t stack);
// It will begin with start, which may lie at the top of its stack; [stack_hi - room, stack_hi)
// stays untouched. It becomes the current p's runnext.
void start_g(g* gp, funcval* start, size_t room, uintptr_t created_by);
// The same in two steps, under no_preempt: it is not in a queue in between.
void prepare_g(p* pp, g* gp, funcval* start, size_t room, uintptr_t created_by);
void submit_g(p* pp, g* gp);
// The same, or in a burst: gp runs at once, and the current goroutine goes on when that one ends or
// parks. On a goroutine, under one no_preempt::begin, which it ends. Returns 0, as switch_to.
uint8_t submit_or_run(p* pp, g* gp);
// submit_g, but behind those that are ready already, and nobody is told. On g0.
void submit_in_turn(p* pp, g* gp);
// There are some in pp's ring that were not, pp being the current p: wakes somebody who may take
// them, where there is an idle p and nobody is looking.
void tell_others(p* pp);
// Takes back a g that was never started.
void drop_g(g* gp);
// Gives back the memory that pp has at hand, which nobody holds. Under sched.lock.
void drop_caches(p* pp);
// Every g that there has been, dead ones too, in no particular order. While others run, as far as
// one can see.
[[gnu::weak]] void for_each_g(void (*visit)(g* gp, void* argument), void* argument);

// The first C++ of every m, on its g0. The goroutine to begin with.
[[gnu::noinline]] g* mstart1() asm("runtime.mstart1");

// Not inline, because a debugger stops at them by their names.
// Finds a goroutine and makes it the current m's; who called it on g0 continues that by gogo. With
// a p, no locks held.
[[gnu::noinline]] g* schedule() asm("runtime.schedule");
[[gnu::noinline]] g* execute(g* gp, bool inherit_time) asm("runtime.execute");

// Gives the processor to the others: the current goroutine goes to the end of its p's queue. (Go
// has it go to the global queue, whose lock every yield would take; the look at that queue every 61
// time slices keeps the others from starving.)
void gosched();

// Parks the current goroutine until ready(gp). unlock, if not null, is called on g0 with lock once
// the goroutine is off its stack: the waker may run from then on. If it returns false the goroutine
// goes on at once.
void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason reason);
// The same for a lock that the current goroutine has: it is dropped once the goroutine is off its
// stack.
void park(biased_lock& held, wait_reason reason);
// Makes a parked goroutine runnable; it becomes the current p's runnext.
void ready(g* gp);
// The same as the last thing that a goroutine does that stays on its thread by a claim, which ends.
// The goroutine that is made ready may run at once, as those do that are started. Returns 0, so
// that it can be the last call of a function that returns that.
uint8_t ready_at_last(g* gp);

// The same as submit_in_turn does it. On g0.
void ready_in_turn(g* gp);

// Sets up the p's. In schedinit, once.
void procresize(uint32_t count);

// The run queue of one p; runq.h has how its owner takes from it. put: the owner; true if others
// may take something from the ring now. put_slow: the ring is full, so half of it goes to the
// global queue, unless thieves make room at this moment. steal: moves half of victim's ring to pp's
// and returns one of them, or null; the owner of pp, which is empty.
bool runqput(p* pp, g* gp, bool next);
void runqput_slow(p* pp);
g* runqsteal(p* pp, p* victim);
// Is there nothing for its owner, nothing for others? Anybody; a hint where it is not the owner.
bool runqempty(const p* pp);
bool ringempty(const p* pp);
// Moves all of pp's to the global queue. The owner, under sched.lock.
void runqdrain(p* pp);

// The global queue. Under sched.lock.
void globrunqput(g* gp);
// One from it; up to so many more, a fair share at most, move to pp's own queue.
g* globrunqget(p* pp, uint32_t most);

// A g may leave a p, or enter it, only where m and p agree.
void acquirep(p* pp);
p* releasep();

// Threads. Called by rt0::go, which links all of this in: from now on there may be others.
[[gnu::weak]] void start_threads();
// A source that does so, but has no other use for threads, has this.
#define RT0_STARTS_THREADS asm(".reloc ., R_X86_64_NONE, _ZN7runtime13sysmon_countsEb")
// The p with that number; made already. Null in a program without threads.
[[gnu::weak]] p* proc(uint32_t id);
// The same, and in such a program p0.
[[gnu::always_inline]] inline p* proc_of(uint32_t id) {
    return id == 0 ? &p0 : if_linked(proc)(id);
}
// sysmon sleeps while all p's are idle. One of them is no longer. Under sched.lock.
void wake_sysmon();
// A running m takes back the p of one that is in the kernel, or has it run elsewhere. No locks
// held.
void handoffp(p* pp);
// sysmon counts as an m that may make goroutines runnable, or does not. No locks held.
void sysmon_counts(bool does);
void sysmon();
// Prints GODEBUG=schedtrace's lines; sysmon alone.
void schedtrace(uint64_t milliseconds);
// GOMAXPROCS. apply_cpu_quota, once, before the number matters: no more p's than the cgroup has
// time for.
void set_gomaxprocs(uint32_t count);
void apply_cpu_quota();
int64_t count_goroutines();

// Readies the calling thread, mp's, for preemption: its alternate stack, the first time the
// handler.
void init_preemption(m* mp);
// Asks pp's m to end the time slice of that number: through the stack guard, or by a signal. Not
// sure to succeed; sysmon asks again.
void preempt(p* pp, uint32_t slice, bool by_signal);

// GODEBUG=randsched (sched/randsched.cpp): once, before there is a second goroutine.
void begin_to_draw();
// Is it drawn what runs on pp?
inline bool is_drawn(const p* pp) {
    return pp->burst == 0;
}
// The next of pp's and the global queue's, or null.
g* draw_next(p* pp);
// A goroutine whose guard has asked to give way need not.
bool drawn_to_go_on();
// A random number below limit.
[[gnu::weak]] uint32_t draw(uint32_t limit);
// 0, or what the upper half of the guard of each goroutine that runs is then.
extern uint32_t always_asked asm("runtime.always_asked");
// Whoever continues, except by gogo's shortest way to a new goroutine, which knows it.
inline void ask_if_always() {
    if (always_asked != 0) [[unlikely]] {
        get_tcb()->stack_guard = static_cast<uintptr_t>(STACK_PREEMPT);
    }
}
// Whether goroutines can be asked to give way by their guards. sysmon, or before there is one.
bool guard_works();

// The following are null in a program without rt0::go.
//
// What pp, the current p, does beside when it looks at the global queue: it becomes exclusive where
// nothing else runs any more, and its starters get into the ring now and then. With randsched it
// is what runs next.
[[gnu::weak]] g* look_after(p* pp);
// Work for mp, which has found none in its own queue nor in the global one: null means that mp has
// a p (again) and should look once more.
[[gnu::weak]] g* find_elsewhere(m* mp);
// There may be work for another thread. Wakes or starts one, unless there is no idle p or another
// thread is looking already.
[[gnu::weak]] void wakep();
// The first timer of a p is due at when, and the p may be busy for longer than that: does nobody
// sleep who would be awake then? wakep has somebody look, who becomes the keeper.
[[gnu::weak]] bool need_keeper(int64_t when);
// mp, which was spinning, has found work.
[[gnu::weak]] void stop_spinning(m* mp);
// mp's p has a number beyond gomaxprocs: gives it up. Returns with another.
[[gnu::weak]] void retirep(m* mp);
// mp has a tied goroutine and something else to run: waits until that goroutine shall run.
[[gnu::weak]] void stop_locked_m(m* mp);
// gp is tied to another thread: hands p over to it. Returns with another p.
[[gnu::weak]] void start_locked_m(m* mp, g* gp);
// The tied goroutine of mp has ended, and so does the thread.
[[noreturn, gnu::weak]] void exit_locked_m(m* mp);
// Parks for good: another goroutine ends the program.
[[gnu::weak]] void wait_for_exit();
// Destroys the current goroutine's locals: they are the program's (sched/goroutine_local.cpp).
void destroy_locals() asm("runtime.destroy_locals");
// Frees g::name. Prints it, for the header of a dump: , "NAME".
[[gnu::weak]] void drop_name(g* gp);
[[gnu::weak]] void print_name(report& out, const g* gp);
// The destructors of the calling thread's thread_locals (abi/atexit.cpp); null where none has one.
// They are the program's, so they run on a goroutine.
[[gnu::weak]] void run_thread_exit_handlers();
[[gnu::weak]] bool has_thread_exit_handlers();
// Timers (sched/timer.h); null in a program that has none. On g0, with a p, no locks held.
//
// Runs what is due of pp's: whether there was anything; of all: how many there were.
[[gnu::weak]] bool run_timers(p* pp);
[[gnu::weak]] uint32_t run_all_timers();
// When the first timer of all is due; 0 where there is none. Anybody.
[[gnu::weak]] int64_t earliest_timer();
// The same of those that are awaited (is_awaited). Where no goroutine runs, under sched.lock.
[[gnu::weak]] int64_t earliest_awaited_timer();
// Everybody is parked, and due is the time of the first timer that is awaited, or 0. Where
// rt0::testing::run holds the time, it is that now, or who waits for this moment goes on, and the
// caller has a p run; false where neither is so. Under sched.lock. Null in a program without.
[[gnu::weak]] bool held_time_goes_on(int64_t due);
// In a program of one thread that has nothing to do: sleeps until there is; false where there never
// will be.
[[gnu::weak]] bool wait_for_timers(p* pp);

// Around a call to the kernel that may block: between them the goroutine has no p, and others may
// run on it. Nothing else of the runtime may be called between. Any goroutine, not g0.
[[gnu::weak]] void entersyscall();
[[gnu::weak]] void exitsyscall();

// The same for a scope; nothing in a program of one goroutine.
class [[nodiscard]] syscall_scope {
public:
    syscall_scope() {
        if (auto* const enter = if_linked(entersyscall)) {
            enter();
        }
    }
    syscall_scope(const syscall_scope&) = delete;
    syscall_scope& operator=(const syscall_scope&) = delete;
    ~syscall_scope() {
        if (auto* const exit = if_linked(exitsyscall)) {
            exit();
        }
    }
};

} // namespace runtime
