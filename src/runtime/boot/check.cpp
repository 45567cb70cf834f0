#include <atomic>

#include "base/boot_step.h"
#include "base/fatal.h"
#include "boot/boot.h"
#include "sched/sched.h"

namespace runtime {

// What can be asked at compile time is.
static_assert(sizeof(void*) == 8 && sizeof(long) == 8 && sizeof(int) == 4);
static_assert(static_cast<signed char>(0xff) == -1, "two's complement");
static_assert(std::atomic<uint64_t>::is_always_lock_free &&
              std::atomic<void*>::is_always_lock_free);

void check() {
    boot_step = "runtime.check";
    // The operations that the scheduler stands on, through memory, as it uses them.
    std::atomic<uint32_t> word{1};
    uint32_t expected = 1;
    if (!word.compare_exchange_strong(expected, 2) || word.load() != 2) {
        fatal("compare-and-swap does not swap");
    }
    expected = 5;
    if (word.compare_exchange_strong(expected, 6) || expected != 2) {
        fatal("compare-and-swap swaps what it should not");
    }
    if (word.exchange(0xffffffff) != 2 || word.fetch_add(1) != 0xffffffff || word.load() != 0) {
        fatal("exchange or fetch_add is broken");
    }
    if (getg() != &g0 || getg()->m != &m0 || m0.g0 != &g0 || get_tcb()->current != &g0) {
        fatal("g0 and m0 do not know each other");
    }
    uintptr_t stack_pointer = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm("movq %%rsp, %0" : "=r"(stack_pointer));
    if (stack_pointer < g0.stack_lo || stack_pointer > g0.stack_hi) {
        fatal("the stack pointer is outside g0's stack");
    }
}

} // namespace runtime
