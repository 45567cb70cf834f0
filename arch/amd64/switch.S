// Switching between goroutines. C++ cannot say any of it: it changes the stack under the code.
//
// Saved on a goroutine's stack by mcall and restored by gogo: the registers that the System V ABI makes a
// callee keep (rbx, rbp, r12 to r15) and the return address. Every other register is dead across a
// call, MXCSR and the x87 control word belong to the thread and are left alone.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// The registers that a callee keeps, onto the stack of the goroutine that goes,
        .macro  push_kept
        .irp    register, rbp, rbx, r12, r13, r14, r15
        pushq   %\register
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %\register, 0
        .endr
        .endm
// and from the stack of the one that comes, which is described from here on by what was pushed there.
        .macro  pop_kept
        .cfi_def_cfa %rsp, 56
        .cfi_offset %rip, -8
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        .irp    register, r15, r14, r13, r12, rbx, rbp
        popq    %\register
        .cfi_adjust_cfa_offset -8
        .cfi_restore %\register
        .endr
        .endm

// void runtime.mcall(g* (*fn)(g*, void*), void* argument)
        .section .text.runtime.mcall, "ax", @progbits
        .globl  runtime.mcall
        .hidden runtime.mcall
        .type   runtime.mcall, @function
        .balign 16
runtime.mcall:
        .cfi_startproc
        incl    %fs:TCB_NOPREEMPT               // from here to gogo's end no signal may switch
        push_kept
        movq    %rdi, %rax                      // fn, out of the way of its argument; its second one
                                                // is in rsi already
        movq    %fs:TCB_G, %rdi                 // the goroutine: fn's argument
        movq    %rsp, G_SP(%rdi)                // where gogo will find the registers
        movq    G_M(%rdi), %rcx
        movq    M_G0(%rcx), %rcx
        movq    %rcx, %fs:TCB_G                 // from here on the current g is g0
        movq    $0, %fs:TCB_STACK_GUARD         // whose stack does not grow
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
        movq    G_SEGMENT(%rdi), %rax
        testq   %rax, %rax
        jz      .Lguard                         // the kernel's stack has the guard 0
        movq    SEGMENT_GUARD(%rax), %rax
.Lguard:
        movq    %rax, %fs:TCB_STACK_GUARD
        movq    G_SP(%rdi), %rdx
        testb   $(SP_PREEMPTED | SP_FRESH), %dl
        jnz     .Lspecial
        // The frame that comes next is on gp's stack.
        movq    %rdx, %rsp
        .cfi_remember_state
        pop_kept
        xorl    %eax, %eax                      // what switch_to returns
        decl    %fs:TCB_NOPREEMPT
        retq                                    // to mcall's caller, or switch_to's
        .cfi_restore_state
.Lspecial:
        testb   $SP_PREEMPTED, %dl
        jnz     .Lpreempted
        // A goroutine that has not begun. A jump, because no call waits for this: a return would take the
        // prediction away from the goroutine whose call that was.
        leaq    -SP_FRESH(%rdx), %rsp
        popq    %rdi                            // the funcval
        movl    runtime.always_asked(%rip), %eax
        testl   %eax, %eax
        jnz     .Lask                           // GODEBUG=randsched: to ask at the first call whether it
                                                // gives way
.Lasked:
        xorl    %ebp, %ebp                      // ends the chain for whoever walks frame pointers
        decl    %fs:TCB_NOPREEMPT
        jmp     .Lbegin
.Lpreempted:
        movq    G_M(%rdi), %rax                 // what continues it runs on g0, because this stack may be
        movq    M_G0(%rax), %rax                // somebody else's by now
        movq    G_SP(%rax), %rsp
        movq    $0, %fs:TCB_STACK_GUARD         // g0's again
        .weak   runtime.resume_preempted        // in programs of one goroutine there is none
        .hidden runtime.resume_preempted
        callq   runtime.resume_preempted        // does not return
        ud2
.Lask:
        movl    %eax, %fs:TCB_STACK_GUARD + 4
        jmp     .Lasked
        .cfi_endproc
        .size   runtime.gogo, . - runtime.gogo

// The outermost frame of every goroutine. gogo jumps to .Lbegin with the goroutine's funcval in rdi.
        .globl  runtime.goexit
        .hidden runtime.goexit
        .type   runtime.goexit, @function
        .balign 16
runtime.goexit:
        .cfi_startproc
        .cfi_undefined %rip                     // nobody called: backtraces end here
        nop                                     // goexit1 seems to have been called from here: who unwinds
                                                // looks a return address up at the byte before
.Lend:
        .weak   runtime.goexit1                 // goroutine 1 does not end
        .hidden runtime.goexit1
        leaq    .Lend(%rip), %rax
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        jmp     runtime.goexit1                 // a jump, as at the beginning
        .cfi_adjust_cfa_offset -8
.Lbegin:
        callq   *(%rdi)                         // a function value gets its own address
        jmp     .Lend
        .cfi_endproc
        .size   runtime.goexit, . - runtime.goexit

// uint8_t runtime.switch_to(g* from, g* to, std::atomic<uint32_t>* published, uint32_t value)
// From one goroutine to the next without g0 between them. Others may run from as soon as published, the tail of
// the ring that it is in or the lock that it parks under, has value: so its registers are saved before, and
// nothing is pushed on its stack after.
        .section .text.runtime.switch_to, "ax", @progbits
        .globl  runtime.switch_to
        .hidden runtime.switch_to
        .type   runtime.switch_to, @function
        .balign 16
