// memcmp and bcmp. Equal ranges are the common long case, so blocks are compared as wholes and the
// differing byte is looked for afterwards.
#include "abi/vectors.h"

using runtime::abi::at;
using runtime::abi::avx2_after_all;
using runtime::abi::has_avx2;
using runtime::abi::lowest_bit;

namespace {

RT0_INLINE int difference(const uint8_t* a, const uint8_t* b, size_t i) {
    return a[i] - b[i];
}

// The first and the last T of the ranges.
template <class T>
RT0_INLINE int compare_ends(const uint8_t* a, const uint8_t* b, size_t size) {
    const size_t back = size - sizeof(T);
    uint64_t x = at<T>(a).v;
    uint64_t y = at<T>(b).v;
    const auto differ_in_back = static_cast<T>(at<T>(a + back).v ^ at<T>(b + back).v);
    if (((x ^ y) | differ_in_back) == 0) [[likely]]
        return 0;
    if (x == y) {
        x = at<T>(a + back).v;
        y = at<T>(b + back).v;
    }
    return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
}

RT0_INLINE __m128i equal16(const uint8_t* a, const uint8_t* b) {
    return _mm_cmpeq_epi8(at<__m128i>(a).v, at<__m128i>(b).v);
}

// Bit i: byte i of the 32 differs; the second 16 are somewhere else.
RT0_INLINE uint32_t differ(const uint8_t* a, const uint8_t* b, const uint8_t* a2,
                           const uint8_t* b2) {
    const auto low = static_cast<uint32_t>(_mm_movemask_epi8(equal16(a, b)));
    const auto high = static_cast<uint32_t>(_mm_movemask_epi8(equal16(a2, b2)));
    return ~(low | high << 16);
}

[[gnu::target("avx2")]] RT0_INLINE __m256i equal32(const uint8_t* a, const uint8_t* b) {
    return _mm256_cmpeq_epi8(at<__m256i>(a).v, at<__m256i>(b).v);
}

[[gnu::target("avx2")]] RT0_INLINE __m256i equal128(const uint8_t* a, const uint8_t* b) {
    return _mm256_and_si256(_mm256_and_si256(equal32(a, b), equal32(a + 32, b + 32)),
                            _mm256_and_si256(equal32(a + 64, b + 64), equal32(a + 96, b + 96)));
}

// Bit i: byte i of the 64 differs.
[[gnu::target("avx2")]] RT0_INLINE uint64_t differ64(const uint8_t* a, const uint8_t* b) {
    const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(equal32(a, b)));
    const auto high = static_cast<uint32_t>(_mm256_movemask_epi8(equal32(a + 32, b + 32)));
    return ~(low | uint64_t{high} << 32);
}

// size <= 32. Bytes whose mask bit is not set are neither read nor compared.
[[gnu::target("avx512f,avx512bw,avx512vl,bmi2")]] RT0_INLINE uint32_t
differ_masked(const uint8_t* a, const uint8_t* b, size_t size) {
    const auto mask = static_cast<__mmask32>(_bzhi_u32(0xffffffffU, static_cast<uint32_t>(size)));
    return _mm256_mask_cmpneq_epi8_mask(mask, _mm256_maskz_loadu_epi8(mask, a),
                                        _mm256_maskz_loadu_epi8(mask, b));
}

// size > 64
RT0_AVX2 int compare_avx2(const void* a_, const void* b_, size_t size) {
    const auto* a = static_cast<const uint8_t*>(a_);
    const auto* b = static_cast<const uint8_t*>(b_);
    // What remains to be compared in the end: 64 bytes at a and 64 at a_back.
    const uint8_t* a_back = a + size - 64;
    const uint8_t* b_back = b + size - 64;
    if (size > 128) [[unlikely]] {
        const uint8_t* const a_last = a_back - 64;
        if (_mm256_movemask_epi8(equal32(a, b)) == -1) {
            // One side aligned: half of the loads that cross a cache line are gone.
            const size_t skip = 32 - (reinterpret_cast<uintptr_t>(a) & 31);
            a += skip;
            b += skip;
            while (a < a_last && _mm256_movemask_epi8(equal128(a, b)) == -1) {
                a += 128;
                b += 128;
            }
            if (a >= a_last) {
                a = a_last;
                b = b_back - 64;
            }
        }
        a_back = a + 64;
        b_back = b + 64;
    }
    if (const uint64_t found = differ64(a, b); found != 0) [[unlikely]]
        return difference(a, b, lowest_bit(found));
    if (const uint64_t found = differ64(a_back, b_back); found != 0) [[unlikely]]
        return difference(a_back, b_back, lowest_bit(found));
    return 0;
}

