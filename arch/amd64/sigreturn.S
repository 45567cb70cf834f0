// The ends of a signal handler.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// Where the kernel makes a signal handler return to: rsp points at the ucontext.
        .section .text.runtime.sigreturn, "ax", @progbits
        .globl  runtime.sigreturn
        .hidden runtime.sigreturn
        .type   runtime.sigreturn, @function
        .balign 16
runtime.sigreturn:
        .cfi_startproc simple
        .cfi_signal_frame
        .cfi_undefined %rip
        movl    $15, %eax                       // rt_sigreturn
        syscall
        .cfi_endproc
        .size   runtime.sigreturn, . - runtime.sigreturn

// Where the preemption signal returns to instead, on g0, with the goroutine in rdi.
        .section .text.runtime.preempted, "ax", @progbits
        .globl  runtime.preempted
        .hidden runtime.preempted
        .type   runtime.preempted, @function
        .balign 16
runtime.preempted:
        .cfi_startproc
        .cfi_undefined %rip                     // nobody called
        callq   runtime.preempted0              // which goroutine comes next?
        movq    %rax, %rdi
        jmp     runtime.gogo
        .cfi_endproc
        .size   runtime.preempted, . - runtime.preempted

// void runtime.sigresume(g* gp, void* ucontext): continues what a signal interrupted, gp, from the copy that
// was kept of its registers. The kernel loads all of them, the vector registers too.
        .section .text.runtime.sigresume, "ax", @progbits
        .globl  runtime.sigresume, runtime.sigresume_end
        .hidden runtime.sigresume, runtime.sigresume_end
        .type   runtime.sigresume, @function
        .balign 16
runtime.sigresume:
        .cfi_startproc
        .cfi_undefined %rip
        movq    %rdi, %fs:TCB_G                 // the current g
        movq    %rsi, %rsp
        decl    %fs:TCB_NOPREEMPT               // the handler knows this function, and leaves it alone
        movl    $15, %eax                       // rt_sigreturn
        syscall
runtime.sigresume_end:
        .cfi_endproc
        .size   runtime.sigresume, . - runtime.sigresume

        .section .note.GNU-stack, "", @progbits
