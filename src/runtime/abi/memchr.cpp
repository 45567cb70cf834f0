// memchr and memrchr. As in strlen.cpp, what is read beyond the range stays within the range's last
// page.
#include "abi/vectors.h"

using runtime::abi::at;
using runtime::abi::avx2_after_all;
using runtime::abi::has_avx2;
using runtime::abi::lowest_bit;

namespace {

// Bit i: byte i of the 32 equals `byte`.
RT0_INLINE uint32_t matches(const char* p, int byte) {
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(byte));
    const auto low =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(at<__m128i>(p).v, wanted)));
    const auto high =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(at<__m128i>(p + 16).v, wanted)));
    return low | high << 16;
}

// The first of the found bytes, unless it lies beyond `left`.
RT0_INLINE void* pick(const char* p, uint32_t found, size_t left) {
    const size_t i = lowest_bit(found);
    return i < left ? const_cast<char*>(p + i) : nullptr;
}

// p is aligned to 32 bytes, left > 0.
RT0_AVX2 void* find_avx2(const char* p, int byte, size_t left) {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(byte));
    for (;; p += 32, left -= 32) {
        // Not before p is aligned to 128: the range may be said to go on for ever (SIZE_MAX) where
        // the caller knows that the byte is there, and the page behind it may not be.
        while (left >= 128 && (reinterpret_cast<uintptr_t>(p) & 127) == 0) {
            const __m256i a = _mm256_cmpeq_epi8(at<__m256i>(p).v, wanted);
            const __m256i b = _mm256_cmpeq_epi8(at<__m256i>(p + 32).v, wanted);
            const __m256i c = _mm256_cmpeq_epi8(at<__m256i>(p + 64).v, wanted);
            const __m256i d = _mm256_cmpeq_epi8(at<__m256i>(p + 96).v, wanted);
            const __m256i any = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
            if (_mm256_movemask_epi8(any) != 0)
                break;
            p += 128;
            left -= 128;
        }
        if (left == 0)
            return nullptr;
        const auto found = static_cast<uint32_t>(
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(at<__m256i>(p).v, wanted)));
        if (found != 0)
            return pick(p, found, left);
        if (left <= 32)
            return nullptr;
    }
}

[[gnu::noinline]] void* find_sse2(const char* p, int byte, size_t left) {
    for (;; p += 32, left -= 32) {
        if (const uint32_t found = matches(p, byte); found != 0)
            return pick(p, found, left);
        if (left <= 32)
            return nullptr;
        if (avx2_after_all(32))
            return find_avx2(p + 32, byte, left - 32);
    }
}

} // namespace

extern "C" {

void* memchr(const void* range, int byte, size_t size) {
    if (size == 0)
        return nullptr;
    const auto* p = static_cast<const char*>(range);
    const auto address = reinterpret_cast<uintptr_t>(p);
    const size_t misaligned = address & 31;
    uint32_t found;
    if ((address & 4095) <= 4096 - 32) [[likely]] {
        found = matches(p, byte);
    } else {
        found = matches(p - misaligned, byte) >> misaligned;
    }
    if (found != 0)
        return pick(p, found, size);
    const size_t done = 32 - misaligned;
    if (size <= done)
        return nullptr;
    if (has_avx2()) [[likely]]
        return find_avx2(p + done, byte, size - done);
    return find_sse2(p + done, byte, size - done);
}

void* memrchr(const void* range, int byte, size_t size) {
    const auto* p = static_cast<const unsigned char*>(range);
    while (size-- != 0) {
        if (p[size] == static_cast<unsigned char>(byte))
            return const_cast<unsigned char*>(p + size);
    }
    return nullptr;
}

} // extern "C"
