// What assembly and C++ must agree on: offsets into structures that both touch. sched/sched.h
// checks each with static_assert.
#pragma once

// struct tcb (arch/amd64/tcb.h), relative to FS.
#define TCB_SELF 0x00
#define TCB_G 0x10
#define TCB_CANARY 0x28
#define TCB_STACK_GUARD 0x70
#define TCB_NOPREEMPT 0x7c

// struct g (sched/sched.h).
#define G_STACK_LO 0x00
#define G_STACK_HI 0x08
#define G_SP 0x10
#define G_M 0x18
#define G_SEGMENT 0x20

// What rt0_go leaves free at the top of the kernel's stack: goroutine 1's g and first frame.
#define FIRST_G_ROOM 256

// The size of g0's stack, once the boot is over (boot/first_page.cpp).
#define G0_STACK_SIZE (64 * 1024)

// struct m (sched/sched.h).
#define M_G0 0x00

// struct segment (mem/segment.h).
#define SEGMENT_GUARD 0x00
#define SEGMENT_ROOM 0x08
#define SEGMENT_NEXT 0x10

// How far below the guard the code that GCC and Clang compile may take its stack without asking:
// frames of less than this compare the bare stack pointer.
#define SPLIT_STACK_UNASKED 256
// What __morestack_non_split makes sure of for code that never asks.
#define NON_SPLIT_ROOM (64 * 1024)
// By how much an alloca that found no room lowers the stack pointer, and how often it may below
// what a frame takes unasked (mem/segment.cpp).
#define SPACE_MARK 16
#define SPACE_MARKS 4
