// All registers that a program computes with: loaded with what nothing else has, kept for a while
// or taken across a call, stored, compared (registers.S).
//
// What XSAVE knows beside those are the thread's (PKRU), or asked for first (AMX).
#pragma once

// Offsets into struct registers, for assembly.
#define REGISTERS_FLAGS 128
#define REGISTERS_RED_ZONE 136
#define REGISTERS_MASK 264
#define REGISTERS_STATES 320

#define RED_ZONE_WORDS 16
#define ARITHMETIC_FLAGS 0xcd5 // with the direction flag
#define TRAP_FLAG 0x100

#ifndef __ASSEMBLER__

#include <cpuid.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <rt0/print.h>

#include "arch/amd64/offsets.h"

// States of XSAVE.
inline constexpr uint64_t state_x87 = 1 << 0;
inline constexpr uint64_t state_sse = 1 << 1;
inline constexpr uint64_t state_avx = 1 << 2;
inline constexpr uint64_t state_avx512 = 7 << 5; // k0 to k7, zmm0 to zmm15's upper halves, the rest

struct registers {
    uint64_t general[16]; // by their numbers in instructions: rsp is the fifth, and stays as it is
    uint64_t flags;
    uint64_t red_zone[RED_ZONE_WORDS];                         // downwards
    uint64_t mask;                                             // of states
    alignas(64) unsigned char states[4096 - REGISTERS_STATES]; // as XSAVE stores them
};
static_assert(offsetof(registers, flags) == REGISTERS_FLAGS);
static_assert(offsetof(registers, red_zone) == REGISTERS_RED_ZONE);
static_assert(offsetof(registers, mask) == REGISTERS_MASK);
static_assert(offsetof(registers, states) == REGISTERS_STATES);

extern "C" {
// Loads all registers, and the red zone, spins for so many rounds in rcx and stores them. rounds is
// at least 1. Of out's states those of its mask, as of inside's below.
void keep_registers(const registers* in, registers* out, uint64_t rounds);
// Loads all registers and calls a function with a frame, which stores what it finds in inside and
// returns with the x87 and vector registers of the registers that inside's rsp points at, and in
// rax and rdx the complement of what it had there. What is back then goes to out. rdi alone is not
// in's.
void call_with_registers(const registers* in, registers* inside, registers* out);
// Leaves what nobody expects in the registers that a call may change, and in's x87 registers and
// modes, until reset_modes.
void spoil_registers(const registers* in);
void reset_modes();
// From here on, or no longer, SIGTRAP after each instruction of this thread.
void set_steps(bool on);
// The loop of keep_registers.
extern const char keep_registers_loaded[];
extern const char keep_registers_stored[];
}

// The states that there are here, and where each is in the area.
inline constexpr size_t states_end = 8;
struct known_states {
    uint64_t mask;
    std::array<size_t, states_end> size;
    std::array<size_t, states_end> at;
};
inline const known_states& states() {
    static const auto known = [] {
        known_states all{};
        // NOLINTBEGIN(misc-const-correctness): the assembly writes them
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        // NOLINTEND(misc-const-correctness)
        __cpuid(1, a, b, c, d);
        if ((c >> 27 & 1) == 0) {
            return all; // no XSAVE
        }
        asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
        all.mask = a & (state_x87 | state_sse | state_avx | state_avx512);
        for (unsigned i = 2; i < states_end; ++i) {
            __cpuid_count(0xd, i, a, b, c, d);
            all.size.at(i) = a;
            all.at.at(i) = b;
        }
        return all;
    }();
    return known;
}

inline uint64_t next_random(uint64_t& x) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

// The area of XSAVE: modes, flags, tags, MXCSR, the x87 registers, the xmm registers.
inline constexpr size_t control_word_at = 0;
inline constexpr size_t status_word_at = 2;
inline constexpr size_t tag_word_at = 4;
inline constexpr size_t mxcsr_at = 24;
inline constexpr size_t x87_at = 32;
inline constexpr size_t x87_size = 10; // each, 16 apart
inline constexpr size_t xmm_at = 160;
inline constexpr size_t xmm_size = 16;
inline constexpr size_t header_at = 512;

