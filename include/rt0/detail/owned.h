// A word under a lock that one thread can own (src/runtime/base/biased_lock.h), and what its owner
// can do with it without asking anybody.
#pragma once

#include <cstdint>

namespace rt0::detail {

// All zeroes is a free one.
struct owned_word {
    // The lock: a runtime::biased_lock.
    std::uintptr_t owner;
    std::uint32_t taken;
    std::uint32_t counts;
    // Under it.
    std::uint32_t value;
    std::uint32_t flags; // what the value's user wants beside
};

// Where the calling thread owns the lock and the value is from: makes it to. Else, or where another
// thread is taking the lock back, false, and nothing has happened.
//
// One piece of assembly, because the goroutine may not leave its thread in between, in no build:
// the claim (fs:0x68) keeps it there, and is what another thread waits for. fs:0 is the thread. The
// value belongs to who owns the lock as to any holder; the stores are seen in their order.
[[gnu::always_inline]] inline bool owner_exchanges(owned_word& of, std::uint32_t from,
                                                   std::uint32_t to) {
    bool done = false;         // NOLINT(misc-const-correctness): the assembly writes both
    std::uintptr_t thread = 0; // NOLINT(misc-const-correctness)
    // The lock's name with the lowest bit: "by bias".
    const auto claim = reinterpret_cast<std::uintptr_t>(&of) | 1;
    asm volatile("movq %[claim], %%fs:0x68\n\t"
                 "movq %%fs:0, %[thread]\n\t"
                 "cmpq %[owner], %[thread]\n\t"
                 "jne 1f\n\t"
                 "cmpl %[from], %[value]\n\t"
                 "jne 1f\n\t"
                 "movl %[to], %[value]\n"
                 "1:\n\t"
                 "movq $0, %%fs:0x68"
                 : "=@cce"(done), [thread] "=&r"(thread), [value] "+m"(of.value)
                 : [owner] "m"(of.owner), [claim] "r"(claim), [from] "ir"(from), [to] "ir"(to)
                 : "memory");
    return done;
}

} // namespace rt0::detail