runtime.switch_to:
        .cfi_startproc
        push_kept
        movq    %rsp, G_SP(%rdi)
        movl    %ecx, (%rdx)                    // published; stores are seen in their order
        movq    %rsi, %rdi
        jmp     runtime.gogo                    // whose ret goes with the call of this function
        .cfi_endproc
        .size   runtime.switch_to, . - runtime.switch_to

// void runtime.switch_to_as_owner(g* from, g* to)
// The same where from parks under a lock that this thread owns: the claim, which is all that has to be dropped
// (base/biased_lock.h), keeps signals away until to runs, so nothing is counted. gogo's lines again, but for that.
        .section .text.runtime.switch_to_as_owner, "ax", @progbits
        .globl  runtime.switch_to_as_owner
        .hidden runtime.switch_to_as_owner
        .type   runtime.switch_to_as_owner, @function
        .balign 16
runtime.switch_to_as_owner:
        .cfi_startproc
        push_kept
        movq    %rsp, G_SP(%rdi)
        movq    G_SP(%rsi), %rdx
        testb   $(SP_PREEMPTED | SP_FRESH), %dl
        jnz     .Lby_gogo
        movq    %rsi, %fs:TCB_G                 // the current g, before its stack
        movq    G_SEGMENT(%rsi), %rax
        testq   %rax, %rax
        jz      .Lowners_guard                  // the kernel's stack has the guard 0
        movq    SEGMENT_GUARD(%rax), %rax
.Lowners_guard:
        movq    %rax, %fs:TCB_STACK_GUARD
        movq    %rdx, %rsp
        .cfi_remember_state
        pop_kept
        xorl    %eax, %eax                      // what switch_to returns, which to may have called
        movq    $0, %fs:TCB_CLAIM               // from is saved: others may take the lock, and run it
        retq
        .cfi_restore_state
.Lby_gogo:
        incl    %fs:TCB_NOPREEMPT               // which gogo, or what it comes to, takes away
        movq    $0, %fs:TCB_CLAIM
        movq    %rsi, %rdi
        jmp     runtime.gogo
        .cfi_endproc
        .size   runtime.switch_to_as_owner, . - runtime.switch_to_as_owner

// void runtime.systemstack(void (*fn)())
// Calls fn on the m's g0 stack, for what needs more stack than a goroutine may have left, and comes back. The
// current g stays the goroutine, so nothing may take that off here: nopreempt says so to signals, and to
// __morestack, which would look for room on the goroutine's stack. Not on g0.
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
        incl    %fs:TCB_NOPREEMPT
        movq    %fs:TCB_G, %rax
        movq    G_M(%rax), %rax
        movq    M_G0(%rax), %rax
        pushq   %fs:TCB_STACK_GUARD
        movq    $0, %fs:TCB_STACK_GUARD         // g0's stack does not grow, and inline functions that the
                                                // runtime shares with the program may ask
        movq    G_SP(%rax), %rsp                // nothing on it is kept, as in mcall
        callq   *%rdi
        movq    -8(%rbp), %rax
        movq    %rax, %fs:TCB_STACK_GUARD
        movq    %rbp, %rsp
        decl    %fs:TCB_NOPREEMPT
        popq    %rbp
        .cfi_def_cfa %rsp, 8
        .cfi_restore %rbp
        retq
        .cfi_endproc
        .size   runtime.systemstack, . - runtime.systemstack

// int runtime.vdso_call(int (*function)(int clock, timespec* time), int clock, timespec* time)
// Calls a function of the vDSO on the m's g0 stack: it is the kernel's, and how much stack it takes is the kernel's
// affair. Where the caller is on that stack already, or on the one that the kernel gave, on it.
        .section .text.runtime.vdso_call, "ax", @progbits
        .globl  runtime.vdso_call
        .hidden runtime.vdso_call
        .type   runtime.vdso_call, @function
        .balign 16
runtime.vdso_call:
        .cfi_startproc
        movq    %fs:TCB_G, %rcx
        movq    %rdi, %rax                      // the function, out of the way of its arguments
        movl    %esi, %edi
        movq    %rdx, %rsi
        cmpq    $0, G_SEGMENT(%rcx)
        jne     .Lin_segment
        jmp     *%rax                           // goroutine 1 and g0 are where there is enough
.Lin_segment:
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        movq    %rsp, %rbp                      // the function keeps it
        .cfi_def_cfa_register %rbp
        incl    %fs:TCB_NOPREEMPT               // before the m is looked at: the goroutine stays on it
        movq    G_M(%rcx), %rdx
        movq    M_G0(%rdx), %rdx
        movq    G_SP(%rdx), %rdx                // nothing on it is kept, as in mcall;
        movq    %rdx, %rcx
        subq    %rsp, %rcx
        cmpq    $G0_STACK_SIZE, %rcx            // unless systemstack has called who calls this
        jb      .Lon_g0
        movq    %rdx, %rsp
.Lon_g0:
        callq   *%rax
        movq    %rbp, %rsp
        decl    %fs:TCB_NOPREEMPT
        popq    %rbp
        .cfi_def_cfa %rsp, 8
        .cfi_restore %rbp
        retq
        .cfi_endproc
        .size   runtime.vdso_call, . - runtime.vdso_call

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
