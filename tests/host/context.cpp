#include "tests/host/context.h"

#include <algorithm>

namespace host {

asm(R"(
    .text
    .globl host_switch
    .type host_switch, @function
host_switch:
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
    .size host_switch, . - host_switch
)");

void* fresh_context(void* top, void (*entry)()) {
    // host_switch pops six registers and returns into entry, as if that had been called.
    auto** at = static_cast<void**>(top);
    *--at = nullptr;
    *--at = reinterpret_cast<void*>(entry);
    at -= 6;
    std::fill_n(at, 6, nullptr);
    return static_cast<void*>(at);
}

} // namespace host
