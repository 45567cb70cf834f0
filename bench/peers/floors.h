// What the floors have in common: two stacks and nothing that chooses between them, and a thread
// per core.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace floors {

// Stores the stack pointer of this side, and goes on where the other side switched away. Every
// register but those two may have changed: the compiler saves what it still needs.
inline void switch_stack(void** from, void* to) {
    // The red zone may hold data of ours: step over it. A jump, because the processor would expect
    // a return to go where this side was called from.
    asm volatile("subq $128, %%rsp\n\t"
                 "pushq %%rbp\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "movq %%rsp, (%[from])\n\t"
                 "movq %[to], %%rsp\n\t"
                 "popq %%rax\n\t"
                 "jmpq *%%rax\n"
                 "1:\tpopq %%rbp\n\t"
                 "addq $128, %%rsp"
                 : [from] "+D"(from), [to] "+S"(to)
                 :
                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                   "memory", "cc");
}

alignas(64) inline std::array<std::byte, std::size_t{256} * 1024> stack;
inline void* here;  // where main switched away
inline void* there; // and where the other did

// Makes `there` the beginning of a function that never returns.
inline void prepare(void (*begin)()) {
    auto* const top = reinterpret_cast<std::uintptr_t*>(stack.data() + stack.size());
    // A function begins with a stack that is 8 bytes off 16: as if it had been called.
    top[-2] = reinterpret_cast<std::uintptr_t>(begin);
    there = top - 2;
}

inline unsigned cores() {
    return std::max(1U, std::thread::hardware_concurrency());
}

// work(0) to work(threads - 1) at the same time.
template <class Work>
void together(unsigned threads, const Work& work) {
    std::vector<std::thread> running;
    running.reserve(threads);
    for (unsigned i = 0; i < threads; ++i)
        running.emplace_back(work, i);
    for (std::thread& t : running)
        t.join();
}

} // namespace floors
