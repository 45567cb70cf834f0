// Switching between goroutines. C++ cannot say any of it: it changes the stack under the code.
//
// Saved on a goroutine's stack by mcall and restored by gogo: the registers that the System V ABI makes a
// callee keep (rbx, rbp, r12 to r15) and the return address. Every other register is dead across a
// call, MXCSR and the x87 control word belong to the thread and are left alone.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// void runtime.mcall(g* (*fn)(g*, void*), void* argument)
        .section .text.runtime.mcall, "ax", @progbits
        .globl  runtime.mcall
        .hidden runtime.mcall
        .type   runtime.mcall, @function
        .balign 16
runtime.mcall:
        .cfi_startproc
        incl    %fs:TCB_NOPREEMPT               // from here to gogo's end no signal may switch
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rdi, %rax                      // fn, out of the way of its argument; its second one
                                                // is in rsi already
        movq    %fs:TCB_G, %rdi                 // the goroutine: fn's argument
        movq    %rsp, G_SP(%rdi)                // where gogo will find the registers
        movq    G_M(%rdi), %rcx
        movq    M_G0(%rcx), %rcx
        movq    %rcx, %fs:TCB_G                 // from here on the current g is g0
#ifdef SPLIT_STACKS
        movq    $0, %fs:TCB_STACK_GUARD         // whose stack does not grow
#endif
        movq    G_SP(%rcx), %rsp                // the end of g0's stack: nothing on it is kept
        // The caller is on another stack now; on this one nobody called.
        .cfi_def_cfa %rsp, 0
        .cfi_undefined %rip
        callq   *%rax                           // which goroutine comes next?
        movq    %rax, %rdi
        jmp     runtime.gogo                    // whose ret goes with this function's call: processors
                                                // predict a return by the call that they saw last
        .cfi_endproc
        .size   runtime.mcall, . - runtime.mcall

// void runtime.gogo(g* gp)
        .section .text.runtime.gogo, "ax", @progbits
        .globl  runtime.gogo
        .hidden runtime.gogo
        .type   runtime.gogo, @function
        .balign 16
runtime.gogo:
        .cfi_startproc
        .cfi_def_cfa %rsp, 0
        .cfi_undefined %rip                     // a jump led here
        movq    %rdi, %fs:TCB_G                 // the current g, before its stack
#ifdef SPLIT_STACKS
        movq    G_SEGMENT(%rdi), %rax
        testq   %rax, %rax
        jz      .Lguard                         // a stack that does not grow has the guard 0
        movq    SEGMENT_GUARD(%rax), %rax
.Lguard:
        movq    %rax, %fs:TCB_STACK_GUARD
#endif
        // The frame that comes next is on gp's stack: described from here on by what mcall pushed.
        movq    G_SP(%rdi), %rsp
        .cfi_def_cfa %rsp, 56
        .cfi_offset %rip, -8
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        decl    %fs:TCB_NOPREEMPT
        retq                                    // to mcall's caller, or into goexit
        .cfi_endproc
        .size   runtime.gogo, . - runtime.gogo

// The outermost frame of every goroutine. gogo arrives here with the goroutine's funcval in rbx.
        .section .text.runtime.goexit, "ax", @progbits
        .globl  runtime.goexit
        .hidden runtime.goexit
        .type   runtime.goexit, @function
        .balign 16
runtime.goexit:
        .cfi_startproc
        .cfi_undefined %rip                     // nobody called: backtraces end here
        nop                                     // gogo "returns" behind it: who unwinds looks a return
                                                // address up at the byte before, which must be ours
        movq    %rbx, %rdi                      // a function value gets its own address
        callq   *(%rbx)
#ifdef SPLIT_STACKS
        movq    %fs:TCB_G, %rdi
        movq    G_SEGMENT(%rdi), %rdi           // the first again, or null
        callq   runtime.release_stack
#endif
        leaq    runtime.goexit0(%rip), %rdi
        callq   runtime.mcall                   // does not return
        ud2
        .cfi_endproc
        .size   runtime.goexit, . - runtime.goexit

// void runtime.switch_to(g* from, g* to, std::atomic<g*>* slot, std::atomic<uint32_t>* tail, uint32_t value)
// From one goroutine to the next without g0 between them. from goes into the ring: as soon as tail has value,
// others may run it, so its registers are saved before, and nothing is pushed on its stack after.
        .section .text.runtime.switch_to, "ax", @progbits
        .globl  runtime.switch_to
        .hidden runtime.switch_to
        .type   runtime.switch_to, @function
        .balign 16
runtime.switch_to:
        .cfi_startproc
        pushq   %rbp                            // as mcall does
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rsp, G_SP(%rdi)
        movq    %rdi, (%rdx)                    // into the slot,
        movl    %r8d, (%rcx)                    // and behind it tail; stores are seen in this order
        movq    %rsi, %rdi
        jmp     runtime.gogo                    // whose ret goes with the call of this function
        .cfi_endproc
        .size   runtime.switch_to, . - runtime.switch_to

// void runtime.systemstack(void (*fn)())
// Calls fn on the m's g0 stack, for what needs more stack than a goroutine may have left, and comes back. The
// current g stays the goroutine, so the caller keeps signals from switching (no_preempt). Not on g0.
        .section .text.runtime.systemstack, "ax", @progbits
        .globl  runtime.systemstack
        .hidden runtime.systemstack
        .type   runtime.systemstack, @function
        .balign 16
runtime.systemstack:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        movq    %rsp, %rbp                      // fn keeps it
        .cfi_def_cfa_register %rbp
        movq    %fs:TCB_G, %rax
        movq    G_M(%rax), %rax
        movq    M_G0(%rax), %rax
#ifdef SPLIT_STACKS
        pushq   %fs:TCB_STACK_GUARD
        movq    $0, %fs:TCB_STACK_GUARD         // g0's stack does not grow, and inline functions that the
                                                // runtime shares with the program may ask
#endif
        movq    G_SP(%rax), %rsp                // nothing on it is kept, as in mcall
        callq   *%rdi
#ifdef SPLIT_STACKS
        movq    -8(%rbp), %rax
        movq    %rax, %fs:TCB_STACK_GUARD
#endif
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa %rsp, 8
        .cfi_restore %rbp
        retq
        .cfi_endproc
        .size   runtime.systemstack, . - runtime.systemstack

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
