// System calls that the runtime's headers have nothing for.
#pragma once

inline long raw_call(long number, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0) {
    long result = 0; // NOLINT(misc-const-correctness): the assembly writes it
    // NOLINTNEXTLINE(misc-const-correctness)
    register long fourth asm("r10") = a4;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a1), "S"(a2), "d"(a3), "r"(fourth)
                 : "rcx", "r11", "memory");
    return result;
}

inline long thread_id() {
    return raw_call(186); // gettid
}
