// C without a libc, in the style of the kernel's nolibc: an entry point of four instructions, raw
// system calls, and just enough of a main's environment (argc, argv, envp).

#include <asm/unistd.h>

static long syscall3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static unsigned long length(const char* text) {
    unsigned long n = 0;
    while (text[n] != '\0')
        ++n;
    return n;
}

static int put_line(const char* text) {
    const long size = (long)length(text);
    return syscall3(__NR_write, 1, (long)text, size) == size ? 0 : 1;
}

static int main(int argc, char** argv, char** envp) {
    (void)argc;
    (void)argv;
    (void)envp;
    return put_line("Hello, world!\n");
}

// Called by _start, which the compiler does not see.
__attribute__((used, noreturn)) static void start_c(long* stack) {
    const int argc = (int)stack[0];
    char** const argv = (char**)(stack + 1);
    const int status = main(argc, argv, argv + argc + 1);
    for (;;)
        syscall3(__NR_exit_group, status, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n"
        "    xorl %ebp, %ebp\n"
        "    movq %rsp, %rdi\n"
        "    andq $-16, %rsp\n"
        "    call start_c\n");
