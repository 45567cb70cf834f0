#include "boot/exit.h"

#include "base/if_linked.h"
#include "os/os.h"
#include "sched/sched.h"

namespace runtime {

// Null in a program of one goroutine that has none.
// NOLINTNEXTLINE(readability-redundant-declaration): the weak one
[[gnu::weak]] void destroy_locals() asm("runtime.destroy_locals");

extern "C" {
using fini_function = void (*)();
[[gnu::visibility("hidden")]] extern const fini_function __fini_array_start[];
[[gnu::visibility("hidden")]] extern const fini_function __fini_array_end[];
}

void exit(int status) {
    g* first = nullptr;
    // Relaxed: only one goroutine may win; nothing is published.
    if (!exiting.owner.compare_exchange_strong(first, getg(), std::memory_order_relaxed) &&
        first != getg()) {
        for (;;) {
            if_linked(wait_for_exit)();
        }
    }
    if (auto* const destroy = if_linked(destroy_locals)) {
        destroy();
    }
    if (auto* const run = if_linked(run_thread_exit_handlers)) {
        run();
    }
    if (auto* const run = if_linked(run_exit_handlers)) {
        run();
    }
    // Counted, so that a function that calls exit does not run again.
    while (exiting.fini_done < __fini_array_end - __fini_array_start) {
        __fini_array_end[-++exiting.fini_done]();
    }
    os::exit_group(status);
}

} // namespace runtime
