// The sizes that small allocations are rounded up to, and how a span is cut into slots of one of
// them.
//
// 16 to 128 bytes in steps of 16, then four sizes per doubling: rounding up wastes less than 16
// bytes of a small slot and less than 20% of a larger one. The steps make alignment free: a size
// that is a multiple of a power of two lands in a class that is one too, and slots start at a
// multiple of the largest power of two that divides their size.
//
// A span is 64 KiB of slots at a 64 KiB boundary, behind a header: a fixed part and one bit per
// slot.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "mem/page.h"

namespace runtime::mem {

inline constexpr size_t span_size = size_t{64} << 10;
// The fixed part of a span's header: a cache line.
inline constexpr size_t span_header_size = 64;

inline constexpr size_t min_alignment = 16;
inline constexpr unsigned size_class_count = 43;
// The largest class has one slot per span.
inline constexpr size_t max_small_size = 56 << 10;

// alignment is a power of two.
constexpr size_t align_up(size_t n, size_t alignment) {
    return (n + alignment - 1) & ~(alignment - 1);
}

// The smallest class for 1 <= size <= max_small_size.
constexpr unsigned size_class_of(size_t size) {
    const size_t last = size - 1;
    if (last < 128) {
        return static_cast<unsigned>(last / 16);
    }
    // With 2^k <= last < 2^(k+1), the two bits below the highest choose the quarter.
    const auto k = static_cast<unsigned>(std::bit_width(last)) - 1;
    return static_cast<unsigned>(last >> (k - 2)) + 4 * (k - 6);
}

constexpr size_t size_of_class(unsigned size_class) {
    if (size_class < 8) {
        return (size_class + size_t{1}) * 16;
    }
    return (size_t{5} + size_class % 4) << (size_class / 4 + 3);
}

// The number of 64-bit words that hold a bit for each slot. At most 64, as slots have 16 bytes or
// more.
constexpr size_t bitmap_words(size_t slot_size) {
    return (span_size / slot_size + 63) / 64;
}

// Where the first slot starts in its span.
constexpr size_t first_slot_offset(size_t slot_size) {
    const size_t natural_alignment = slot_size & (~slot_size + 1);
    return align_up(span_header_size + bitmap_words(slot_size) * sizeof(uint64_t),
                    natural_alignment);
}

constexpr size_t slots_per_span(size_t slot_size) {
    return (span_size - first_slot_offset(slot_size)) / slot_size;
}

// offset / slot_size without a division, for every offset below span_size: (offset * reciprocal)
// >> 32. The reciprocal is rounded up by less than 1, so the product is too large by less than
// offset / 2^32 < 1 / slot_size, which never reaches the next integer.
constexpr uint32_t slot_reciprocal(size_t slot_size) {
    return static_cast<uint32_t>(((uint64_t{1} << 32) + slot_size - 1) / slot_size);
}

constexpr uint32_t slot_index(uint32_t offset, uint32_t reciprocal) {
    return static_cast<uint32_t>((uint64_t{offset} * reciprocal) >> 32);
}

static_assert(size_class_of(max_small_size) == size_class_count - 1);
static_assert(size_of_class(size_class_count - 1) == max_small_size);
static_assert(slots_per_span(max_small_size) == 1);

} // namespace runtime::mem
