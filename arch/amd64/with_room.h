// Functions of libstdc++.a and libgcc_eh.a that need more stack than there is below a guard and do not ask for
// it. The linker is told to --wrap them (src/CMakeLists.txt has the list): who calls one finds __wrap_ and
// its name, which is ours and asks, and goes on to the function, which is now called __real_ and its
// name. docs/decisions/006-wrapped-library.md says why so.
//
// A file for each file of the library: what a program does not use is not in it. The functions have no
// arguments on the stack.
#pragma once

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

// As a compiler's prologue. Not by a lea, by which lld would know one: it would have it ask for 16 KiB more.
// Nothing of it is on the stack while the function runs.
        .macro  with_room name
        .section .text.__wrap_\name, "ax", @progbits
        .globl  __wrap_\name
        .hidden __wrap_\name
        .type   __wrap_\name, @function
        .balign 16
__wrap_\name:
        .cfi_startproc
        movq    %rsp, %r11
        subq    $LIBRARY_ROOM, %r11
        cmpq    %fs:TCB_STACK_GUARD, %r11
        jae     .Lroom\@
        movl    $LIBRARY_ROOM, %r10d
        xorl    %r11d, %r11d                    // no arguments on the stack
        callq   __morestack
        retq
.Lroom\@:                                       // one byte behind the call
        jmp     __real_\name
        .cfi_endproc
        .size   __wrap_\name, . - __wrap_\name
        .endm

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
