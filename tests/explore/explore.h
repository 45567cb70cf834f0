// A stateless model checker for the runtime's protocols, over the real sources.
//
// A model is a function that sets something up and starts threads. It is run again and again, each
// time with another schedule, until all schedules up to a bound have been seen. Its threads are
// coroutines of one thread of the host, so a schedule is a list of choices, and the same list is
// the same run.
//
// What is chosen:
//   * which thread goes on, before every access to an atomic that more than one thread uses, and
//     before every call to the kernel. Taking the processor from a thread that could go on is a
//     preemption, and a run has at most options::preemptions of them; where the thread blocks,
//     ends, or spins (pause), the choice costs nothing.
//   * which store a load sees. Atomics keep the history of their stores, and a load may see any
//     that is not older than what its thread knows of already; what a thread knows grows by
//     acquiring what others release, as in C++'s memory model: an ordering that is too weak is
//     found on a processor that is stronger. A run has at most options::stale loads that do not see
//     the latest store.
//   * whether a wait in the kernel ends for no reason: options::spurious times in a run.
//
// What is not atomic is changed between two choices at once. Where it is watched (plain.h), who
// reads or writes it must know of the last store to it; else that is a race, and the run fails.
//
// What is not modelled: loads that see stores of the future (load buffering).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "tests/explore/access.h"

namespace explore {

struct options {
    int preemptions = 2;
    int stale = 2;
    int spurious = 0;
    // A thread may be taken off before each access, not only before those of what is shared: for
    // signals, which come between any two.
    bool everywhere = false;
};

struct model {
    const char* name;
    void (*body)();
    options limits{};
};

/// Starts a thread of the model. From its body, or from another thread.
void start(std::function<void()> body);
/// Waits until all the threads that were started have ended. From the body.
void join();
/// Ends the calling thread; the run, which has gone well.
[[noreturn]] void end_thread();
[[noreturn]] void finish();
/// A pointer of the calling thread's own, null at first.
void*& local();
/// Whose local that is calls handler before its next step, on the stack that it has then, as for a
/// signal; a wait in the kernel ends with EINTR. False where there is no such thread.
bool interrupt(const void* local, std::function<void()> handler);
/// Each thread sees what the calling one stored before, and the calling one what each of them did:
/// as membarrier, which stops each of them between two accesses. Of one another they learn nothing,
/// for it may stop them one by one.
void fence_all();
/// The calling thread waits until another one has woken it, which may come first, and then knows
/// what that one knew.
void sleep();
/// Wakes the thread whose local that is.
void wake(const void* local);
/// The run has failed where condition is false: prints text and the schedule.
void check(bool condition, const char* text);
[[noreturn]] void fail(const char* text);

/// Runs what the command line asks for; main's result.
int run(int argc, char** argv, std::span<const model> models);

/// Sleeps while the latest value of word is expected. As os::futex_wait: 0, or a negated errno.
int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t nanoseconds);
int futex_wake(const std::uint32_t* word, int count);

} // namespace explore
