// In the place of arch/amd64/switch.S where the scheduler runs on the host: goroutines are
// coroutines with stacks of the host's. What a switch leaves to do, putting the goroutine where
// others find it, is done once it is off its stack, by the thread on its own.
//
// The explorer's threads (tests/explore/machine.cpp), simulated ones (tests/simulate/kernel.cpp)
// and real ones (tests/sanitize/machine.cpp) have this in common.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>

#include "sched/sched.h"

namespace machine {

// A thread that runs goroutines: what getg and getp look at comes first. The rest is what a
// goroutine left to do when it went off its stack.
struct thread {
    runtime::tcb block{};
    void* sp = nullptr; // of its own stack, g0's, while a goroutine runs
    runtime::g* (*function)(runtime::g* gp, void* argument) = nullptr;
    void* argument = nullptr;
    runtime::g* left = nullptr; // the goroutine that went
    runtime::g* to = nullptr;   // switch_to
    runtime::atomic<uint32_t>* published = nullptr;
    uint32_t value = 0;
    runtime::atomic<uint32_t>* tid = nullptr;
    uint32_t id = 0;
    std::jmp_buf back; // where resumed goes
};
static_assert(offsetof(thread, block) == 0);

// Each machine's own.

/// The calling thread.
thread* here();
/// What the stack's guard is while gp runs.
std::uintptr_t guard_for(const runtime::g* gp);
/// From the thread's own stack: goes on with gp, which may be a fresh one, and returns when that
/// goes off its stack.
void enter(runtime::g* gp);
/// From gp's stack: returns when gp is entered again, on whatever thread.
void leave(runtime::g* gp);

// What they have in common.

/// Boots the runtime with so many p's, which lie in memory that is as new. The calling thread,
/// first, becomes m0.
void boot(thread& first, uint32_t procs);
/// The function that a fresh goroutine begins with.
runtime::funcval* begins_with(const runtime::g* gp);
/// A thread's life.
[[noreturn]] void run_goroutines();
/// The end of a sigresume, where goroutines can be preempted: the goroutine is the current one,
/// with its guard and its nopreempt, and is entered now.
[[noreturn]] void resumed();

} // namespace machine
