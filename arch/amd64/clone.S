// Starting a thread. Not C++, because the new thread begins here on another stack, without a caller.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// long runtime.clone(unsigned long flags, void* stack, uint32_t* tid, tcb* tls)
// The kernel writes the thread's id to tid, and a zero when the thread is over; the new thread has tls as
// FS and enters the scheduler on stack. Returns the id, or the negated errno, to the caller.
        .section .text.runtime.clone, "ax", @progbits
        .globl  runtime.clone
        .hidden runtime.clone
        .type   runtime.clone, @function
        .balign 16
runtime.clone:
        .cfi_startproc
        movq    %rdx, %r10                      // where the kernel clears the id
        movq    %rcx, %r8                       // FS
        movl    $56, %eax                       // clone
        syscall
        testq   %rax, %rax
        jz      .Lchild
        retq
.Lchild:
        .cfi_undefined %rip                     // nobody called
        xorl    %ebp, %ebp                      // the end of the frame pointer chain
        pushq   $0                              // where mstart expects a return address
        jmp     runtime.mstart
        .cfi_endproc
        .size   runtime.clone, . - runtime.clone

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
