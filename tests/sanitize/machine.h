// What lies below the scheduler on real threads under a sanitizer: threads are glibc's, goroutines
// coroutines with stacks of the host's, and each switch is told to the sanitizer. The kernel is
// tests/unit/host_os.cpp.
#pragma once

#include <cstdint>
#include <functional>

namespace machine {

/// Boots the runtime with so many p's, on the calling thread, which becomes m0, and runs main as
/// the first goroutine. The process ends with what main returns.
[[noreturn]] void run(uint32_t procs, std::function<int()> main);
/// What a function's prologue does on stacks that grow: gives way where sysmon has asked for it.
void preemption_point();

} // namespace machine