// One path for all short sizes, instead of one for every power of two.
[[gnu::noinline, gnu::aligned(64), gnu::target("avx512f,avx512bw,avx512vl,bmi2")]]
int compare_avx512(const void* a_, const void* b_, size_t size) {
    if (size > 64) [[unlikely]]
        RT0_TAIL return compare_avx2(a_, b_, size);
    const auto* a = static_cast<const uint8_t*>(a_);
    const auto* b = static_cast<const uint8_t*>(b_);
    uint32_t found;
    if (size <= 32) [[likely]] {
        found = differ_masked(a, b, size);
        if (found == 0) [[likely]]
            return 0;
    } else {
        found = differ_masked(a, b, 32);
        if (found == 0) [[likely]] {
            a += size - 32;
            b += size - 32;
            found = differ_masked(a, b, 32);
            if (found == 0) [[likely]]
                return 0;
        }
    }
    return difference(a, b, lowest_bit(found));
}

// size > 64
[[gnu::noinline]] int compare_sse2(const void* a_, const void* b_, size_t size) {
    if (avx2_after_all(size))
        RT0_TAIL return compare_avx2(a_, b_, size);
    const auto* a = static_cast<const uint8_t*>(a_);
    const auto* b = static_cast<const uint8_t*>(b_);
    const uint8_t* const a_last = a + size - 32;
    const uint8_t* const b_last = b + size - 32;
    for (;;) {
        if (const uint32_t found = differ(a, b, a + 16, b + 16); found != 0)
            return difference(a, b, lowest_bit(found));
        if (a == a_last)
            return 0;
        const bool last = a_last - a <= 32;
        a = last ? a_last : a + 32;
        b = last ? b_last : b + 32;
    }
}

} // namespace

extern "C" {

RT0_ALIGNED int memcmp(const void* a_, const void* b_, size_t size) {
    if (runtime::cpu_flag(runtime::cpu.avx512)) [[likely]]
        RT0_TAIL return compare_avx512(a_, b_, size);
    const auto* a = static_cast<const uint8_t*>(a_);
    const auto* b = static_cast<const uint8_t*>(b_);
    if (size > 64) [[unlikely]] {
        if (has_avx2()) [[likely]]
            RT0_TAIL return compare_avx2(a_, b_, size);
        RT0_TAIL return compare_sse2(a_, b_, size);
    }
    const uint8_t* const a_end = a + size;
    const uint8_t* const b_end = b + size;
    if (size > 32) [[unlikely]] {
        const uint64_t front = differ(a, b, a + 16, b + 16);
        const uint64_t back = differ(a_end - 32, b_end - 32, a_end - 16, b_end - 16);
        const uint64_t found = front | back << 32;
        if (found == 0) [[likely]]
            return 0;
        const size_t i = lowest_bit(found);
        return difference(a, b, i < 32 ? i : i + size - 64);
    }
    if (size < 16) [[unlikely]] {
        if (size >= 8) [[likely]]
            return compare_ends<uint64_t>(a, b, size);
        if (size >= 4) [[likely]]
            return compare_ends<uint32_t>(a, b, size);
        if (size >= 2) [[likely]]
            return compare_ends<uint16_t>(a, b, size);
        return size != 0 ? difference(a, b, 0) : 0;
    }
    const uint32_t found = differ(a, b, a_end - 16, b_end - 16);
    if (found == 0) [[likely]]
        return 0;
    const size_t i = lowest_bit(found);
    return difference(a, b, i < 16 ? i : i + size - 32);
}

[[gnu::alias("memcmp")]] int bcmp(const void* a, const void* b, size_t size) noexcept;

} // extern "C"
