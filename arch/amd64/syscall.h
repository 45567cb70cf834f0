// The system call instruction. os/ is the only floor that includes this file.
//
// The kernel takes the number in rax and six arguments in rdi, rsi, rdx, r10, r8, r9; it returns in
// rax, where -4095..-1 is a negated errno, and it destroys rcx and r11. "memory" keeps the compiler
// from holding back stores that the kernel is about to read.
#pragma once

namespace runtime::arch {

inline long syscall(long number, long a1 = 0, long a2 = 0, long a3 = 0) {
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a1), "S"(a2), "d"(a3)
                 : "rcx", "r11", "memory");
    return result;
}

inline long syscall(long number, long a1, long a2, long a3, long a4, long a5 = 0, long a6 = 0) {
    long result;
    register const long r10 asm("r10") = a4;
    register const long r8 asm("r8") = a5;
    register const long r9 asm("r9") = a6;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

} // namespace runtime::arch
