// The functions that prologues call when the stack has no room: the ABI of -fsplit-stack, which GCC and
// Clang share (docs/stacks.md). C++ cannot say any of it: it changes the stack under the code and returns
// twice.
//
// A prologue compares rsp, or rsp minus its frame where that is large, with fs:TCB_STACK_GUARD and below it
// does
//
//              mov     $frame, %r10d
//              mov     $arguments, %r11d       // the bytes of arguments on the stack
//              call    __morestack
//              ret                             // __morestack returns here when the function is done
//      body:                                   // one byte further: __morestack calls it on the next segment
//
// Who calls has its arguments in rdi, rsi, rdx, rcx, r8, r9 and vector registers, their number in al, and
// for a nested function GCC has the static chain, which is otherwise in r10, in rax. They all arrive at the
// body as they were. Only r10 and r11 are free.
//
// Who unwinds goes from here to the caller of that function, past the prologue, which is over: it would be
// the same function's frame a second time, with a landing pad for nothing.

#include "arch/amd64/offsets.h"

#ifdef RT0_UNWINDS
// In librt0-exceptions.a: an exception that goes through leaves the segment (abi/unwind_exceptions.cpp).
        .cfi_sections .eh_frame, .debug_frame
        .hidden runtime.unwind_segment
        .macro  unwinds
        .cfi_personality 0x1b, runtime.unwind_segment   // its address relative to here, in four bytes
        .endm
// All programs have this file, and so our throwing functions, before a file of libstdc++.a finds its own. Nothing
// of them is in a program that does not call them.
        .globl  _ZSt17__throw_bad_allocv
#else
        .cfi_sections .debug_frame
        .macro  unwinds
        .endm
#endif
// At the first instruction: two return addresses, into the prologue and to its function's caller.
        .macro  called_by_prologue
        .cfi_def_cfa_offset 16
        .cfi_offset %rip, -8
        .endm

// gdb lets a caller's frame be below its callee's when the caller is called __morestack.
        .section .text.__morestack, "ax", @progbits
        .globl  __morestack
        .hidden __morestack
        .type   __morestack, @function
        .balign 16
__morestack:
        .cfi_startproc
        unwinds
        called_by_prologue
        pushq   %rbp
        .cfi_def_cfa_offset 24
        .cfi_offset %rbp, -24
        movq    %rsp, %rbp                      // the body of a function with varargs finds them at 24(%rbp)
        .cfi_def_cfa_register %rbp
        pushq   %rax
        pushq   %rcx
        pushq   %rcx                            // the place of the current segment
        cmpl    $STACK_PREEMPT_UPPER, %fs:TCB_STACK_GUARD + 4
        je      .Lpreempt                       // not for lack of stack
.Lneed:
        leaq    (%r10, %r11, 2), %r10           // what the next segment must have room for: the arguments may
                                                // have to be moved down by less than their size
.Lenter:
        movq    %fs:TCB_G, %rax
        movq    G_SEGMENT(%rax), %rcx
        testq   %rcx, %rcx
        jz      .Lin_place                      // the kernel's stack: there was a request, and between the
                                                // prologue and here a signal has had the goroutine give way
        movq    %rcx, -24(%rbp)                 // the way back finds it there sooner than through the next
                                                // segment
        movq    SEGMENT_NEXT(%rcx), %rcx
        testq   %rcx, %rcx
        jz      .Lgrow
        cmpq    SEGMENT_ROOM(%rcx), %r10
        ja      .Lgrow
        movq    %rcx, G_SEGMENT(%rax)
        movq    SEGMENT_GUARD(%rcx), %rax
        movq    %rax, %fs:TCB_STACK_GUARD
        movq    %rcx, %r10                      // the stack begins below the segment's description
        movq    -16(%rbp), %rcx
        movq    -8(%rbp), %rax
        testq   %r11, %r11
        jnz     .Lcopy
