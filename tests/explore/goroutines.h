// Goroutines as coroutines on stacks of the host's, and the threads that run them: what assembly
// does in a program (arch/amd64/switch.S, clone.S). Who links it says where a goroutine's coroutine
// is, and how it ends.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "arch/amd64/tcb.h"
#include "base/atomic.h"
#include "sched/sched.h"

namespace machine {

struct coroutine {
    void* sp = nullptr;
    std::unique_ptr<std::byte[]> stack;
};

// A thread that runs goroutines: what getg and getp look at comes first. The rest is what a
// goroutine left to do when it went off its stack.
struct thread {
    runtime::tcb block{};
    void* sp = nullptr; // of its own stack, g0's, while a goroutine runs
    runtime::g* (*function)(runtime::g* gp, void* argument) = nullptr;
    void* argument = nullptr;
    runtime::g* left = nullptr; // the goroutine that went
    runtime::g* to = nullptr;   // switch_to's, or gogo's
    runtime::atomic<runtime::g*>* slot = nullptr;
    runtime::atomic<std::uint32_t>* published = nullptr;
    std::uint32_t value = 0;
    runtime::atomic<std::uint32_t>* tid = nullptr;
    std::jmp_buf resumed{};
};

thread* here();

// The calling thread's, from mstart1 on.
[[noreturn]] void run_goroutines();

// The current goroutine calls function with it and argument on its thread's own stack, and goes on
// when somebody continues it.
void leave(runtime::g* (*function)(runtime::g* gp, void* argument), void* argument);

// By the machine that is built on this.
coroutine& coroutine_of(runtime::g* gp);
[[noreturn]] void end_goroutine();
std::uint32_t start_thread(thread* block); // its id; 0: the kernel refuses

} // namespace machine
