// Threads: how m's are started, find work, go to sleep and are woken.
//
// The aim: as many m's awake as there is work for, and no more. An m that has run out of work
// spins: it looks at all queues for a while, holding a p and counted in nmspinning. At most half of
// the busy p's worth of m's spin. Who puts work into a ring wakes one sleeper, unless somebody
// spins already: that one will find the work, and when the last spinner finds some, it wakes the
// next (stop_spinning), so the number of awake m's doubles as long as there is work for them.
//
// No work is left lying while an m goes to sleep. The two sides:
//
//      submitter                           spinner that found nothing
//      put the g into a ring               put p on the idle list   (npidle + 1)
//      fence                               nmspinning - 1           (sequentially consistent)
//      npidle != 0 and nmspinning == 0?    look at all rings and the global queue once more
//      then wake one                       something there: take an idle p and spin again
//
// Either the submitter sees the idle p and that nobody spins, or the spinner's second look sees the
// g.
//
// Timers. What is due is work like any other: who finds none in the queues runs it, a spinner that
// of all p's. While a p is busy its own m looks at its timers now and then, and an idle m sleeps
// until the first of all is due: the keeper, one of those in sched.midle. Whoever becomes idle
// while there is no keeper, or one that sleeps for too long, is the next. No deadline is missed:
//
//      who starts the first timer of a p       who becomes idle
//      store the heap's first deadline         keeper_until = the first of all
//      fence                                   fence
//      somebody idle, nobody spinning, and     the first of all is that still?
//      keeper_until later than that?
//      then wake one, who looks again
//
// A goroutine that sleeps on a p that has nothing else wakes nobody: its own m becomes idle, and
// the keeper. What comes due while there is no keeper, since he has just found work, sysmon sees.
//
// A g in runnext wakes nobody: it runs next where it is, in most programs within a microsecond, and
// moving it would cost more than that. If the running goroutine does not let it, sysmon has that
// one give way, and then somebody is woken for it.
#include "base/fatal.h"
#include "base/futex.h"
#include "base/if_linked.h"
#include "base/knobs.h"
#include "base/pause.h"
#include "base/text.h"
#include "mem/tls.h"
#include "os/os.h"
#include "os/process.h"
#include "sched/quota.h"
#include "sched/runq.h"
#include "sched/sched.h"

extern "C" {
// libstdc++'s: false from the second thread on.
// NOLINTNEXTLINE(readability-redundant-declaration): beside what <chrono> includes
[[gnu::weak]] extern char __libc_single_threaded;
// arch/amd64/clone.S
long start_thread(uint64_t flags, void* stack, runtime::atomic<uint32_t>* tid,
                  runtime::tcb* tls) asm("runtime.clone");
}

