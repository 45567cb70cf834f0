// What the memory functions share.
//
// Each has one body per vector width, a template that is inlined into a function for SSE2 and one
// for AVX2. Lengths up to a few vectors need no loop: a length between N and 2N is one load at the
// start and one that ends at the end, which overlap; so small calls have few branches and no
// alignment.
//
// The AVX2 functions are reached by a tail call behind one branch on `cpu.avx2`; the compiler ends
// them with vzeroupper. Until cpu is known that branch goes to the SSE2 functions, which report to
// cpu_worth_knowing (see base/cpu.h).
//
// These files are compiled with -fno-builtin and, by GCC, -fno-tree-loop-distribute-patterns:
// without them the compiler turns a byte loop inside memset into a call of memset.
#pragma once

#include "base/cpu.h"

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#define RT0_INLINE [[gnu::always_inline]] inline
// Functions and what is hot at their start in as few lines of the instruction cache as possible.
#define RT0_ALIGNED [[gnu::aligned(64)]]
#define RT0_AVX2 [[gnu::noinline, gnu::aligned(64), gnu::target("avx2")]]

// Clang sees that memmove's workers return their first argument, keeps it itself, and so has to
// come back from what should be a jump.
#ifdef __clang__
#define RT0_TAIL [[clang::musttail]]
#else
#define RT0_TAIL
#endif

namespace runtime::abi {

// An object at any address, whatever else lives there. Vectors are not passed by value: a function
// that is not itself compiled for AVX has no ABI for them, even if it is always inlined into one
// that is.
template <class T>
struct [[gnu::packed, gnu::may_alias]] loose {
    T v;
};

template <class T>
RT0_INLINE const loose<T>& at(const void* p) {
    return *static_cast<const loose<T>*>(p);
}

template <class T>
RT0_INLINE loose<T>& at(void* p) {
    return *static_cast<loose<T>*>(p);
}

// Not zero.
RT0_INLINE size_t lowest_bit(uint32_t x) {
    return static_cast<unsigned>(__builtin_ctz(x));
}
RT0_INLINE size_t lowest_bit(uint64_t x) {
    return static_cast<unsigned>(__builtin_ctzll(x));
}

RT0_INLINE bool has_avx2() {
    return cpu_flag(cpu.avx2);
}

// For the SSE2 functions, on entry: whether cpu has just become known and has AVX2.
RT0_INLINE bool avx2_after_all(size_t size) {
    return !cpu_known() && cpu_worth_knowing(size) && has_avx2();
}

} // namespace runtime::abi