.Lcall:
        movq    %r10, %rsp
        movq    8(%rbp), %r10
        incq    %r10                            // behind the ret: the body
        callq   *%r10
        // rax, rdx, xmm0, xmm1, st0 and st1 may hold the result; the other registers of the caller are free.
        movq    %fs:TCB_G, %rcx                 // anew, and the guard too: the thread may be another one
        movq    -24(%rbp), %rsi
        movq    %rsi, G_SEGMENT(%rcx)
        movq    SEGMENT_GUARD(%rsi), %rsi
        movq    %rsi, %fs:TCB_STACK_GUARD
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_remember_state
        .cfi_def_cfa %rsp, 16
        .cfi_restore %rbp
        retq
        .cfi_restore_state

        // Arguments on the stack, r11 bytes of them at 24(%rbp), go to the top of the segment in r10: to the
        // same place of a 64-byte line, because the body relies on their alignment, or of a larger power of
        // two that is not more than their size, which is the most that they may be aligned to.
.Lcopy:
        pushq   %rsi
        pushq   %rdi
        pushq   %rcx
        leaq    24(%rbp), %rsi
        movq    %r10, %rdi
        subq    %r11, %rdi
        bsrq    %r11, %rcx
        movq    $-1, %r10
        shlq    %cl, %r10
        notq    %r10
        orq     $63, %r10
        movq    %rdi, %rcx
        subq    %rsi, %rcx
        andq    %r10, %rcx
        subq    %rcx, %rdi
        movq    %rdi, %r10
        leaq    7(%r11), %rcx
        shrq    $3, %rcx
.Lcopy_word:                                    // not rep movs, which takes longer to start than most copies
        movq    (%rsi), %r11
        movq    %r11, (%rdi)
        addq    $8, %rsi
        addq    $8, %rdi
        decq    %rcx
        jnz     .Lcopy_word
        popq    %rcx
        popq    %rdi
        popq    %rsi
        jmp     .Lcall

        // There is no next segment that is large enough: get one, on the m's g0 stack, and try again. What
        // runs there are SSE instructions without VEX at most, which leave the upper halves of ymm and zmm
        // registers alone: saving the lower ones saves all.
        .weak   runtime.grow_stack              // in programs of one goroutine nobody comes here
        .hidden runtime.grow_stack
.Lgrow:
        incl    %fs:TCB_NOPREEMPT               // this goroutine's m stays its m
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %rax                            // the g
        movq    -24(%rbp), %rdi                 // its current segment
        movq    %r10, %rsi
        movq    G_M(%rax), %rcx
        movq    M_G0(%rcx), %rcx
        movq    %rcx, %fs:TCB_G
        movq    $0, %fs:TCB_STACK_GUARD         // g0 does not grow
        movq    G_SP(%rcx), %rsp                // nothing on it is kept, as in mcall
        subq    $128, %rsp
        movaps  %xmm0, 0(%rsp)
        movaps  %xmm1, 16(%rsp)
        movaps  %xmm2, 32(%rsp)
        movaps  %xmm3, 48(%rsp)
        movaps  %xmm4, 64(%rsp)
        movaps  %xmm5, 80(%rsp)
        movaps  %xmm6, 96(%rsp)
        movaps  %xmm7, 112(%rsp)
        callq   runtime.grow_stack
        movaps  0(%rsp), %xmm0
        movaps  16(%rsp), %xmm1
        movaps  32(%rsp), %xmm2
        movaps  48(%rsp), %xmm3
        movaps  64(%rsp), %xmm4
        movaps  80(%rsp), %xmm5
        movaps  96(%rsp), %xmm6
        movaps  112(%rsp), %xmm7
        leaq    -88(%rbp), %rsp                 // the first three pushes and the eight above
        popq    %rax
        movq    %rax, %fs:TCB_G
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        decl    %fs:TCB_NOPREEMPT
        jmp     .Lenter

        // The goroutine shall give up its processor. First the true guard, so that a call below may grow the
        // stack; then, with everything put aside that the function was called with, the scheduler. What
        // comes back may run on another thread, and has time.
        .weak   runtime.preempt_here
        .hidden runtime.preempt_here