namespace runtime {

namespace {

// An m that has had nothing to do for so long ends its thread.
constexpr int64_t idle_time = 5'000'000'000;

// Go's limit.
constexpr uint32_t most_threads = 10'000;

// How often a spinner goes round all p's: a few times where it takes a processor from others, else
// for as long as it takes to go to sleep and be woken, some ten microseconds.
constexpr int least_rounds = 4;
constexpr int most_rounds = 64;
constexpr int pauses = 8; // between two rounds

// With every so many of its looks at the global queue all of a p's starters get into the ring, so
// that none waits for ever behind others that keep starting goroutines.
constexpr uint32_t looks_for_starters = 32;

constexpr size_t page = 4096;
constexpr size_t thread_stack = G0_STACK_SIZE;

constexpr uint64_t clone_flags = 0x00000100    // CLONE_VM
                                 | 0x00000200  // CLONE_FS
                                 | 0x00000400  // CLONE_FILES
                                 | 0x00000800  // CLONE_SIGHAND
                                 | 0x00010000  // CLONE_THREAD
                                 | 0x00040000  // CLONE_SYSVSEM
                                 | 0x00080000  // CLONE_SETTLS
                                 | 0x00100000  // CLONE_PARENT_SETTID
                                 | 0x00200000; // CLONE_CHILD_CLEARTID

// p's but p0, made when they are first needed.
constinit atomic<p*> extra_procs[most_procs]{};

p* make_proc(uint32_t id) {
    int error = 0;
    auto* const pp = static_cast<p*>(os::map(sizeof(p), &error));
    if (pp == nullptr) {
        fatal_no_memory("cannot map a p", error);
    }
    pp->id = id;
    pp->burst = burst;
    // Release: pairs with proc's acquire.
    extra_procs[id].store(pp, std::memory_order_release);
    return pp;
}

// An idle p, or null. Under sched.lock.
p* pidleget() {
    p* pp = sched.pidle;
    if (pp != nullptr) {
        sched.pidle = pp->link;
        pp->link = nullptr;
    } else if (const uint32_t id = sched.procs_made.load(std::memory_order_relaxed);
               id < sched.gomaxprocs.load(std::memory_order_relaxed)) {
        pp = make_proc(id);
        // Release: whoever reads the number finds the p.
        sched.procs_made.store(id + 1, std::memory_order_release);
    } else {
        return nullptr;
    }
    sched.npidle.store(sched.npidle.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
    wake_sysmon();
    return pp;
}

// pp, which nobody holds, becomes idle, or retires. Under sched.lock.
void pidleput(p* pp) {
    if (pp->id >= sched.gomaxprocs.load(std::memory_order_relaxed)) {
        runqdrain(pp);
        pp->status.store(p_status::retired, std::memory_order_relaxed);
        pp->link = sched.pretired;
        sched.pretired = pp;
        ++sched.npretired;
        return;
    }
    pp->status.store(p_status::idle, std::memory_order_relaxed);
    pp->link = sched.pidle;
    sched.pidle = pp;
    // Sequentially consistent, with the fence of the submitter.
    sched.npidle.store(sched.npidle.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}

// mp is out of sched.midle. Under sched.lock.
void no_longer_idle(m* mp) {
    mp->link = nullptr;
    mp->idle = false;
    --sched.nmidle;
    if (sched.keeper == mp) {
        sched.keeper = nullptr;
        sched.keeper_until.store(0, std::memory_order_relaxed);
    }
}

// A sleeping m, or null. Under sched.lock.
m* mget() {
    m* const mp = sched.midle;
    if (mp != nullptr) {
        sched.midle = mp->link;
        no_longer_idle(mp);
    }
    return mp;
}

// mp, which is idle, takes itself out. Under sched.lock.
void leave_idle(m* mp) {
    m** link = &sched.midle;
    while (*link != mp) {
        link = &(*link)->link;
    }
    *link = mp->link;
    no_longer_idle(mp);
}

// mp, which is idle, has to be awake when the first timer is due, unless somebody else is: until
// then, or 0. Under sched.lock.
int64_t become_keeper(m* mp) {
    auto* const first = if_linked(earliest_timer);
    // With no idle p the busy ones look at the timers themselves.
    if (first == nullptr || sched.npidle.load(std::memory_order_relaxed) == 0) {
        return 0;
    }
    for (int64_t earliest = first();;) {
        const int64_t until = sched.keeper_until.load(std::memory_order_relaxed);
        if (earliest == 0 || (sched.keeper != nullptr && until <= earliest)) {
            return sched.keeper == mp ? until : 0;
        }
        sched.keeper = mp;
        // The fence stands between this and the next look, and in need_keeper the other way round.
        sched.keeper_until.store(earliest, std::memory_order_relaxed);
        runtime::atomic_thread_fence(std::memory_order_seq_cst);
        earliest = first();
    }
}

// Under sched.lock. Is there anybody left who could make a goroutine runnable? Where it is but the
// time that rt0::testing::run holds, it goes on: then a p is returned, for start_p.
[[nodiscard]] p* check_deadlock() {
    // What is in the global queue runs: sysmon, which is not counted here, may have a p in its hand
    // for it.
    if (sched.mcount - sched.nmidle - sched.nmlocked - sched.nmsys != 0 || sched.runq.size != 0) {
        return nullptr;
    }
    auto* const first = if_linked(earliest_awaited_timer);
    int64_t due = first != nullptr ? first() : 0;
    if (due >= INT64_MAX - 1 && time_if_held() != 0) {
        due = 0; // as late as there is a time for, or a context: the held one never comes there
    }
    auto* const go_on = if_linked(held_time_goes_on);
    if (go_on != nullptr && go_on(due)) {
        return pidleget();
    }
    if (due == 0) {
        fatal("all goroutines are asleep - deadlock!");
    }
    return nullptr;
}

// Memory for an m: guard page, g0's stack, TLS, the m and its g0.
struct thread_memory {
    m thread;
    g scheduler;
};

size_t thread_memory_size() {
    return (page + thread_stack + thread_tls_size() + sizeof(thread_memory) + 64 + page - 1) /
           page * page;
}

uintptr_t stack_end(const m* mp) {
    return mp->g0->stack_hi;
}

// An m whose thread has ended, to use its memory again, or null. Under sched.lock.
m* reuse_m() {
    for (m** link = &sched.mfree; *link != nullptr; link = &(*link)->link) {
        m* const mp = *link;
        // Acquire: the kernel clears it behind the thread's last instruction.
        if (mp->tid.load(std::memory_order_acquire) == 0) {
            *link = mp->link;
            return mp;
        }
    }
    return nullptr;
}

m* map_m() {
    const size_t size = thread_memory_size();
    int error = 0;
    void* const memory = os::map_stack(size, &error);
    if (memory != nullptr) {
        error = os::guard(memory, page);
    }
    if (error != 0) {
        fatal_no_memory("cannot map the stack of a thread", error);
    }
    const auto base = reinterpret_cast<uintptr_t>(memory);
    const uintptr_t top = (base + size - sizeof(thread_memory)) & ~uintptr_t{63};
    auto* const made = reinterpret_cast<thread_memory*>(top);
    made->scheduler.stack_lo = base + page;
    made->scheduler.stack_hi = base + page + thread_stack;
    made->thread.g0 = &made->scheduler;
    return &made->thread;
}

// Under sched.lock.
void add_m(m* mp) {
    mp->alllink = sched.mall.load(std::memory_order_relaxed);
    // Release: who walks the list sees the link.
    sched.mall.store(mp, std::memory_order_release);
}

// The first thing that a thread that runs goroutines does.
void enter_thread() {
    init_preemption(getg()->m);
}

// An m that is counted, without a thread.
m* new_m() {
    m* mp = nullptr;
    uint64_t id = 0;
    {
        const lock_guard guard(sched.lock);
        if (sched.mcount - sched.nmsys >= most_threads) {
            // Goroutines that are tied to threads or blocked in the kernel hold one each.
            text<64> line;
            line << "runtime: program exceeds " << uint64_t{most_threads} << "-thread limit\n";
            fatal_after(line.view(), "thread exhaustion");
        }
        ++sched.mcount;
        id = sched.mnext++;
        mp = reuse_m();
    }
    if (mp == nullptr) {
        mp = map_m();
        const lock_guard guard(sched.lock);
        add_m(mp);
    }
    g* const own = mp->g0;
    mp->id = id;
    mp->curg = nullptr;
    mp->over = false;
    mp->link = nullptr;
    mp->mstartfn = enter_thread;
    mp->nextp = nullptr;
    mp->spinning = false;
    mp->woken = false;
    mp->crowd_at = 0;
    mp->random = static_cast<uint32_t>(id) * 2654435769U | 1;
    mp->park.clear();
    own->m = mp;
    own->sp = stack_end(mp);
    return mp;
}

// Go's words, and what else it may be.
[[noreturn]] void cannot_start(uint64_t error) {
    uint64_t threads = 0;
    {
        const lock_guard guard(sched.lock);
        threads = sched.mcount - 1; // the new one is counted
    }
    text<256> lines;
    lines << "runtime: failed to create new OS thread (have " << threads
          << " already; errno=" << error << ")\n";
    if (error == os::EAGAIN_) {
        lines << "runtime: may need to increase max user processes (ulimit -u), or the cgroup's "
                 "pids.max\n";
    } else if (error == os::EPERM_ || error == os::ENOSYS_) {
        lines << "runtime: allow clone in the seccomp filter\n";
    }
    fatal_after(lines.view(), "newosproc");
}

void clone_m(m* mp) {
    tcb* const block = make_thread_tls(reinterpret_cast<void*>(stack_end(mp)), mp->g0);
    if (mp->tls == nullptr) {
        mp->tls = block; // the same each time: sysmon may be looking at it
    }
    // Once, by the only thread that there is: others read it as it is.
    if (&__libc_single_threaded != nullptr && __libc_single_threaded != 0) {
        __libc_single_threaded = 0;
    }
    const long result =
        start_thread(clone_flags, reinterpret_cast<void*>(mp->g0->sp), &mp->tid, block);
    if (result < 0) {
        cannot_start(static_cast<uint64_t>(-result));
    }
}

// Has an m run pp: a sleeping one, or a new one.
void startm(p* pp, bool spinning) {
    m* mp = nullptr;
    {
        const lock_guard guard(sched.lock);
        mp = mget();
    }
    if (mp != nullptr) {
        mp->spinning = spinning;
        mp->woken = spinning;
        mp->nextp = pp;
        mp->park.wake();
        return;
    }
    mp = new_m();
    mp->spinning = spinning;
    mp->nextp = pp;
    clone_m(mp);
}

// What check_deadlock has returned. No locks held.
void start_p(p* pp) {
    if (pp != nullptr) [[unlikely]] {
        startm(pp, false);
    }
}

// mp has been given a p.
void run_p(m* mp) {
    mp->park.clear();
    acquirep(mp->nextp);
    mp->nextp = nullptr;
}

// The end of a thread. On its g0, without a p; in none of the lists.
[[noreturn]] void exit_m(m* mp) {
    p* pp = nullptr;
    {
        const lock_guard guard(sched.lock);
        --sched.mcount;
        pp = check_deadlock();
        mp->over = true;
        mp->link = sched.mfree;
        sched.mfree = mp;
    }
    start_p(pp);
    os::exit_thread();
}

// Where so many timers or more were due at once, and no further from each other than this, the
// keeper's next sleep is longer, if it is soon: more of them share a wake-up, which takes as much
// time as some twenty of them. None is later by more than twice what the kernel itself is late by,
// its timer slack of 50 us and the waking (decision 015).
constexpr uint32_t crowd = 8;
constexpr int64_t close_together = 20'000; // ns
constexpr int64_t longer = 100'000;
constexpr int64_t soon = 1'000'000;

// mp, the keeper, sleeps until then where the first timer is due at due.
int64_t wakes_at(const m* mp, int64_t due) {
    const bool in_a_crowd = due - mp->crowd_at < soon && time_if_held() == 0;
    return in_a_crowd ? due + longer : due;
}

// mp has slept until a timer was due, at due, or longer, and runs it.
void run_what_is_due(m* mp, int64_t due) {
    const int64_t now = nanotime();
    const uint32_t count = run_all_timers();
    if (count >= crowd && now - due < count * close_together) {
        mp->crowd_at = now;
    }
}

enum class waking : uint8_t {
    woken, // with a p
    has_p, // it has taken one, because a timer is due
    none,  // somebody else is awake for that
};

// mp, which is idle, sleeps until a timer is due, or until it is woken.
waking sleep_until_due(m* mp, int64_t until) {
    for (;;) {
        const int64_t now = nanotime();
        if (now < until) {
            if (mp->park.sleep(until - now)) {
                return waking::woken;
            }
            continue;
        }
        const lock_guard guard(sched.lock);
        if (!mp->idle) {
            return waking::none; // somebody is about to wake it
        }
        p* const pp = sched.keeper == mp ? pidleget() : nullptr;
        if (sched.keeper == mp) {
            sched.keeper = nullptr;
            sched.keeper_until.store(0, std::memory_order_relaxed);
        }
        if (pp == nullptr) {
            return waking::none;
        }
        leave_idle(mp);
        mp->nextp = pp;
        return waking::has_p;
    }
}

// Sleeps until there is a p for mp. Without a p.
void stopm(m* mp) {
    int64_t due = 0;
    p* goes_on = nullptr;
    {
        const lock_guard guard(sched.lock);
        mp->idle = true;
        mp->link = sched.midle;
        sched.midle = mp;
        ++sched.nmidle;
        due = become_keeper(mp);
        goes_on = check_deadlock();
    }
    start_p(goes_on); // by mp itself: it is the first in the list
    if (due != 0) {
        switch (sleep_until_due(mp, wakes_at(mp, due))) {
        case waking::has_p:
            run_p(mp);
            mp->by_time = true;
            run_what_is_due(mp, due);
            return;
        case waking::woken:
            run_p(mp);
            return;
        case waking::none:
            break;
        }
    }
    // The first thread stays: it is the process. So does one that has destructors to run, for which
    // there is no goroutine here.
    auto* const has_handlers = if_linked(has_thread_exit_handlers);
    const bool stays = mp == &m0 || (has_handlers != nullptr && has_handlers());
    while (!mp->park.sleep(stays ? -1 : idle_time)) {
        const lock_guard guard(sched.lock);
        if (!mp->idle) {
            continue; // somebody is about to wake it
        }
        leave_idle(mp);
        mp->nextp = nullptr;
        // For so long there has been less to do than before: the kernel may have what that took.
        for (p* const list : {sched.pidle, sched.pretired}) {
            for (p* pp = list; pp != nullptr; pp = pp->link) {
                drop_caches(pp);
            }
        }
        mem::drop_goroutine_batches();
        break;
    }
    if (mp->nextp == nullptr) {
        exit_m(mp);
    }
    run_p(mp);
}

uint32_t next_random(m* mp) {
    uint32_t x = mp->random | 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return mp->random = x;
}

// Goroutines that were shorter than this are not worth stealing: moving one to another processor,
// its stack and what it counts down, takes longer than running it where it is.
constexpr uint64_t short_goroutine = 2000; // in cycles of the time stamp counter
constexpr uint64_t least_patience = 2'000;
constexpr uint64_t long_patience = 40'000; // some 10 us
constexpr uint64_t most_patience = 1'000'000;
// For so long after its last loot a thief that has waited for long, and finds nothing, sleeps and
// looks again: if it were idle it would be woken for each little thing, which takes longer. It
// leaves the timers of the others to them.
constexpr uint64_t hope = 10'000'000;

void lose_patience(m* mp) {
    mp->patience = mp->patience * 2 + least_patience;
    mp->patience = mp->patience < most_patience ? mp->patience : most_patience;
}

bool waits_long(const m* mp) {
    return mp->patience > long_patience;
}

void sleep_in_patience(const m* mp) {
    os::sleep(static_cast<int64_t>(mp->patience / 4)); // a nanosecond has fewer cycles
}

// A thief whose loot was short waits before it steals again, each time longer, so that who starts
// short goroutines mostly runs them itself. Meanwhile it counts as looking for work, and nobody is
// woken. Where it waits for long it sleeps, and what gets into the global queue waits for it, or
// for who looks there next, by 300 us or so.
void have_patience(m* mp) {
    if (mp->loot == 0) {
        return;
    }
    const uint64_t now = cycles();
    if (now - mp->stolen_at > mp->loot * short_goroutine) {
        mp->patience = 0;
    } else {
        lose_patience(mp);
    }
    mp->loot = 0;
    if (waits_long(mp)) {
        sleep_in_patience(mp);
        return;
    }
    while (cycles() - now < mp->patience && sched.runq_size.load(std::memory_order_relaxed) == 0) {
        pause();
    }
}

// Somebody has woken a thief, and there was nothing left to steal when it came. Where that happens
// again and again it is as with loot that is short.
void in_vain(m* mp) {
    mp->woken = false;
    const uint64_t now = cycles();
    if (now - mp->stolen_at > hope) {
        mp->patience = 0;
    }
    lose_patience(mp);
    mp->stolen_at = now;
}

// Something of another p's, or null where there is none for a while.
g* steal(m* mp) {
    p* const pp = getp();
    have_patience(mp);
    const bool room = sched.gomaxprocs.load(std::memory_order_relaxed) <= os::process.cpus;
    const int rounds = room && !mp->by_time ? most_rounds : least_rounds;
    for (int round = 0; round < rounds; ++round) {
        // May be old: what is newer wakes somebody itself.
        const uint32_t made = sched.procs_made.load(std::memory_order_acquire);
        const uint32_t start = next_random(mp) % made;
        for (uint32_t i = 0; i < made; ++i) {
            p* const victim = proc((start + i) % made);
            if (victim == pp) {
                continue;
            }
            if (g* const gp = runqsteal(pp, victim)) {
                mp->by_time = false;
                mp->loot = 1 + runqlen(pp);
                mp->stolen_at = cycles();
                return gp;
            }
        }
        if (round < least_rounds) {
            continue;
        }
        // Nobody but this m runs goroutines, or there is work in the global queue.
        if (sched.npidle.load(std::memory_order_relaxed) + 1 >=
                sched.gomaxprocs.load(std::memory_order_relaxed) ||
            sched.runq_size.load(std::memory_order_relaxed) != 0) {
            break;
        }
        for (int i = 0; i < pauses; ++i) {
            pause();
        }
    }
    return nullptr;
}

// Is there a g in any ring, or in the global queue?
bool any_work() {
    if (sched.runq_size.load(std::memory_order_seq_cst) != 0) {
        return true;
    }
    for (uint32_t id = 0; id < sched.procs_made.load(std::memory_order_acquire); ++id) {
        if (!ringempty(proc(id))) {
            return true;
        }
    }
    return false;
}

// mp has nothing to do but to wait for its tied goroutine. Without a p.
void count_locked() {
    p* pp = nullptr;
    {
        const lock_guard guard(sched.lock);
        ++sched.nmlocked;
        pp = check_deadlock();
    }
    start_p(pp);
}

void wait_for_p(m* mp) {
    count_locked();
    // Only the goroutine's own hand-over wakes it.
    (void)mp->park.sleep(-1);
    run_p(mp);
}

// mcall's: the goroutine comes back from the kernel and its p is gone.
g* exitsyscall_on_g0(g* gp, void* /*nothing*/) {
    m* const mp = gp->m;
    set_status(gp, g_status::syscall, g_status::runnable);
    leave_m(gp);
    const bool locked = gp->locked; // in the queue it may be somebody else's already
    p* pp = nullptr;
    {
        // One section, so that a p that becomes idle is seen here, or sees the g there.
        const lock_guard guard(sched.lock);
        pp = pidleget();
        if (pp == nullptr) {
            globrunqput(gp);
        }
    }
    if (pp != nullptr) {
        acquirep(pp);
        return execute(gp, false);
    }
    if (locked) {
        // Nobody else may run it: whoever finds it in the global queue hands a p over.
        wait_for_p(mp);
        return execute(gp, false);
    }
    stopm(mp);
    return schedule();
}

// With gomaxprocs 1, when nothing else runs any more: pp, the current p, need not defend its queue.
void claim_exclusive(p* pp) {
    if (pp != &p0 || pp->exclusive.load(std::memory_order_relaxed) ||
        sched.gomaxprocs.load(std::memory_order_relaxed) != 1) {
        return;
    }
    const lock_guard guard(sched.lock);
    if (sched.gomaxprocs.load(std::memory_order_relaxed) != 1) {
        return;
    }
    // An m that is about to steal has a p that is not retired.
    for (uint32_t id = 1; id < sched.procs_made.load(std::memory_order_relaxed); ++id) {
        if (proc(id)->status.load(std::memory_order_relaxed) != p_status::retired) {
            return;
        }
    }
    pp->exclusive.store(true, std::memory_order_relaxed);
}

// The starters go to the end of the ring, the one that has waited for longest first.
void queue_starters(p* pp) {
    g* oldest = nullptr;
    while (g* const gp = runqget_starter(pp)) {
        gp->schedlink = oldest;
        oldest = gp;
    }
    while (g* const gp = oldest) {
        oldest = gp->schedlink;
        runqput(pp, gp, false);
    }
}

} // namespace

void check_futex(int result) {
    if (result < 0 && result != -os::EAGAIN_ && result != -os::EINTR_ && result != -os::ETIMEDOUT_)
        [[unlikely]] {
        // A sleep with a time limit goes on by restart_syscall when the program was stopped.
        fatal_errno("cannot have threads sleep and wake (futex, restart_syscall)", result,
                    "allow both in the seccomp filter");
    }
}

p* proc(uint32_t id) {
    return id == 0 ? &p0 : extra_procs[id].load(std::memory_order_acquire);
}

void start_threads() {
    static constinit atomic<bool> started{false};
    if (started.load(std::memory_order_relaxed) || started.exchange(true)) {
        return;
    }
    apply_cpu_quota();
    p0.exclusive.store(sched.gomaxprocs.load(std::memory_order_relaxed) == 1,
                       std::memory_order_relaxed);
    m0.tid.store(os::thread_id(), std::memory_order_relaxed);
    if (auto* const allow = if_linked(allow_lock_owners)) {
        allow();
    }
    {
        const lock_guard guard(sched.lock);
        add_m(&m0);
    }
    init_preemption(&m0);
    m* const mp = new_m();
    {
        const lock_guard guard(sched.lock);
        ++sched.nmsys;
    }
    mp->mstartfn = sysmon;
    clone_m(mp);
}

g* find_elsewhere(m* mp) {
    p* const pp = getp();
    const uint32_t procs = sched.gomaxprocs.load(std::memory_order_relaxed);
    if (pp->id >= procs) {
        retirep(mp);
        return nullptr;
    }
    // A timer need not make anybody ready, and one may be due again at once: a spinner has to look
    // elsewhere all the same, for nobody is woken as long as it spins.
    auto* const run_own = if_linked(run_timers);
    if (run_own != nullptr && run_own(pp) && !runqempty(pp)) {
        mp->by_time = true;
        return nullptr;
    }
    // Spinning is for a few: with all m's at it, each would find the others looking.
    if (procs > 1 && !mp->spinning &&
        2 * sched.nmspinning.load(std::memory_order_relaxed) <
            procs - sched.npidle.load(std::memory_order_relaxed)) {
        mp->spinning = true;
        sched.nmspinning.fetch_add(1, std::memory_order_seq_cst);
    }
    if (mp->spinning) {
        if (g* const gp = steal(mp)) {
            return gp;
        }
        if (mp->woken) {
            in_vain(mp);
        }
        if (waits_long(mp) && cycles() - mp->stolen_at < hope) {
            sleep_in_patience(mp);
            return nullptr;
        }
        auto* const run_all = if_linked(run_all_timers);
        if (run_all != nullptr && run_all() != 0) {
            mp->by_time = true;
            return nullptr;
        }
    }
    {
        const lock_guard guard(sched.lock);
        if (g* const gp = globrunqget(pp, p::runq_size / 2)) {
            return gp;
        }
        releasep();
        pidleput(pp);
    }
    if (mp->spinning) {
        mp->spinning = false;
        sched.nmspinning.fetch_sub(1, std::memory_order_seq_cst);
    }
    // The second look, for work that came while this m was still counted as somebody who would find
    // it.
    if (any_work()) {
        p* again = nullptr;
        {
            const lock_guard guard(sched.lock);
            again = pidleget();
        }
        if (again != nullptr) {
            acquirep(again);
            mp->spinning = true;
            sched.nmspinning.fetch_add(1, std::memory_order_seq_cst);
            return nullptr;
        }
    }
    stopm(mp);
    return nullptr;
}

void wakep() {
    uint32_t nobody = 0;
    if (!sched.nmspinning.compare_exchange_strong(nobody, 1, std::memory_order_seq_cst,
                                                  std::memory_order_relaxed)) {
        return;
    }
    p* pp = nullptr;
    {
        const lock_guard guard(sched.lock);
        pp = pidleget();
        if (pp == nullptr) {
            // Under the lock, so that whoever makes a p idle sees that nobody spins.
            sched.nmspinning.fetch_sub(1, std::memory_order_seq_cst);
            return;
        }
    }
    startm(pp, true);
}

bool need_keeper(int64_t when) {
    if (sched.npidle.load(std::memory_order_relaxed) == 0) {
        return false;
    }
    // The fence stands between the store of the deadline and these looks; who becomes idle does it
    // the other way round (become_keeper).
    runtime::atomic_thread_fence(std::memory_order_seq_cst);
    if (sched.npidle.load(std::memory_order_relaxed) == 0 ||
        sched.nmspinning.load(std::memory_order_relaxed) != 0) {
        return false;
    }
    return !is_kept(when);
}

void stop_spinning(m* mp) {
    mp->spinning = false;
    mp->woken = false;
    // The last spinner to find work: there may be more of it.
    if (sched.nmspinning.fetch_sub(1, std::memory_order_seq_cst) == 1 &&
        sched.npidle.load(std::memory_order_relaxed) != 0) {
        wakep();
    }
}

void retirep(m* mp) {
    if (mp->spinning) {
        mp->spinning = false;
        sched.nmspinning.fetch_sub(1, std::memory_order_seq_cst);
    }
    p* const pp = releasep();
    p* other = nullptr;
    {
        const lock_guard guard(sched.lock);
        pidleput(pp); // its queue is the global one's now
        other = pidleget();
    }
    if (other != nullptr) {
        acquirep(other);
        return;
    }
    stopm(mp);
}

void sysmon_counts(bool does) {
    p* pp = nullptr;
    {
        const lock_guard guard(sched.lock);
        if (does) {
            --sched.nmsys;
        } else {
            ++sched.nmsys;
            pp = check_deadlock(); // which all others may have waited for
        }
    }
    start_p(pp);
}

void handoffp(p* pp) {
    if (!runqempty(pp) || sched.runq_size.load(std::memory_order_relaxed) != 0) {
        startm(pp, false);
        return;
    }
    // Nobody spins and nobody is idle: one should look whether there is work elsewhere.
    uint32_t nobody = 0;
    if (sched.gomaxprocs.load(std::memory_order_relaxed) > 1 &&
        sched.npidle.load(std::memory_order_relaxed) == 0 &&
        sched.nmspinning.compare_exchange_strong(nobody, 1, std::memory_order_seq_cst,
                                                 std::memory_order_relaxed)) {
        startm(pp, true);
        return;
    }
    {
        const lock_guard guard(sched.lock);
        if (sched.runq.size == 0) {
            pidleput(pp);
            pp = nullptr;
        }
    }
    if (pp != nullptr) {
        startm(pp, false);
        return;
    }
    // Who gave it up is not idle, and so has not seen to its timers.
    auto* const first = if_linked(earliest_timer);
    const int64_t when = first != nullptr ? first() : 0;
    if (when != 0 && need_keeper(when)) {
        wakep();
    }
}

// The goroutine keeps its p, marked: sysmon takes it away if the call lasts. Nothing here waits for
// anything. Not marked where it has a biased_lock, in the move of a value: that stays with its
// thread.
void entersyscall() {
    const no_preempt here;
    g* const gp = getg();
    tcb* const block = get_tcb();
    if (block->claim.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        return;
    }
    p* const pp = block->p;
    set_status(gp, g_status::running, g_status::syscall);
    gp->m->oldp = pp;
    block->p = nullptr;
    block->blocks = nullptr;
    block->slots = nullptr;
    pp->m.store(nullptr, std::memory_order_release); // as releasep does
    pp->syscalltick.store(pp->syscalltick.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    // Release: whoever takes p sees all that this thread did with it. Nothing of p is touched from
    // here on.
    pp->status.store(p_status::syscall, std::memory_order_release);
}

void exitsyscall() {
    // As long as its state is syscall, no signal takes the goroutine off this thread.
    g* const gp = getg();
    if (gp->status.load(std::memory_order_relaxed) != g_status::syscall) [[unlikely]] {
        return; // it was not marked
    }
    m* const mp = gp->m;
    p* const pp = mp->oldp;
    p_status expected = p_status::syscall;
    // Acquire: the p may have been with another m and back. The compare-and-swap decides between
    // this m and sysmon.
    if (pp->status.compare_exchange_strong(expected, p_status::running, std::memory_order_acquire,
                                           std::memory_order_relaxed)) [[likely]] {
        tcb* const block = get_tcb();
        pp->m.store(mp, std::memory_order_release); // as acquirep does
        block->p = pp;
        block->blocks = &pp->blocks;
        block->slots = &pp->slots;
        set_status(gp, g_status::syscall, g_status::running);
        if (pp->id >= sched.gomaxprocs.load(std::memory_order_relaxed)) [[unlikely]] {
            gosched(); // it retires, though the goroutine may do nothing but such calls
        }
        return;
    }
    mcall(exitsyscall_on_g0, nullptr);
}

void stop_locked_m(m* mp) {
    handoffp(releasep());
    wait_for_p(mp);
}

void start_locked_m(m* mp, g* gp) {
    m* const other = gp->m;
    p* const pp = releasep();
    {
        const lock_guard guard(sched.lock);
        --sched.nmlocked;
    }
    other->nextp = pp;
    other->park.wake();
    stopm(mp);
}

void exit_locked_m(m* mp) {
    mp->lockedg = nullptr;
    mp->lockedext = 0;
    handoffp(releasep());
    if (mp == &m0) {
        // The first thread cannot end without the process; it never runs anything again.
        count_locked();
        for (;;) {
            (void)mp->park.sleep(-1);
        }
    }
    exit_m(mp);
}

void set_gomaxprocs(uint32_t count) {
    count = count < most_procs ? count : most_procs;
    if (knobs.randsched != 0) {
        count = 1;
    }
    const lock_guard guard(sched.lock);
    if (count > 1) {
        // Where p0 is exclusive, it is this goroutine's: nothing else runs.
        p0.exclusive.store(false, std::memory_order_relaxed);
    }
    sched.gomaxprocs.store(count, std::memory_order_relaxed);
    // All lists anew, by the number that counts now. A p that runs beyond it retires by itself when
    // its m looks for the next goroutine.
    p* known = nullptr;
    for (p** list : {&sched.pidle, &sched.pretired}) {
        while (p* const pp = *list) {
            *list = pp->link;
            pp->link = known;
            known = pp;
        }
    }
    uint32_t idle = 0;
    sched.npretired = 0;
    const uint32_t made = sched.procs_made.load(std::memory_order_relaxed);
    idle += count > made ? count - made : 0;
    while (p* const pp = known) {
        known = pp->link;
        p** const list = pp->id < count ? &sched.pidle : &sched.pretired;
        (pp->id < count ? idle : sched.npretired) += 1;
        pp->status.store(pp->id < count ? p_status::idle : p_status::retired,
                         std::memory_order_relaxed);
        pp->link = *list;
        *list = pp;
    }
    sched.npidle.store(idle, std::memory_order_seq_cst);
}

g* look_after(p* pp) {
    if (auto* const run = if_linked(run_timers)) {
        (void)run(pp);
    }
    if (is_drawn(pp)) [[unlikely]] {
        return draw_next(pp);
    }
    claim_exclusive(pp);
    if (pp->looks % looks_for_starters == 0) {
        queue_starters(pp);
    }
    return nullptr;
}

void apply_cpu_quota() {
    static constinit atomic<bool> applied{false};
    if (applied.load(std::memory_order_relaxed) || applied.exchange(true)) {
        return;
    }
    if (knobs.randsched != 0) {
        begin_to_draw();
        set_gomaxprocs(1);
        return;
    }
    // Who says GOMAXPROCS means it. A quota is never less than 2.
    const uint32_t procs = sched.gomaxprocs.load(std::memory_order_relaxed);
    if (knobs.gomaxprocs != 0 || procs <= 2) {
        return;
    }
    const uint32_t quota = cpu_quota();
    if (quota < procs) {
        set_gomaxprocs(quota);
    }
}

// The counts only grow, so two sums that agree are of one moment. Where others keep changing them:
// those that have ended are read first, and the answer is never too small.
int64_t count_goroutines() {
    uint64_t last = 0;
    for (int tries = 0;; ++tries) {
        uint64_t ended = 0;
        uint64_t started = 0;
        const uint32_t made = sched.procs_made.load(std::memory_order_acquire);
        // Acquire: an end that is seen brings its start along.
        for (uint32_t id = 0; id < made; ++id) {
            ended += proc(id)->ended.load(std::memory_order_acquire);
        }
        for (uint32_t id = 0; id < made; ++id) {
            started += proc(id)->started.load(std::memory_order_relaxed);
        }
        if (tries == 16 || started + ended == last) {
            return static_cast<int64_t>(started - ended);
        }
        last = started + ended;
    }
}

} // namespace runtime
