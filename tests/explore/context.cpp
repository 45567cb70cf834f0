// Stacks of one thread of the host, and the way from one to another.
#include <algorithm>

#include "tests/explore/explore.h"

namespace explore {

asm(R"(
    .text
    .globl explore_switch
    .type explore_switch, @function
explore_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size explore_switch, . - explore_switch
)");

void* fresh_context(void* top, void (*entry)()) {
    // explore_switch pops six registers and returns into entry, as if that had been called.
    auto** at = static_cast<void**>(top);
    *--at = nullptr;
    *--at = reinterpret_cast<void*>(entry);
    at -= 6;
    std::fill_n(at, 6, nullptr);
    return static_cast<void*>(at);
}

} // namespace explore