// What may be in them, and nothing else is: all of it at random.
inline void fill(registers& all, uint64_t& random) {
    std::memset(&all, 0, sizeof all);
    for (uint64_t& word : all.general) {
        word = next_random(random);
    }
    for (uint64_t& word : all.red_zone) {
        word = next_random(random);
    }
    all.flags = next_random(random) & ARITHMETIC_FLAGS;
    all.mask = states().mask;
    const auto put = [&](size_t at, uint64_t value, size_t size) {
        std::memcpy(all.states + at, &value, size);
    };
    // No x87 exception is let through, or the flags would be one.
    put(control_word_at, 0x27f | (next_random(random) & 0xd00), 2);
    put(status_word_at, next_random(random) & 0x7f7f, 2);
    put(tag_word_at, next_random(random), 1);
    put(mxcsr_at, next_random(random) & 0xffff, 4);
    for (size_t i = 0; i < 8; ++i) {
        put(x87_at + 16 * i, next_random(random), 8);
        put(x87_at + 16 * i + 8, next_random(random), 2);
    }
    for (size_t i = 0; i < 32; ++i) {
        put(xmm_at + 8 * i, next_random(random), 8);
    }
    put(header_at, all.mask, 8);
    for (size_t state = 2; state < states_end; ++state) {
        if ((all.mask >> state & 1) != 0) {
            for (size_t i = 0; i < states().size.at(state); i += 8) {
                put(states().at.at(state) + i, next_random(random), 8);
            }
        }
    }
}

// Which registers must be the same; the modes of the x87 registers and the vector registers are
// among them in any case.
struct compared {
    uint32_t general;    // a bit each
    bool x87;            // the registers
    bool others;         // flags, red zone, mask registers
    size_t vectors = 32; // xmm0 and so on, with their upper parts
};
constexpr compared all_registers{0xffef, true, true};

// Whether they are; says which is not.
inline bool same(const registers& expected, const registers& found, const compared& which) {
    bool right = true;
    const auto compare = [&](const char* name, size_t number, const void* a, const void* b,
                             size_t size) {
        if (right && std::memcmp(a, b, size) != 0) {
            right = false;
            uint64_t x = 0;
            uint64_t y = 0;
            std::memcpy(&x, a, size < 8 ? size : 8);
            std::memcpy(&y, b, size < 8 ? size : 8);
            rt0::eprintln("{} {}: {:#x} is {:#x}", name, number, x, y);
        }
    };
    const auto compare_states = [&](const char* name, size_t number, size_t at, size_t size) {
        compare(name, number, expected.states + at, found.states + at, size);
    };
    for (size_t i = 0; i < 16; ++i) {
        if ((which.general >> i & 1) != 0) {
            compare("general register", i, &expected.general[i], &found.general[i], 8);
        }
    }
    compare_states("x87 control word", 0, control_word_at, 2);
    compare_states("MXCSR", 0, mxcsr_at, 4);
    if (which.x87) {
        compare_states("x87 status word", 0, status_word_at, 2);
        compare_states("x87 tags", 0, tag_word_at, 1);
        for (size_t i = 0; i < 8; ++i) {
            compare_states("st", i, x87_at + 16 * i, x87_size);
        }
    }
    for (size_t i = 0; i < 16 && i < which.vectors; ++i) {
        compare_states("xmm", i, xmm_at + xmm_size * i, xmm_size);
    }
    // One after the other: the upper half of each ymm, the mask registers, the upper half of each
    // zmm, all of zmm16 and what follows.
    constexpr size_t ymm = 2;
    constexpr size_t k = 5;
    constexpr size_t zmm = 6;
    constexpr size_t zmm16 = 7;
    const auto compare_each = [&](const char* name, size_t state, size_t size, size_t first,
                                  size_t end) {
        if ((expected.mask >> state & 1) != 0) {
            for (size_t i = first; i < end; ++i) {
                compare_states(name, i, states().at.at(state) + size * (i - first), size);
            }
        }
    };
    compare_each("upper half of ymm", ymm, 16, 0, std::min(which.vectors, size_t{16}));
    compare_each("upper half of zmm", zmm, 32, 0, std::min(which.vectors, size_t{16}));
    if (which.others) {
        const uint64_t a = expected.flags & ARITHMETIC_FLAGS;
        const uint64_t b = found.flags & ARITHMETIC_FLAGS;
        compare("flags", 0, &a, &b, 8);
        for (size_t i = 0; i < RED_ZONE_WORDS; ++i) {
            compare("red zone", i, &expected.red_zone[i], &found.red_zone[i], 8);
        }
        compare_each("k", k, 8, 0, 8);
        compare_each("zmm", zmm16, 64, 16, which.vectors);
    }
    return right;
}

#endif
