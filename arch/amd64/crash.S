// The way to a program's last words. C++ cannot say it: it changes the stack under the code.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// [[noreturn]] void runtime.crash(const last_words* words)
// Calls runtime.die(words) on a stack of its own: the goroutine's may have no room, and g0's may hold what words
// point to. A function of its own so that debuggers find the way back to who gives up.
        .section .text.runtime.crash, "ax", @progbits
        .globl  runtime.crash
        .hidden runtime.crash
        .type   runtime.crash, @function
runtime.crash:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        movq    %rsp, %rbp                      // the way back
        .cfi_def_cfa_register %rbp
        leaq    CRASH_STACK_SIZE + runtime.crash_stack(%rip), %rsp
        callq   runtime.die
        ud2                                     // die does not return
        .cfi_endproc
        .size   runtime.crash, . - runtime.crash

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
