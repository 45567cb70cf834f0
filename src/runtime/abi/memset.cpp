#include "abi/vectors.h"

using runtime::abi::at;
using runtime::abi::avx2_after_all;
using runtime::abi::has_avx2;

namespace {

// From here on `rep stosb` is at least as fast as the loop, until the range exceeds the caches.
// Stores that bypass the cache gained nothing at any size.
constexpr size_t rep_from_sse2 = 1024;
constexpr size_t rep_from_avx2 = 4096;
constexpr size_t rep_until = size_t{32} << 20;

// size >= 4 vectors
template <class V>
RT0_INLINE void* fill(char* to, const V& value, size_t size, size_t rep_from) {
    constexpr size_t step = sizeof(V);
    if (size >= rep_from && size < rep_until && runtime::cpu_flag(runtime::cpu.rep_stosb))
        [[unlikely]] {
        char* p = to;
        const int byte = _mm_cvtsi128_si32(reinterpret_cast<const __m128i&>(value));
        asm volatile("rep stosb" : "+D"(p), "+c"(size) : "a"(byte) : "memory");
        return to;
    }
    at<V>(to).v = value;
    char* const end = to + size - 4 * step;
    char* p = to + step - (reinterpret_cast<uintptr_t>(to) & (step - 1));
    for (; p < end; p += 4 * step) {
        at<V>(p).v = value;
        at<V>(p + step).v = value;
        at<V>(p + 2 * step).v = value;
        at<V>(p + 3 * step).v = value;
    }
    at<V>(end).v = value;
    at<V>(end + step).v = value;
    at<V>(end + 2 * step).v = value;
    at<V>(end + 3 * step).v = value;
    return to;
}

// size > 64
RT0_AVX2 void* fill_avx2(void* to_, int byte, size_t size) {
    auto* to = static_cast<char*>(to_);
    const __m256i value = _mm256_set1_epi8(static_cast<char>(byte));
    if (size <= 128) [[likely]] {
        at<__m256i>(to).v = value;
        at<__m256i>(to + 32).v = value;
        at<__m256i>(to + size - 64).v = value;
        at<__m256i>(to + size - 32).v = value;
        return to;
    }
    if (size <= 256) {
#pragma GCC unroll 4
        for (size_t i = 0; i < 128; i += 32)
            at<__m256i>(to + i).v = value;
#pragma GCC unroll 4
        for (size_t i = 0; i < 128; i += 32)
            at<__m256i>(to + size - 128 + i).v = value;
        return to;
    }
    return fill(to, value, size, rep_from_avx2);
}

// size > 64
[[gnu::noinline]] void* fill_sse2(void* to, int byte, size_t size) {
    if (avx2_after_all(size))
        RT0_TAIL return fill_avx2(to, byte, size);
    return fill(static_cast<char*>(to), _mm_set1_epi8(static_cast<char>(byte)), size,
                rep_from_sse2);
}

} // namespace

extern "C" RT0_ALIGNED void* memset(void* to_, int byte, size_t size) {
    auto* to = static_cast<char*>(to_);
    if (size > 64) [[unlikely]] {
        if (has_avx2()) [[likely]]
            RT0_TAIL return fill_avx2(to_, byte, size);
        RT0_TAIL return fill_sse2(to_, byte, size);
    }
    if (size < 16) [[unlikely]] {
        const uint64_t value = 0x0101010101010101U * static_cast<uint8_t>(byte);
        if (size >= 8) [[unlikely]] {
            at<uint64_t>(to).v = value;
            at<uint64_t>(to + size - 8).v = value;
        } else if (size >= 4) [[unlikely]] {
            at<uint32_t>(to).v = static_cast<uint32_t>(value);
            at<uint32_t>(to + size - 4).v = static_cast<uint32_t>(value);
        } else if (size >= 2) [[unlikely]] {
            at<uint16_t>(to).v = static_cast<uint16_t>(value);
            at<uint16_t>(to + size - 2).v = static_cast<uint16_t>(value);
        } else if (size != 0) {
            *to = static_cast<char>(byte);
        }
        return to;
    }
    const __m128i value = _mm_set1_epi8(static_cast<char>(byte));
    at<__m128i>(to).v = value;
    at<__m128i>(to + size - 16).v = value;
    if (size > 32) [[likely]] {
        at<__m128i>(to + 16).v = value;
        at<__m128i>(to + size - 32).v = value;
    }
    return to;
}
