// Goroutines whose stacks grow by segments. This object is what makes all of a program's
// goroutines, but the first, such: rt0::split makes the linker take it.
#include <new>

#include "base/fatal.h"
#include "mem/segment.h"
#include "sched/sched.h"

// The switch that goes with it must be found before the one that knows no guards.
asm(".reloc ., R_X86_64_NONE, runtime.gogo");

namespace runtime {

g* malg_split() {
    int error = 0;
    const mem::first_block block = mem::allocate_first_block(sizeof(g), &error);
    if (block.g == nullptr) {
        fatal_errno("cannot map a stack for a goroutine", error, "raise RLIMIT_AS (ulimit -v)");
    }
    auto* const gp = new (block.g) g{};
    gp->stack_lo = block.lo;
    gp->stack_hi = reinterpret_cast<uintptr_t>(block.first);
    gp->segment = block.first;
    gp->status.store(g_status::dead, std::memory_order_relaxed);
    return gp;
}

} // namespace runtime
