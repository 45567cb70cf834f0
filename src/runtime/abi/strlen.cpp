// strlen. Reading past the end of the string is harmless as long as it stays within the page that
// the last read byte of the string is in: aligned vectors do, and so do 32 bytes that do not cross
// a page.
#include "abi/vectors.h"

using runtime::abi::at;
using runtime::abi::avx2_after_all;
using runtime::abi::has_avx2;
using runtime::abi::lowest_bit;

namespace {

RT0_INLINE size_t offset_in(const char* p, size_t power_of_two) {
    return reinterpret_cast<uintptr_t>(p) & (power_of_two - 1);
}

// Bit i: byte i of the 32 is zero.
RT0_INLINE uint32_t zeroes_sse2(const char* p) {
    const __m128i zero = _mm_setzero_si128();
    const auto low =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(at<__m128i>(p).v, zero)));
    const auto high =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(at<__m128i>(p + 16).v, zero)));
    return low | high << 16;
}

[[gnu::target("avx2")]] RT0_INLINE uint32_t zeroes(__m256i bytes) {
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256())));
}

RT0_AVX2 size_t length_avx2(const char* s) {
    const char* p;
    if (offset_in(s, 4096) <= 4096 - 160) [[likely]] {
        if (const uint32_t found = zeroes(at<__m256i>(s).v); found != 0) [[likely]]
            return lowest_bit(found);
#pragma GCC unroll 4
        for (size_t i = 32; i < 160; i += 32) {
            if (const uint32_t found = zeroes(at<__m256i>(s + i).v); found != 0) [[likely]]
                return i + lowest_bit(found);
        }
        p = s + 160;
        p -= offset_in(p, 128);
    } else {
        p = s - offset_in(s, 32);
        if (const uint32_t found = zeroes(at<__m256i>(p).v) >> offset_in(s, 32); found != 0)
            return lowest_bit(found);
        for (p += 32; offset_in(p, 128) != 0; p += 32) {
            if (const uint32_t found = zeroes(at<__m256i>(p).v); found != 0)
                return static_cast<size_t>(p - s) + lowest_bit(found);
        }
    }
    // Blocks of 128 bytes that do not cross a page.
    for (;; p += 128) {
        const __m256i a = at<__m256i>(p).v;
        const __m256i b = at<__m256i>(p + 32).v;
        const __m256i c = at<__m256i>(p + 64).v;
        const __m256i d = at<__m256i>(p + 96).v;
        // NOLINTBEGIN(portability-simd-intrinsics): std::simd minima exist in no library used here.
        const __m256i ab = _mm256_min_epu8(a, b);
        const __m256i least = _mm256_min_epu8(ab, _mm256_min_epu8(c, d));
        // NOLINTEND(portability-simd-intrinsics)
        if (zeroes(least) == 0)
            continue;
        const auto done = static_cast<size_t>(p - s);
        if (const uint64_t found = zeroes(a) | uint64_t{zeroes(b)} << 32; found != 0)
            return done + lowest_bit(found);
        return done + 64 + lowest_bit(zeroes(c) | uint64_t{zeroes(d)} << 32);
    }
}

[[gnu::noinline]] size_t length_sse2(const char* s) {
    const char* p = s - offset_in(s, 32);
    uint32_t found = zeroes_sse2(p) >> offset_in(s, 32);
    if (found != 0)
        return lowest_bit(found);
    for (;;) {
        if (avx2_after_all(32))
            return length_avx2(s);
        p += 32;
        found = zeroes_sse2(p);
        if (found != 0)
            return static_cast<size_t>(p - s) + lowest_bit(found);
    }
}

} // namespace

extern "C" RT0_ALIGNED size_t strlen(const char* s) {
    if (has_avx2()) [[likely]]
        return length_avx2(s);
    return length_sse2(s);
}
