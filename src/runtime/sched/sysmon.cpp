// sysmon: a thread without a p that looks at the others every 20 µs to 10 ms, less often the longer
// nothing happens, and sleeps while all p's are idle.
//
// It takes a p away from an m that stays in the kernel, so that the other goroutines of that p run
// on; it interrupts goroutines that do not let others run; it gets help for a p whose next
// goroutine waits behind one that does not let it run; and it prints what GODEBUG=schedtrace asks
// for, for which it does not sleep.
#include "base/if_linked.h"
#include "base/knobs.h"
#include "base/lock.h"
#include "os/os.h"
#include "os/vdso.h"
#include "sched/sched.h"

namespace runtime {

namespace {

constexpr int64_t shortest_sleep = 20'000;
constexpr int64_t longest_sleep = 10'000'000;
// So many looks without a find until the sleeps become longer.
constexpr uint32_t patience = 50;
// A system call on a p that nobody waits for may last this long.
constexpr int64_t syscall_slice = 10'000'000;
// A goroutine runs for so long while others wait.
constexpr int64_t time_slice = 10'000'000;

// Who wakes by itself for a timer has done so by then: the kernel's timer slack, what the keeper
// sleeps longer beside a crowd of timers (threads.cpp), and the waking.
constexpr int64_t awake_by_then = 200'000;

// With GODEBUG=randsched, where what goes by the time cannot be had again, both are longer.
int64_t patient(int64_t time) {
    constexpr int64_t longest = 100'000'000;
    return knobs.randsched == 0 ? time : longest;
}

// A goroutine that was sent a signal is sent no other for so long.
constexpr int64_t between_signals = 1'000'000;

// The time; where the kernel refuses the clock, what sysmon has slept.
int64_t now(int64_t slept) {
    os::timespec time{};
    if (os::fast_clock_gettime(os::clock_monotonic, &time) != 0) {
        return slept;
    }
    return time.seconds * 1'000'000'000 + time.nanoseconds;
}

// Takes pp from an m that has been in the same system call since the last look. Whether it did.
bool retake(p* pp, int64_t time) {
    const uint32_t tick = pp->syscalltick.load(std::memory_order_relaxed);
    if (pp->seen.syscalltick != tick) {
        pp->seen.syscalltick = tick;
        pp->seen.since = time;
        return false;
    }
    const bool wanted = !runqempty(pp) || sched.runq_size.load(std::memory_order_relaxed) != 0 ||
                        sched.nmspinning.load(std::memory_order_relaxed) +
                                sched.npidle.load(std::memory_order_relaxed) ==
                            0;
    if ((!wanted || knobs.randsched != 0) && time - pp->seen.since < patient(syscall_slice)) {
        return false;
    }
    // From before nobody else can see the p until it is somebody else's: while sysmon has it in its
    // hand, all m's may go to sleep, and what is in the p's queue is seen by none of them.
    sysmon_counts(true);
    p_status expected = p_status::syscall;
    // Acquire: pairs with entersyscall's release. Decides between sysmon and exitsyscall.
    const bool taken = pp->status.compare_exchange_strong(
        expected, p_status::idle, std::memory_order_acquire, std::memory_order_relaxed);
    if (taken) {
        handoffp(pp);
    }
    sysmon_counts(false);
    return taken;
}

// Whether pp's next goroutine has been waiting since the last look behind one that does not let it
// run, and an idle p could run one of the two.
bool next_waits(p* pp, uint32_t tick) {
    g* next = pp->runnext.load(std::memory_order_relaxed);
    if (next == nullptr) {
        next = pp->starters.load(std::memory_order_relaxed);
    }
    const bool same = next != nullptr && next == pp->seen.next && tick == pp->seen.schedtick;
    pp->seen.next = next;
    pp->seen.schedtick = tick;
    return same && sched.npidle.load(std::memory_order_relaxed) != 0;
}

// At the last look a timer of a p that is retired was due: whoever gives way runs it.
bool a_retired_one_is_due = false;

// Asks pp for its processor if the same time slice has lasted for too long and somebody waits:
// first through the stack guard, at the next look by a signal. Whether it did. Timers are due at
// due.
bool end_slice(p* pp, int64_t time, int64_t due) {
    const uint32_t tick = pp->schedtick.load(std::memory_order_relaxed);
    const bool at_once = next_waits(pp, tick);
    if (pp->seen.slice != tick) {
        pp->seen.slice = tick;
        pp->seen.slice_since = time;
        pp->seen.asked = false;
        pp->seen.ask_again = time;
        return false;
    }
    const bool wanted = !runqempty(pp) || sched.runq_size.load(std::memory_order_relaxed) != 0 ||
                        pp->id >= sched.gomaxprocs.load(std::memory_order_relaxed) ||
                        pp->timers.is_due(due) || a_retired_one_is_due;
    if ((!at_once && (!wanted || time - pp->seen.slice_since < patient(time_slice))) ||
        time < pp->seen.ask_again) {
        return false;
    }
    preempt(pp, tick, pp->seen.asked);
    // In the runtime, or where signals do not come, it takes a while: no storm of them.
    pp->seen.ask_again = time + (pp->seen.asked ? between_signals : 0);
    pp->seen.asked = true;
    return true;
}

// Whether there was something in the ring at the last look and is now, and an idle p could run it:
// a thief has missed it, or a yield has put it there, which wakes nobody.
bool stranded(p* pp) {
    const bool ring = !ringempty(pp);
    const bool both = ring && pp->seen.ring;
    pp->seen.ring = ring;
    return both && sched.npidle.load(std::memory_order_relaxed) != 0;
}

// Looks at all p's; whether there was anything to do.
bool look(int64_t time, int64_t due) {
    bool found = false;
    bool retired_is_due = false;
    for (uint32_t id = 0; id < sched.procs_made.load(std::memory_order_acquire); ++id) {
        p* const pp = proc(id);
        // Relaxed: only a hint; the compare-and-swap in retake decides.
        switch (pp->status.load(std::memory_order_relaxed)) {
        case p_status::syscall:
            found |= retake(pp, time);
            break;
        case p_status::running:
            if (stranded(pp)) {
                wakep();
                found = true;
            }
            found |= end_slice(pp, time, due);
            break;
        case p_status::retired:
            retired_is_due |= pp->timers.is_due(due);
            break;
        case p_status::idle:
            break;
        }
    }
    a_retired_one_is_due = retired_is_due;
    return found;
}

// A timer is due. Is no m awake that would run it at once? Then one is woken.
bool wake_for_timers() {
    if (sched.npidle.load(std::memory_order_relaxed) == 0 ||
        sched.nmspinning.load(std::memory_order_relaxed) != 0) {
        return false;
    }
    wakep();
    return true;
}

// Under sched.lock. Those beyond gomaxprocs count too, until they have retired.
bool all_idle() {
    const uint32_t procs = sched.gomaxprocs.load(std::memory_order_relaxed);
    const uint32_t made = sched.procs_made.load(std::memory_order_relaxed);
    return sched.npidle.load(std::memory_order_relaxed) == procs &&
           sched.npretired == (made > procs ? made - procs : 0);
}

// GODEBUG=schedtrace's lines where it is time for them, counted from the first.
void trace(int64_t time) {
    static constinit int64_t first = 0;
    static constinit int64_t next = 0;
    if (knobs.schedtrace == 0 || time < next) {
        return;
    }
    constexpr int64_t millisecond = 1'000'000;
    first = first != 0 ? first : time;
    next = time + knobs.schedtrace * millisecond;
    schedtrace(static_cast<uint64_t>((time - first) / millisecond));
}

} // namespace

void wake_sysmon() {
    if (sched.sysmon_sleeps) {
        sched.sysmon_sleeps = false;
        sched.sysmon_note.wake();
    }
}

void sysmon() {
    uint32_t quiet = 0;
    int64_t delay = shortest_sleep;
    int64_t slept = 0;
    bool was_idle = false;
    int64_t first_due = 0; // the first timer that is not due yet, at the last look
    int64_t due = 0;       // what timers go by: the time, but where a test holds it
    for (;;) {
        if (quiet == 0) {
            delay = shortest_sleep;
        } else if (quiet > patience && delay < longest_sleep) {
            delay = delay * 2 < longest_sleep ? delay * 2 : longest_sleep;
        }
        int64_t nap = delay;
        if (was_idle) {
            nap = longest_sleep;
        } else if (first_due != 0 && first_due - due < nap) {
            nap = first_due - due > shortest_sleep ? first_due - due : shortest_sleep;
        }
        os::sleep(nap);
        slept += nap;
        if (was_idle) {
            quiet = 0;
        }
        bool sleep = false;
        {
            const lock_guard guard(sched.lock);
            const bool idle = knobs.schedtrace == 0 && all_idle();
            // Where all are idle for a moment again and again, nobody has to wake it each time.
            sleep = sched.sysmon_sleeps = idle && was_idle;
            was_idle = idle && !sleep;
        }
        if (sleep) {
            (void)sched.sysmon_note.sleep(-1);
            sched.sysmon_note.clear();
            // Who woke it has only just begun.
            quiet = 0;
            first_due = 0;
            continue;
        }
        const int64_t time = now(slept);
        const int64_t held = time_if_held();
        due = held != 0 ? held : time;
        auto* const first = if_linked(earliest_timer);
        first_due = first != nullptr ? first() : 0;
        bool found = look(time, due);
        if (first_due != 0 && first_due <= due) {
            // Where the time is held nobody wakes by itself when it comes.
            if (held == 0 && is_kept(first_due)) {
                first_due = due + awake_by_then; // and may have other work when the next is due
            } else {
                found |= wake_for_timers();
                first_due = 0;
            }
        }
        if (held != 0) {
            first_due = 0; // no nap brings it nearer
        }
        quiet = found ? 0 : quiet + 1;
        trace(time);
    }
}

} // namespace runtime
