// The way in: from the kernel's jump to the first C++.
//
// The kernel enters with every register zero or undefined but rsp, and with this stack (low addresses
// first; the System V ABI calls it the initial process stack):
//
//      rsp ->  argc
//              argv[0] ... argv[argc-1], 0
//              envp[0] ... , 0
//              auxv: pairs of type and value, the last of type AT_NULL
//              ... the strings that all of these point to
//
// .cfi_undefined %rip stands before the first instruction of each function on this path, because
// nobody called: a debugger's backtrace ends here instead of reading argc as a return address.

#include "arch/amd64/offsets.h"

        .cfi_sections .debug_frame

        .text

// The entry point. _start is the name that a linker looks for when it is told none; as a second name of
// the same place it has no type and no size, which makes gdb show the first.
        .globl  _rt0_amd64_linux, _start
        .hidden _rt0_amd64_linux, _start
        .type   _rt0_amd64_linux, @function
        .balign 16
_start:
_rt0_amd64_linux:
        .cfi_startproc
        .cfi_undefined %rip
        jmp     _rt0_amd64                      // what follows is the same on every system
        .cfi_endproc
        .size   _rt0_amd64_linux, . - _rt0_amd64_linux

        .globl  _rt0_amd64
        .hidden _rt0_amd64
        .type   _rt0_amd64, @function
_rt0_amd64:
        .cfi_startproc
        .cfi_undefined %rip
        movq    (%rsp), %rdi                    // argc
        leaq    8(%rsp), %rsi                   // argv
        jmp     runtime.rt0_go
        .cfi_endproc
        .size   _rt0_amd64, . - _rt0_amd64

// rt0_go(argc in rdi, argv in rsi), on the kernel's stack. Does not return.
        .globl  runtime.rt0_go, rt0_go
        .hidden runtime.rt0_go, rt0_go
        .type   runtime.rt0_go, @function
        .balign 16
rt0_go:                                         // the name that is easier to type
runtime.rt0_go:
        .cfi_startproc
        .cfi_undefined %rip
        xorl    %ebp, %ebp                      // the end of the frame pointer chain
        cld                                     // the ABI promises DF clear; a loader may not have kept it
        andq    $-16, %rsp                      // as the ABI wants it at a call; the kernel does so, a
                                                // program that jumps here may not
        movq    %rdi, %rbx                      // argc and argv survive the calls below
        movq    %rsi, %r12

        // The boot is g0's. Its stack is the kernel's, 64 KiB of it, but for some room at the top: there
        // goroutine 1 will begin, and take over the stack when the boot is done with it.
        subq    $FIRST_G_ROOM, %rsp
        leaq    runtime.g0(%rip), %r13
        leaq    -(64*1024-104)(%rsp), %rax
        movq    %rax, G_STACK_LO(%r13)
        movq    %rsp, G_STACK_HI(%r13)

        // Until this returns a static-PIE's own pointers are wrong: nothing before it may follow one.
        movq    %r12, %rdi
        callq   runtime.relocate

        // The thread control block and static TLS, FS, the stack protector's canary.
        leaq    8(%r12,%rbx,8), %rdi            // envp
        callq   runtime.settls
        // Does FS lead where it should? Store through it, look at the block's own memory.
        movq    $0x123, %fs:TCB_G
        cmpq    $0x123, TCB_G(%rax)             // settls returned the block
        je      .Ltls_works
        callq   runtime.abort
