// What assembly and C++ must agree on: offsets into structures that both touch. sched/sched.h
// checks each with static_assert.
#pragma once

// struct tcb (arch/amd64/tcb.h), relative to FS.
#define TCB_SELF 0x00
#define TCB_G 0x10
#define TCB_CANARY 0x28
#define TCB_NOPREEMPT 0x7c

// struct g (sched/sched.h).
#define G_STACK_LO 0x00
#define G_STACK_HI 0x08
#define G_SP 0x10
#define G_M 0x18

// What rt0_go leaves free at the top of the kernel's stack: goroutine 1's g and first frame.
#define FIRST_G_ROOM 256

// The size of g0's stack, once the boot is over (boot/first_page.cpp).
#define G0_STACK_SIZE (64 * 1024)

// struct m (sched/sched.h).
#define M_G0 0x00
