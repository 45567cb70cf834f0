// What lies below the scheduler when it is explored: threads are the explorer's, goroutines are
// coroutines with stacks of the host's size, memory comes from an arena that begins anew with each
// run.
#pragma once

#include <cstdint>
#include <functional>

namespace runtime {
struct g;
} // namespace runtime

namespace machine {

/// Boots the runtime with so many p's, on the calling thread, which becomes m0, and runs main as
/// the first goroutine. From a model's body. The run ends well where main returns; join is not for
/// this.
void run(std::uint32_t procs, std::function<void()> main);
/// Starts a goroutine, as rt0::go does.
void go(std::function<void()> body);
/// The run ends well where the runtime says that, and only there. Over kernel.cpp: the next fatal
/// error may be that one, and is thrown as a std::string.
void expect_fatal(const char* text);
/// From the model's first goroutine: sysmon, for which each sleep is short and each look late.
void start_sysmon();
/// A thread beside the runtime's, without a p.
void start_thread(std::function<void()> body);
/// From now on the kernel has no more threads, no more memory.
void refuse_threads();
void refuse_memory();
/// Whether the kernel makes barriers in all threads (fences.cpp).
void refuse_fences(bool are);

// For signals.cpp.

/// Of a goroutine's stack, which is the host's and does not grow.
inline constexpr std::uintptr_t some_guard = 1;
/// The thread with that id calls handler before its next step. False: it is over.
bool interrupt(std::uint32_t thread, std::function<void()> handler);
/// Goes off the stack of gp, on which it is, to the thread's own, where next says what is next.
void take_off(runtime::g* gp, runtime::g* (*next)(runtime::g* gp));

} // namespace machine