.Lpreempt:
        cmpl    $0, %fs:TCB_NOPREEMPT
        jne     .Lin_place                      // the runtime is not interrupted, and asks for nothing: it may be
                                                // on the m's stack, or a signal's
        cmpq    $0, %fs:TCB_CLAIM
        jne     .Lstays                         // code of the program, in the move of a value
        incl    %fs:TCB_NOPREEMPT               // the thread whose guard that is
        movq    %fs:TCB_G, %rax
        cmpl    $G_RUNNING, G_STATUS(%rax)
        jne     .Lsyscall
        movq    G_SEGMENT(%rax), %rax
        testq   %rax, %rax
        jz      .Ltrue_guard                    // the kernel's stack: zero
        movq    SEGMENT_GUARD(%rax), %rax
.Ltrue_guard:
        movq    %rax, %fs:TCB_STACK_GUARD       // preempt_here wants it in rax
        decl    %fs:TCB_NOPREEMPT
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        subq    $8, %rsp                        // aligned
        callq   runtime.preempt_here
        addq    $8, %rsp
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        cmpl    $STACK_PREEMPT_UPPER, %fs:TCB_STACK_GUARD + 4
        je      .Lstays                         // again, by now: the next call's
        leaq    16(%rbp), %rax                  // is there room without another segment? Often there is
        subq    %r10, %rax
        cmpq    %fs:TCB_STACK_GUARD, %rax
        movq    -16(%rbp), %rcx
        movq    -8(%rbp), %rax
        jb      .Lneed
        jmp     .Lin_place
.Lstays:                                        // the request stays; is there room by the true guard?
        movq    %fs:TCB_G, %rax
        movq    G_SEGMENT(%rax), %rax
        testq   %rax, %rax
        jz      .Lin_place                      // the kernel's stack
        movq    SEGMENT_GUARD(%rax), %rcx
        leaq    16(%rbp), %rax
        subq    %r10, %rax
        cmpq    %rcx, %rax
        movq    -16(%rbp), %rcx
        movq    -8(%rbp), %rax
        jb      .Lneed
        jmp     .Lin_place
.Lsyscall:                                      // between entersyscall and exitsyscall it is the runtime too
        decl    %fs:TCB_NOPREEMPT
.Lin_place:
        movq    -16(%rbp), %rcx
        movq    -8(%rbp), %rax
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa %rsp, 16
        .cfi_restore %rbp
        jmp     .Lto_body
        .cfi_endproc
        .size   __morestack, . - __morestack

// __morestack for who knows that there is too little stack, whatever the guard says.
        .globl  runtime.next_segment
        .hidden runtime.next_segment
        .type   runtime.next_segment, @function
        .balign 16
runtime.next_segment:
        .cfi_startproc
        called_by_prologue
        pushq   %rbp                            // as __morestack begins
        .cfi_def_cfa_offset 24
        .cfi_offset %rbp, -24
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %rax
        pushq   %rcx
        pushq   %rcx
        jmp     .Lneed
        .cfi_endproc
        .size   runtime.next_segment, . - runtime.next_segment

// void runtime.call_with_room(void (*fn)(void*), void* argument, size_t room)
// Calls fn with that much stack, on a segment of its own where the current one has less. On the kernel's
// stack nothing is asked: it has what RLIMIT_STACK says.
        .globl  runtime.call_with_room
        .hidden runtime.call_with_room
        .type   runtime.call_with_room, @function
        .balign 16
runtime.call_with_room:
        .cfi_startproc
        movq    %fs:TCB_G, %rax
        movq    G_SEGMENT(%rax), %rax
        testq   %rax, %rax
        jz      .Lroom
        movq    %rsp, %rcx
        subq    %rdx, %rcx
        jb      .Lno_room                       // more than there are addresses
        cmpq    SEGMENT_GUARD(%rax), %rcx
        jae     .Lroom
.Lno_room:
        movq    %rdx, %r10
        xorl    %r11d, %r11d                    // no arguments on the stack
        callq   runtime.next_segment
        retq
