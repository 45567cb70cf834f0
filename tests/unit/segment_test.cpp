// What mem/segment.cpp hands to morestack.S, without the assembly: the segments of stacks on which
// nobody runs.
#include "mem/segment.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "arch/amd64/tcb.h"
#include "host_os.h"

// As morestack.S calls them.
extern "C" {
void grow_stack(runtime::mem::segment* last, size_t need) asm("runtime.grow_stack");
struct allocated_space {
    void* address;
    uintptr_t sp;
};
allocated_space allocate_stack_space(runtime::mem::segment* owner, size_t size,
                                     uintptr_t sp) asm("runtime.allocate_stack_space");
}

namespace {

using namespace runtime;
using namespace runtime::mem;
using host_os::call;
using host_os::kib;
using host_os::mib;

uintptr_t address(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

size_t count(const segment* first) {
    size_t n = 0;
    for (; first != nullptr; first = first->next) {
        ++n;
    }
    return n;
}

// The lowest address of a segment's memory.
uintptr_t begin_of(const segment* at) {
    return address(at + 1) - at->size;
}

// All of it is the segment's own: down from the description to the margin's end.
void fill(const segment* at) {
    const uintptr_t lo = at->guard - guard_margin;
    std::memset(reinterpret_cast<void*>(lo), 0x5a, address(at) - lo);
}

void check_chain(const segment* first) {
    size_t total = 0;
    const segment* prev = nullptr;
    for (const segment* at = first; at != nullptr; at = at->next) {
        total += at->size;
        ASSERT_EQ(at->prev, prev);
        ASSERT_EQ(at->total, total);
        ASSERT_EQ(address(at) % (at == first ? 16 : 64), 0U);
        ASSERT_GE(at->guard - guard_margin, begin_of(at));
        ASSERT_LT(at->guard, address(at));
        prev = at;
    }
}

// The host's %fs is glibc's, whose word in the place of tcb::blocks nobody uses on this processor:
// it is zero, as on a thread without a p, unless a test says otherwise.
class Segments : public testing::Test {
protected:
    Segments() {
        host_os::reset();
        int error = 0;
        block_ = take_goroutine_blocks(1, &error);
        first_ = first_segment(block_, goroutine_place(block_));
    }
    ~Segments() override {
        host_os::reset();
        release_stack(first_);
        get_tcb()->blocks = nullptr;
        goroutine_link(block_) = nullptr;
        give_goroutine_blocks(block_);
    }

    segment* last() {
        segment* at = first_;
        while (at->next != nullptr) {
            at = at->next;
        }
        return at;
    }

    void* block_ = nullptr;
    segment* first_ = nullptr;
};

TEST_F(Segments, TheFirstLiesBelowTheG) {
    EXPECT_EQ(address(first_ + 1), address(goroutine_place(block_)));
    EXPECT_EQ(first_->guard, address(block_) + guard_margin);
    EXPECT_LT(first_->guard, address(first_));
    EXPECT_EQ(first_->room, 0U);
    EXPECT_FALSE(has_grown(first_));
}

TEST_F(Segments, EachIsTwiceTheLastUpToTheLargest) {
    size_t expected = goroutine_block_size;
    for (int i = 0; i < 12; ++i) {
        grow_stack(last(), 100);
        EXPECT_EQ(last()->size, std::max(expected, block_size(block_class_of(100 + guard_margin +
                                                                             sizeof(segment)))))
            << i;
        expected = std::min(2 * last()->size, largest_block);
        fill(last());
    }
    EXPECT_TRUE(has_grown(first_));
    check_chain(first_);
}

TEST_F(Segments, HaveTheRoomThatIsNeeded) {
    for (size_t need = 1; need < 3 * mib; need = need * 5 / 4 + 1) {
        grow_stack(first_, need);
        segment* const made = first_->next;
        ASSERT_GE(made->room, need);
        // Down to the guard, arguments aligned, a return address.
        ASSERT_GE(address(made) - made->guard, need + 72);
        ASSERT_EQ(count(first_), 2U);
        fill(made);
        check_chain(first_);
    }
}

TEST_F(Segments, WhatIsTooSmallGoesWithAllBehindIt) {
    for (int i = 0; i < 10; ++i) {
        grow_stack(last(), 1);
    }
    EXPECT_EQ(count(first_), 11U);
    segment* const third = first_->next->next;
    const size_t mapped = host_os::mapped_bytes();
    grow_stack(third, 5 * mib);
    EXPECT_EQ(count(first_), 4U);
    EXPECT_GE(host_os::mapped_bytes() - mapped, 5 * mib);
    check_chain(first_);
    grow_stack(third, 6 * mib); // the mapping in between is gone
    EXPECT_LT(host_os::mapped_bytes() - mapped, 7 * mib);
    release_stack(first_);
    EXPECT_EQ(host_os::mapped_bytes(), mapped);
    EXPECT_FALSE(has_grown(first_));
}

TEST_F(Segments, BeyondTheLargestBlockThereIsAGuardPage) {
    host_os::reset();
    grow_stack(first_, largest_block);
    EXPECT_EQ(host_os::calls(call::guard), 1);
    const uintptr_t lo = begin_of(first_->next);
    EXPECT_EQ(first_->next->guard, lo + 4096 + guard_margin);
    EXPECT_DEATH(*reinterpret_cast<volatile char*>(lo + 4095) = 1, "");
    *reinterpret_cast<volatile char*>(lo + 4096) = 1;
}

TEST_F(Segments, TheLimitIsTheStackOverflow) {
    EXPECT_EXIT(
        grow_stack(first_, most_stack + 1), testing::ExitedWithCode(2),
        "^runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow");
    EXPECT_EXIT(grow_stack(first_, SIZE_MAX), testing::ExitedWithCode(2), "stack overflow");
    EXPECT_EXIT(grow_stack(first_, most_stack - 100), testing::ExitedWithCode(2), "stack overflow");
    EXPECT_EXIT(
        for (;;) { grow_stack(last(), 100 * mib); }, testing::ExitedWithCode(2), "stack overflow");
    // All but the limit is fine.
    for (int i = 0; i < 9; ++i) {
        grow_stack(last(), 100 * mib);
    }
    check_chain(first_);
}

TEST_F(Segments, NoMemoryIsSaid) {
    host_os::fail(call::map_stack, ENOMEM);
    EXPECT_EXIT(grow_stack(first_, mib), testing::ExitedWithCode(2),
                "cannot map a stack for a goroutine");
    EXPECT_EXIT(
        for (;;) { grow_stack(last(), 100); }, testing::ExitedWithCode(2),
        "cannot map a stack for a goroutine");
    EXPECT_EXIT((void)allocate_stack_space(first_, mib, address(first_) - 64),
                testing::ExitedWithCode(2), "cannot map a stack for a goroutine");
    host_os::reset();
    host_os::fail(call::guard, EINVAL);
    EXPECT_EXIT(grow_stack(first_, mib), testing::ExitedWithCode(2),
                "cannot map a stack for a goroutine");
}

// A mapping that the kernel does not take back stays unused, its memory goes.
TEST_F(Segments, RefusedUnmapDecommits) {
    grow_stack(first_, mib);
    fill(first_->next);
    host_os::reset();
    host_os::fail(call::unmap, ENOMEM);
    release_stack(first_);
    EXPECT_EQ(host_os::calls(call::unmap), 1);
    EXPECT_EQ(host_os::calls(call::decommit), 1);
}

TEST_F(Segments, ComeFromTheProcessorsCache) {
    block_cache cache{};
    get_tcb()->blocks = &cache;
    grow_stack(first_, 3000);
    const void* const made = reinterpret_cast<void*>(begin_of(first_->next));
    const unsigned c = block_class_of(first_->next->size);
    release_stack(first_);
    EXPECT_EQ(cache.lists[c].head, made);
    grow_stack(first_, 3000);
    EXPECT_EQ(reinterpret_cast<void*>(begin_of(first_->next)), made);
    // On a thread without a p it goes elsewhere.
    get_tcb()->blocks = nullptr;
    const uint32_t before = cache.lists[c].count;
    release_stack(first_);
    EXPECT_EQ(cache.lists[c].count, before);
    grow_stack(first_, 3000);
    EXPECT_EQ(reinterpret_cast<void*>(begin_of(first_->next)), made);
}

// allocas.

TEST_F(Segments, AllocasAreApartAndAligned) {
    std::vector<std::pair<uintptr_t, size_t>> all;
    uintptr_t sp = address(first_) - 64;
    for (size_t size = 1; size < mib; size = size * 3 + 5) {
        const allocated_space got = allocate_stack_space(first_, size, sp);
        ASSERT_EQ(address(got.address) % 16, 0U);
        std::memset(got.address, 1, size);
        for (const auto& [other, other_size] : all) {
            ASSERT_TRUE(other + other_size <= address(got.address) ||
                        address(got.address) + size <= other);
        }
        all.emplace_back(address(got.address), size);
        // Lower each time: the mark that tells when the frame is gone.
        ASSERT_LE(got.sp, sp);
        ASSERT_GE(got.sp, sp - SPACE_MARK);
        sp = got.sp;
    }
    EXPECT_TRUE(has_grown(first_));
}

// A loop's arrays end with each round, and the stack pointer is back where it was.
TEST_F(Segments, AllocasOfALoopAreUsedAgain) {
    const uintptr_t sp = address(first_) - 64;
    const size_t mapped = host_os::mapped_bytes();
    size_t after_first = 0;
    for (int round = 0; round < 1000; ++round) {
        uintptr_t inner = sp;
        for (const size_t size : {1000U, 300'000U, 5000U}) {
            inner = allocate_stack_space(first_, size, inner).sp;
        }
        if (round == 1) {
            after_first = host_os::mapped_bytes();
        }
    }
    EXPECT_EQ(host_os::mapped_bytes(), after_first);
    EXPECT_LT(after_first - mapped, 8 * mib);
}

// A frame that takes more and more without an end keeps all of it, until it is gone.
TEST_F(Segments, AllocasOfAFrameStay) {
    uintptr_t sp = first_->guard + 8; // the last place from which a function may begin
    std::vector<void*> all;
    for (int i = 0; i < 50; ++i) {
        const allocated_space got = allocate_stack_space(first_, 300'000, sp);
        std::memset(got.address, i, 300'000);
        all.push_back(got.address);
        sp = got.sp;
    }
    // The marks stay in their part of the margin.
    EXPECT_GE(sp, first_->guard - SPLIT_STACK_UNASKED - SPACE_MARK * SPACE_MARKS);
    for (size_t i = 0; i < all.size(); ++i) {
        const auto* const bytes = static_cast<const char*>(all[i]);
        ASSERT_EQ(bytes[0], static_cast<char>(i));
        ASSERT_EQ(bytes[299'999], static_cast<char>(i));
    }
    const size_t mapped = host_os::mapped_bytes();
    (void)allocate_stack_space(first_, 10, address(first_) - 64);        // of a frame above it
    EXPECT_LE(host_os::mapped_bytes(), mapped - 49 * 300'000 + 2 * mib); // an arena for this one
}

TEST_F(Segments, AllocasCountForTheLimit) {
    const uintptr_t sp = address(first_) - 64;
    EXPECT_EXIT((void)allocate_stack_space(first_, most_stack + 1, sp), testing::ExitedWithCode(2),
                "stack overflow");
    EXPECT_EXIT((void)allocate_stack_space(first_, SIZE_MAX, sp), testing::ExitedWithCode(2),
                "stack overflow");
    EXPECT_EXIT(
        for (uintptr_t at = sp;;) { at = allocate_stack_space(first_, 100 * mib, at).sp; },
        testing::ExitedWithCode(2), "stack overflow");
}

TEST_F(Segments, AllocasGoWithTheirSegment) {
    const size_t mapped = host_os::mapped_bytes();
    grow_stack(first_, mib);
    (void)allocate_stack_space(first_->next, 2 * mib, address(first_->next) - 64);
    (void)allocate_stack_space(first_, 3 * mib, address(first_) - 64);
    EXPECT_GE(host_os::mapped_bytes() - mapped, 6 * mib);
    release_stack(first_);
    EXPECT_EQ(host_os::mapped_bytes(), mapped);
    EXPECT_FALSE(has_grown(first_));
}

// Plain stacks.

TEST_F(Segments, PlainOnesHaveTheirSizeAndAGuardPage) {
    for (const size_t size : {size_t{1}, 100 * kib, 256 * kib, mib, 64 * mib}) {
        int error = 0;
        host_os::reset();
        segment* const plain = plain_segment(first_, size, &error);
        ASSERT_NE(plain, nullptr);
        EXPECT_EQ(first_->next, plain);
        EXPECT_EQ(host_os::calls(call::guard), 1);
        EXPECT_GE(address(plain) - plain->guard, std::max(size, 256 * kib - 4096));
        check_chain(first_);
        const uintptr_t lo = begin_of(plain);
        *reinterpret_cast<volatile char*>(lo + 4096) = 1;
        EXPECT_DEATH(*reinterpret_cast<volatile char*>(lo + 4095) = 1, "");
        release_stack(first_);
    }
}

TEST_F(Segments, PlainOnesThatCannotBe) {
    const size_t mapped = host_os::mapped_bytes();
    for (const size_t size : {most_stack, most_stack + 1, SIZE_MAX - 100, SIZE_MAX}) {
        int error = 0;
        EXPECT_EQ(plain_segment(first_, size, &error), nullptr);
        EXPECT_EQ(std::abs(error), ENOMEM);
    }
    for (const call refused : {call::map_stack, call::guard}) {
        int error = 0;
        host_os::fail(refused, EAGAIN, 0, 1);
        EXPECT_EQ(plain_segment(first_, mib, &error), nullptr);
        EXPECT_EQ(error, -EAGAIN);
        EXPECT_FALSE(has_grown(first_));
    }
    EXPECT_EQ(host_os::mapped_bytes(), mapped);
}

} // namespace