.Ltls_works:
        // g0 and m0 know each other, and g0 is what runs.
        leaq    runtime.m0(%rip), %rax
        movq    %r13, M_G0(%rax)
        movq    %rax, G_M(%r13)
        movq    %r13, %fs:TCB_G
        movl    $1, %fs:TCB_NOPREEMPT           // as the scheduler is, until gogo

        // IRELATIVE relocations call functions of the program. They come when FS is set, so that a stack
        // protector finds its canary, and before anything may call through them.
        callq   runtime.irelocate

        callq   runtime.check
        movl    %ebx, %edi
        movq    %r12, %rsi
        callq   runtime.args
        callq   runtime.osinit
        callq   runtime.schedinit

        // Goroutine 1 will run runtime.main.
        leaq    runtime.main(%rip), %rax
        leaq    runtime.mainPC(%rip), %rdi
        movq    %rax, (%rdi)
        callq   runtime.newproc

        // From its first mcall on, g0 runs on a stack of its own.
        leaq    runtime.g0stack(%rip), %rax
        movq    %rax, G_STACK_LO(%r13)
        addq    $G0_STACK_SIZE, %rax
        movq    %rax, G_STACK_HI(%r13)
        movq    %rax, G_SP(%r13)

        callq   runtime.mstart
        callq   runtime.abort                   // mstart never returns

        // Never reached. It keeps debugCallV1, which only debuggers call, in the program.
        leaq    runtime.debugCallV1(%rip), %rax
        retq
        .cfi_endproc
        .size   runtime.rt0_go, . - runtime.rt0_go

// Enters the scheduler. The frames that it leaves on this stack are never returned to: whatever comes back
// to g0 comes through mcall, at g0's G_SP. Does not return.
        .globl  runtime.mstart
        .hidden runtime.mstart
        .type   runtime.mstart, @function
        .balign 16
runtime.mstart:
        .cfi_startproc
        .cfi_undefined %rip                     // the boot behind it is over
        subq    $8, %rsp                        // aligned at the calls that start from here
        .cfi_adjust_cfa_offset 8
        callq   runtime.mstart1                 // the first goroutine for this thread
        movq    %rax, %rdi
        jmp     runtime.gogo
        .cfi_endproc
        .size   runtime.mstart, . - runtime.mstart

// What cannot happen has happened.
        .globl  runtime.abort
        .hidden runtime.abort
        .type   runtime.abort, @function
        .balign 16
runtime.abort:
        .cfi_startproc
        int3                                    // a debugger stops here; without one SIGTRAP ends it
.Lforever:
        jmp     .Lforever                       // if a debugger continues all the same
        .cfi_endproc
        .size   runtime.abort, . - runtime.abort

// A debugger calls functions in the program by Go's debugCall protocol, version 1: it pushes the pc,
// sets rip here and answers each int3 by what rax says. This runtime refuses every call:
//      rax = 8     refused; the reason is a string, its address at 0(rsp) and its length at 8(rsp)
//      rax = 16    over: the debugger restores every register but rip and rsp, and lets it return
        .globl  runtime.debugCallV1
        .hidden runtime.debugCallV1
        .type   runtime.debugCallV1, @function
        .balign 16
runtime.debugCallV1:
        .cfi_startproc
        leaq    -24(%rsp), %rsp                 // lea, not sub: the flags are the interrupted code's
        .cfi_adjust_cfa_offset 24
        movq    %rax, 16(%rsp)                  // the one register that the protocol needs
        leaq    .Lrefusal(%rip), %rax
        movq    %rax, (%rsp)
        movq    $.Lrefusal_end - .Lrefusal, 8(%rsp)
        movq    $8, %rax
        int3
        movq    $16, %rax
        int3
        movq    16(%rsp), %rax                  // for a debugger that did not restore it
        leaq    24(%rsp), %rsp
        .cfi_adjust_cfa_offset -24
        retq
        .cfi_endproc
        .size   runtime.debugCallV1, . - runtime.debugCallV1

        .section .rodata.debugCallV1, "a", @progbits
.Lrefusal:
        .ascii  "call not at safe point"
.Lrefusal_end:

// Whoever links with a C library's startup code has two entry points and an error. The linker prints this
// beside it, because that code refers to the symbol (GNU ld; others ignore it).
        .section .gnu.warning.__libc_start_main, "", @progbits
        .ascii  "rt0 has its own startup code, and the C library's is linked as well: link with rt0-c++, or add -nostdlib to the link command (README, Linking)"
        .byte   0

        .section .note.GNU-stack, "", @progbits
// As base/nosplit.h, for linkers that look.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
