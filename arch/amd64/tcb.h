// The thread control block: what FS points at.
//
// Below it, downwards, lies the program's static TLS (variant II of the ELF TLS ABI: a thread_local
// is at a negative offset from FS). At and above it lie the slots that compilers address by fixed
// offsets: fs:0 the block's own address, fs:0x28 the stack protector's canary, fs:0x70 the stack
// guard of split-stack prologues. The current g sits at fs:0x10, a fixed place too, so that a
// debugger finds it with nothing but $fs_base.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/amd64/offsets.h"
#include "base/atomic.h"

namespace runtime {

struct g;
struct p;
namespace mem {
struct block_cache;
struct slot_cache;
} // namespace mem

struct tcb {
    tcb* self;
    uintptr_t reserved0;
    g* current;
    runtime::p* p;            // the p that this thread runs, or null
    mem::block_cache* blocks; // the p's, or null
    uintptr_t canary;
    uintptr_t reserved1;
    mem::slot_cache* slots; // the p's, or null
    uintptr_t reserved2[5];
    // The biased_lock that this thread has, or is about to have; 0 where there is none. Keeps the
    // goroutine on its thread as nopreempt does, by a store instead of a count.
    atomic<uintptr_t> claim;
    uintptr_t stack_guard;
    // Not zero: this thread is in the runtime, and its goroutine may not be made to leave it. The
    // scheduler itself runs with 1: mcall adds it, gogo takes it away.
    int nopreempt;

    [[nodiscard]] bool in_runtime() const {
        return nopreempt != 0 || claim.load(std::memory_order_relaxed) != 0;
    }
};

static_assert(offsetof(tcb, self) == TCB_SELF);
static_assert(offsetof(tcb, current) == TCB_G);
static_assert(offsetof(tcb, p) == TCB_P);
static_assert(offsetof(tcb, canary) == TCB_CANARY);
static_assert(offsetof(tcb, claim) == TCB_CLAIM);
static_assert(offsetof(tcb, nopreempt) == TCB_NOPREEMPT);
static_assert(offsetof(tcb, stack_guard) == TCB_STACK_GUARD);

// The running goroutine (g0 while the scheduler runs). Not volatile: a function's g is the same
// from its first instruction to its last, whatever thread continues it, so the compiler may keep
// it. What belongs to the thread (g->m) must be read anew after every point where the goroutine may
// park. A macro, because a debugger that stops at an inline function shows that function's line
// instead of the line that one asked for, and half of the scheduler's functions begin with this.
#define getg()                                                                                     \
    ({                                                                                             \
        ::runtime::g* running_;                                                                    \
        asm("movq %%fs:%c1, %0" : "=r"(running_) : "i"(TCB_G));                                    \
        running_;                                                                                  \
    })

// The thread's p. Volatile, because a goroutine that parked may wake on another thread and p; a
// macro for the same reason as getg.
#define getp()                                                                                     \
    ({                                                                                             \
        ::runtime::p* running_;                                                                    \
        asm volatile("movq %%fs:%c1, %0" : "=r"(running_) : "i"(TCB_P));                           \
        running_;                                                                                  \
    })

// The thread's control block. Volatile, because a goroutine that parked may wake on another thread.
[[gnu::always_inline, gnu::artificial]] inline tcb* get_tcb() {
    tcb* block;
    asm volatile("movq %%fs:%c1, %0" : "=r"(block) : "i"(TCB_SELF));
    return block;
}

// The thread's claim. One instruction, so that it is the same thread's to whose FS it goes; from a
// claim that is not 0 on the goroutine stays on that thread. The store is a release.
[[gnu::always_inline, gnu::artificial]] inline void set_claim(uintptr_t claim) {
    asm volatile("movq %0, %%fs:%c1" : : "re"(claim), "i"(TCB_CLAIM) : "memory");
}

// Has the thread's claim any of these bits?
[[gnu::always_inline, gnu::artificial]] inline bool claim_has(uint32_t bits) {
    bool has;
    asm volatile("testl %1, %%fs:%c2" : "=@ccnz"(has) : "ri"(bits), "i"(TCB_CLAIM));
    return has;
}

// For a scope in which the goroutine stays on its thread, and the thread with its p: what it knows
// of either stays true. Nests. Not around anything that parks. One instruction each, so that a
// signal comes before or behind it; inline in every build, because a program may have a copy of
// what is not, which asks for stack where the runtime may not.
class [[nodiscard]] no_preempt {
public:
    [[gnu::always_inline]] no_preempt() { begin(); }
    no_preempt(const no_preempt&) = delete;
    no_preempt& operator=(const no_preempt&) = delete;
    [[gnu::always_inline]] ~no_preempt() { end(); }

    [[gnu::always_inline]] static void begin() {
        asm volatile("incl %%fs:%c0" : : "i"(TCB_NOPREEMPT) : "memory", "cc");
    }
    [[gnu::always_inline]] static void end() {
        asm volatile("decl %%fs:%c0" : : "i"(TCB_NOPREEMPT) : "memory", "cc");
    }
};

} // namespace runtime
