// What assembly and C++ must agree on: offsets into structures that both touch. sched/sched.h
// checks each with static_assert.
#pragma once

// struct tcb (arch/amd64/tcb.h), relative to FS.
#define TCB_SELF 0x00
#define TCB_G 0x10
#define TCB_P 0x18
#define TCB_CANARY 0x28
#define TCB_CLAIM 0x68
#define TCB_STACK_GUARD 0x70
#define TCB_NOPREEMPT 0x78

// struct g (sched/sched.h).
#define G_STACK_LO 0x00
#define G_SP 0x20
#define G_M 0x28
#define G_SEGMENT 0x30
#define G_STATUS 0x38
#define G_STACK_HI 0x50

// g_status::running.
#define G_RUNNING 2

// The lowest bits of g::sp: how gogo continues the goroutine.
#define SP_PREEMPTED 1 // from the registers that a signal left
#define SP_FRESH 2     // for the first time: its funcval is at the top of its stack

// What rt0_go leaves free at the top of the kernel's stack: goroutine 1's g and first frame.
#define FIRST_G_ROOM 256

// The size of g0's stack, once the boot is over (boot/first_page.cpp).
#define G0_STACK_SIZE (64 * 1024)
// Of the stack that a program says its last words on.
#define CRASH_STACK_SIZE (8 * 1024)

// struct m (sched/sched.h).
#define M_G0 0x00

// struct segment (mem/segment.h).
#define SEGMENT_GUARD 0x00
#define SEGMENT_ROOM 0x08
#define SEGMENT_NEXT 0x10

// fs:TCB_STACK_GUARD while the goroutine shall give up its processor: above every address, so that
// the next prologue finds no room. Also as a signed number: Clang's alloca compares so. No guard
// has the upper half.
#define STACK_PREEMPT 0x7ffffade00000000
#define STACK_PREEMPT_UPPER 0x7ffffade

// The vector registers that a function may have arguments in, as XSAVE stores them, and with them
// the stack that runtime.preempt_here takes.
#define PREEMPT_VECTORS 2816
#define PREEMPT_ROOM (PREEMPT_VECTORS + 640)
// MXCSR as a thread begins with it: no exceptions, rounding to nearest.
#define DEFAULT_MXCSR 0x1f80

// How far below the guard the code that GCC and Clang compile may take its stack without asking:
// frames of less than this compare the bare stack pointer.
#define SPLIT_STACK_UNASKED 256
// What functions of the compiler's libraries are given that need more than there is below a guard
// and do not ask (arch/amd64/with_room.inc): more than any of them takes, and a segment of 4 KiB
// has it.
#define LIBRARY_ROOM 3200
// What __morestack_non_split makes sure of for code that never asks.
#define NON_SPLIT_ROOM (64 * 1024)
// By how much an alloca that found no room lowers the stack pointer, and how often it may below
// what a frame takes unasked (mem/segment.cpp).
#define SPACE_MARK 16
#define SPACE_MARKS 4