.Lroom:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        jmp     *%rax
        .cfi_endproc
        .size   runtime.call_with_room, . - runtime.call_with_room

// What gold and lld put in the place of __morestack in a function that calls code without such a prologue.
// They change the comparison too, so that it comes here always (frames of less than 256 bytes) or with 16 KiB
// more (the others). What it came for may be there: then the body runs where it is.
//
// In the section of __morestack, because lld puts the calls in after it has dropped sections that nobody
// refers to.
        .globl  __morestack_non_split
        .hidden __morestack_non_split
        .type   __morestack_non_split, @function
        .balign 16
__morestack_non_split:
        .cfi_startproc
        called_by_prologue
        addq    $NON_SPLIT_ROOM, %r10
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        movq    %rsp, %rax
        subq    %r10, %rax
        cmpq    %fs:TCB_STACK_GUARD, %rax
        popq    %rax
        .cfi_adjust_cfa_offset -8
        jbe     __morestack
.Lto_body:                                      // returns into the body, where it is
        movq    (%rsp), %r10
        incq    (%rsp)                          // behind the ret
        cmpl    $0x185d8d4c, 1(%r10)            // lea 24(%rbp), %r11: a body that wants the address of its
        je      .Lvarargs                       // varargs
        retq
.Lvarargs:
        addq    $4, (%rsp)                      // behind the lea
        leaq    16(%rsp), %r11
        retq
        .cfi_endproc
        .size   __morestack_non_split, . - __morestack_non_split

// void* __morestack_allocate_stack_space(size_t size): what alloca and variable arrays call where the
// segment has no room. It lowers the caller's stack pointer, as an alloca would (mem/segment.cpp).
        .section .text.__morestack_allocate_stack_space, "ax", @progbits
        .globl  __morestack_allocate_stack_space
        .hidden __morestack_allocate_stack_space
        .type   __morestack_allocate_stack_space, @function
        .balign 16
__morestack_allocate_stack_space:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %rbx
        .cfi_offset %rbx, -24
        incl    %fs:TCB_NOPREEMPT               // this goroutine's m stays its m
        movq    %fs:TCB_G, %rbx
        movq    %rdi, %rsi                      // the size
        leaq    16(%rbp), %rdx                  // the caller's stack pointer
        movq    G_SEGMENT(%rbx), %rdi
        testq   %rdi, %rdi
        jz      .Lplain
        movq    G_M(%rbx), %rcx
        movq    M_G0(%rcx), %rcx
        movq    %rcx, %fs:TCB_G
        movq    $0, %fs:TCB_STACK_GUARD         // g0 does not grow
        movq    G_SP(%rcx), %rsp
        .weak   runtime.allocate_stack_space
        .hidden runtime.allocate_stack_space
        callq   runtime.allocate_stack_space    // the address in rax, the caller's new stack pointer in rdx
        movq    %rbx, %fs:TCB_G
        movq    G_SEGMENT(%rbx), %rcx
        movq    SEGMENT_GUARD(%rcx), %rcx
        movq    %rcx, %fs:TCB_STACK_GUARD       // a request to give way is forgotten; sysmon asks again
.Lallocated:
        decl    %fs:TCB_NOPREEMPT
        movq    8(%rbp), %rcx                   // where to return to
        movq    -8(%rbp), %rbx
        movq    (%rbp), %rbp
        .cfi_remember_state
        .cfi_restore %rbx
        .cfi_restore %rbp
        leaq    -8(%rdx), %rsp
        .cfi_def_cfa %rsp, 8                    // the caller's frame does not depend on its stack pointer
        movq    %rcx, (%rsp)
        retq

        // On the kernel's stack there is room; it was the guard that asked to give way.
.Lplain:
        .cfi_restore_state
        subq    %rsi, %rdx
        andq    $-16, %rdx
        movq    %rdx, %rax
        jmp     .Lallocated
        .cfi_endproc
        .size   __morestack_allocate_stack_space, . - __morestack_allocate_stack_space

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
