// What lies below the scheduler when it is explored: threads are the explorer's, goroutines are
// coroutines with stacks of the host's size, memory comes from an arena that begins anew with each
// run.
#pragma once

#include <cstdint>
#include <functional>

namespace machine {

/// Boots the runtime with so many p's, on the calling thread, which becomes m0, and runs main as
/// the first goroutine. From a model's body. The run ends well where main returns; join is not for
/// this.
void run(std::uint32_t procs, std::function<void()> main);
/// Starts a goroutine, as rt0::go does.
void go(std::function<void()> body);
/// The run ends well where the runtime says that, and only there.
void expect_fatal(const char* text);
/// From the model's first goroutine: sysmon, for which each sleep is short and each look late.
void start_sysmon();
/// A thread beside the runtime's, without a p.
void start_thread(std::function<void()> body);

} // namespace machine
