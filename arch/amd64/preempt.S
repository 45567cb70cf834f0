// Preemption (sched/preempt.cpp): by a signal, and by a stack guard that says that there is no stack.

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
        movl    %eax, %edi                      // a seccomp filter refuses it
        andq    $-16, %rsp
        callq   runtime.sigreturn_refused
        ud2
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
        fninit                                  // the goroutine's x87 registers and modes are kept; the next
        pushq   $DEFAULT_MXCSR                  // one, which comes back from a call, expects none
        ldmxcsr (%rsp)
        popq    %rax
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
        movq    G_SEGMENT(%rdi), %rax           // and its guard: the kernel loads this register too
        testq   %rax, %rax
        jz      .Lresume_guard                  // the kernel's stack has the guard 0
        movq    SEGMENT_GUARD(%rax), %rax
.Lresume_guard:
        movq    %rax, %fs:TCB_STACK_GUARD
        movq    %rsp, %rbx
        movq    %rsi, %rsp
        decl    %fs:TCB_NOPREEMPT               // the handler knows this function, and leaves it alone
        movl    $15, %eax                       // rt_sigreturn
        syscall
        movq    %rbx, %rsp                      // a seccomp filter refuses it
        movl    %eax, %edi
        andq    $-16, %rsp
        callq   runtime.sigreturn_refused
        ud2
runtime.sigresume_end:
        .cfi_endproc
        .size   runtime.sigresume, . - runtime.sigresume

// Where __morestack comes when the guard asked to give way, with the true guard in rax. All registers that
// may hold arguments have been put aside but the vector registers, whose upper halves the runtime's other
// code leaves alone and the next goroutine does not.
        .section .text.runtime.preempt_here, "ax", @progbits
        .globl  runtime.preempt_here
        .hidden runtime.preempt_here
        .type   runtime.preempt_here, @function
        .balign 16
runtime.preempt_here:
        .cfi_startproc
        leaq    -PREEMPT_ROOM(%rsp), %r11
        cmpq    %rax, %r11
        jae     .Lroom
        movl    $PREEMPT_ROOM, %r10d
        xorl    %r11d, %r11d                    // no arguments on the stack
        subq    $8, %rsp                        // aligned
        .cfi_adjust_cfa_offset 8
        callq   .Lelsewhere
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        movl    runtime.always_asked(%rip), %eax
        testl   %eax, %eax
        jnz     .Lask
        retq
.Lask:                                          // GODEBUG=randsched; coming back has set the true guard
        movl    %eax, %fs:TCB_STACK_GUARD + 4
        retq
.Lelsewhere:                                    // .Lroom, but on the next segment
        callq   runtime.next_segment
        retq
.Lroom:
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $PREEMPT_VECTORS + 16, %rsp
        andq    $-64, %rsp                      // as XSAVE wants it
        fnstcw  -8(%rbp)                        // modes are the goroutine's where it does not leave by itself
        stmxcsr -16(%rbp)
        movl    runtime.xsave_mask(%rip), %eax
        testl   %eax, %eax
        jz      .Lno_xsave
        xorl    %edx, %edx                      // the mask's upper half
        movq    %rdx, 512(%rsp)                 // the header, which XSAVE reads and writes in part
        movq    %rdx, 520(%rsp)
        movq    %rdx, 528(%rsp)
        movq    %rdx, 536(%rsp)
        movq    %rdx, 544(%rsp)
        movq    %rdx, 552(%rsp)
        movq    %rdx, 560(%rsp)
        movq    %rdx, 568(%rsp)
        xsave   (%rsp)
        jmp     .Lsaved
.Lno_xsave:                                     // no ymm registers then
        fxsave  (%rsp)
.Lsaved:
        fninit                                  // the next goroutine, which comes back from a call, has the modes
        movl    $DEFAULT_MXCSR, -12(%rbp)       // that a thread begins with
        ldmxcsr -12(%rbp)
        callq   runtime.gopreempt
        movl    runtime.xsave_mask(%rip), %eax
        testl   %eax, %eax
        jz      .Lno_xrstor
        xorl    %edx, %edx
        xrstor  (%rsp)
        jmp     .Lrestored
.Lno_xrstor:
        fxrstor (%rsp)
.Lrestored:
        fldcw   -8(%rbp)
        ldmxcsr -16(%rbp)
        leave
        .cfi_def_cfa %rsp, 8
        .cfi_restore %rbp
        retq
        .cfi_endproc
        .size   runtime.preempt_here, . - runtime.preempt_here

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
