#include "mem/size_class.h"

#include <gtest/gtest.h>

namespace {

using namespace runtime::mem;

TEST(size_class, is_the_smallest_that_holds_the_size) {
    for (size_t size = 1; size <= max_small_size; ++size) {
        const unsigned size_class = size_class_of(size);
        ASSERT_LT(size_class, size_class_count) << size;
        ASSERT_GE(size_of_class(size_class), size);
        if (size_class > 0) {
            ASSERT_LT(size_of_class(size_class - 1), size);
        }
    }
}

TEST(size_class, wastes_less_than_a_fifth_or_16_bytes) {
    for (size_t size = 1; size <= max_small_size; ++size) {
        const size_t slot = size_of_class(size_class_of(size));
        ASSERT_TRUE(slot - size < 16 || (slot - size) * 5 < slot) << size << " in " << slot;
    }
}

TEST(size_class, sizes_are_multiples_of_the_minimum_alignment) {
    for (unsigned size_class = 0; size_class < size_class_count; ++size_class) {
        EXPECT_EQ(size_of_class(size_class) % min_alignment, 0U) << size_class;
    }
}

// A size rounded up to a multiple of an alignment finds slots that are aligned like that.
TEST(size_class, rounding_the_size_up_aligns_every_slot) {
    for (size_t alignment = 16; alignment <= max_small_size; alignment *= 2) {
        for (size_t size = alignment; size <= max_small_size; size += alignment) {
            const size_t slot = size_of_class(size_class_of(size));
            ASSERT_EQ(slot % alignment, 0U) << size;
            ASSERT_EQ(first_slot_offset(slot) % alignment, 0U) << size;
        }
    }
}

TEST(size_class, header_bitmap_and_slots_fit_into_a_span) {
    for (unsigned size_class = 0; size_class < size_class_count; ++size_class) {
        const size_t slot = size_of_class(size_class);
        const size_t slots = slots_per_span(slot);
        EXPECT_GE(slots, 1U) << slot;
        EXPECT_GE(bitmap_words(slot) * 64, slots) << slot;
        EXPECT_LE(bitmap_words(slot), 64U) << slot; // One summary word has a bit for each.
        EXPECT_GE(first_slot_offset(slot), span_header_size + bitmap_words(slot) * 8) << slot;
        EXPECT_LE(first_slot_offset(slot) + slots * slot, span_size) << slot;
    }
}

TEST(size_class, reciprocal_divides_exactly) {
    for (unsigned size_class = 0; size_class < size_class_count; ++size_class) {
        const auto slot = static_cast<uint32_t>(size_of_class(size_class));
        const uint32_t reciprocal = slot_reciprocal(slot);
        for (uint32_t offset = 0; offset < span_size; ++offset) {
            ASSERT_EQ(slot_index(offset, reciprocal), offset / slot) << offset << " / " << slot;
        }
    }
}

// What a span offset becomes when an address lies in front of the first slot.
TEST(size_class, index_of_a_negative_offset_is_out_of_range) {
    for (unsigned size_class = 0; size_class < size_class_count; ++size_class) {
        const size_t slot = size_of_class(size_class);
        for (uint32_t behind = 1; behind <= first_slot_offset(slot); ++behind) {
            ASSERT_GE(slot_index(0U - behind, slot_reciprocal(slot)), slots_per_span(slot));
        }
    }
}

static_assert(size_class_of(1) == 0 && size_class_of(16) == 0 && size_class_of(17) == 1);
static_assert(size_class_of(128) == 7 && size_class_of(129) == 8 && size_of_class(8) == 160);
static_assert(slots_per_span(16) == (span_size - 64 - 512) / 16);

} // namespace
