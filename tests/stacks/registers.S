// registers.h says what these are for.

#include "arch/amd64/offsets.h"
#include "registers.h"

#define RAX 0
#define RCX 8
#define RDX 16
#define RBX 24
#define RSP 32
#define RBP 40
#define RSI 48
#define RDI 56
#define R8 64
#define R9 72
#define R10 80
#define R11 88
#define R12 96
#define R13 104
#define R14 112
#define R15 120

// A prologue as the compilers write it.
        .macro  asks frame
        leaq    -\frame(%rsp), %r11
        cmpq    %fs:TCB_STACK_GUARD, %r11
        jae     .Lbody\@
        movl    $\frame, %r10d
        xorl    %r11d, %r11d
        callq   __morestack
        retq
.Lbody\@:
        .endm

        .macro  save_callers
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .endm
        .macro  restore_callers
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .endm

// The vector and x87 registers from or to the registers at rdi. Changes rax and rdx.
        .macro  states instruction
        movl    REGISTERS_MASK(%rdi), %eax
        xorl    %edx, %edx
        \instruction REGISTERS_STATES(%rdi)
        .endm

// The general registers from rdi but for rsp and rcx, rdi the last of them.
        .macro  load_general
        movq    RAX(%rdi), %rax
        movq    RDX(%rdi), %rdx
        movq    RBX(%rdi), %rbx
        movq    RBP(%rdi), %rbp
        movq    RSI(%rdi), %rsi
        movq    R8(%rdi), %r8
        movq    R9(%rdi), %r9
        movq    R10(%rdi), %r10
        movq    R11(%rdi), %r11
        movq    R12(%rdi), %r12
        movq    R13(%rdi), %r13
        movq    R14(%rdi), %r14
        movq    R15(%rdi), %r15
        movq    RDI(%rdi), %rdi
        .endm
// And to rdi, but for rsp and rdi. Changes none, no flags either.
        .macro  store_general
        movq    %rax, RAX(%rdi)
        movq    %rcx, RCX(%rdi)
        movq    %rdx, RDX(%rdi)
        movq    %rbx, RBX(%rdi)
        movq    %rbp, RBP(%rdi)
        movq    %rsi, RSI(%rdi)
        movq    %r8, R8(%rdi)
        movq    %r9, R9(%rdi)
        movq    %r10, R10(%rdi)
        movq    %r11, R11(%rdi)
        movq    %r12, R12(%rdi)
        movq    %r13, R13(%rdi)
        movq    %r14, R14(%rdi)
        movq    %r15, R15(%rdi)
        .endm

// What code that was compiled expects. Changes rax.
        .macro  usual_modes
        fninit
        pushq   $DEFAULT_MXCSR
        ldmxcsr (%rsp)
        popq    %rax
        .endm

        .text
// void keep_registers(const registers* in, registers* out, uint64_t rounds)
        .globl  keep_registers, keep_registers_loaded, keep_registers_stored
        .type   keep_registers, @function
        .balign 16
keep_registers:
        asks    256                             // with the red zone
        save_callers
        pushq   %rsi
        movq    %rdx, %rcx
        states  xrstor
        pushfq                                  // a step at a time, or not, as before
        andl    $TRAP_FLAG, (%rsp)
        movq    REGISTERS_FLAGS(%rdi), %rax
        orq     %rax, (%rsp)
        popfq                                   // from here on nothing changes flags
        .set    i, 0
        .rept   RED_ZONE_WORDS
        movq    REGISTERS_RED_ZONE + 8 * i(%rdi), %rax
        movq    %rax, -8 - 8 * i(%rsp)
        .set    i, i + 1
        .endr
        load_general
keep_registers_loaded:
        leaq    -1(%rcx), %rcx
        jrcxz   keep_registers_stored
        jmp     keep_registers_loaded
keep_registers_stored:
        xchgq   %rdi, (%rsp)                    // out
        store_general
        movq    (%rsp), %rax
        movq    %rax, RDI(%rdi)
        .set    i, 0
        .rept   RED_ZONE_WORDS
        movq    -8 - 8 * i(%rsp), %rax
        movq    %rax, REGISTERS_RED_ZONE + 8 * i(%rdi)
        .set    i, i + 1
        .endr
        pushfq
        popq    REGISTERS_FLAGS(%rdi)
        cld
        states  xsave
        usual_modes
        popq    %rax
        restore_callers
        retq
        .size   keep_registers, . - keep_registers

// void call_with_registers(const registers* in, registers* inside, registers* out)
        .globl  call_with_registers
        .type   call_with_registers, @function
        .balign 16
call_with_registers:
        asks    128
        save_callers
        pushq   %rdx
        states  xrstor
        movq    RCX(%rdi), %rcx
        pushq   %rsi
        load_general
        popq    %rdi                            // inside
        callq   called_with_registers
        popq    %rdi                            // out
        store_general
        states  xsave
        usual_modes
        restore_callers
        retq
        .size   call_with_registers, . - call_with_registers

        .type   called_with_registers, @function
        .balign 16
called_with_registers:
        asks    300
        pushq   %rax
        pushq   %rdx
        store_general
        states  xsave
        movq    RSP(%rdi), %rdi                 // results
        states  xrstor
        popq    %rdx
        popq    %rax
        notq    %rax
        notq    %rdx
        retq
        .size   called_with_registers, . - called_with_registers

// void spoil_registers(const registers* in)
        .globl  spoil_registers
        .type   spoil_registers, @function
        .balign 16
spoil_registers:
        states  xrstor
        movq    $-1, %rax
        movq    %rax, %rcx
        movq    %rax, %rdx
        movq    %rax, %rsi
        movq    %rax, %rdi
        movq    %rax, %r8
        movq    %rax, %r9
        movq    %rax, %r10
        movq    %rax, %r11
        retq
        .size   spoil_registers, . - spoil_registers

// void reset_modes()
        .globl  reset_modes
        .type   reset_modes, @function
        .balign 16
reset_modes:
        usual_modes
        retq
        .size   reset_modes, . - reset_modes

// void set_steps(bool on)
        .globl  set_steps
        .type   set_steps, @function
        .balign 16
set_steps:
        pushfq
        andl    $~TRAP_FLAG, (%rsp)
        shll    $8, %edi
        orl     %edi, (%rsp)
        popfq
        retq
        .size   set_steps, . - set_steps

        .section .note.GNU-stack, "", @progbits
// It asks for what it needs.
        .section .note.GNU-split-stack, "", @progbits
        .section .note.GNU-no-split-stack, "", @progbits
