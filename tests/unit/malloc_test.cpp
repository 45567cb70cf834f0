// The C functions under names of their own, beside the host's.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "host_os.h"
#include "mem/size_class.h"
#include "renamed_malloc.h"

namespace {

int rt0_errno;

} // namespace

extern "C" int* rt0_errno_location() {
    return &rt0_errno;
}

namespace {

using host_os::call;
using host_os::mib;

class malloc_test : public testing::Test {
protected:
    void SetUp() override {
        host_os::reset();
        rt0_errno = 0;
    }
    void TearDown() override { host_os::reset(); }
};

// The compiler knows what malloc may be asked for; the tests ask for more.
size_t opaque(size_t n) {
    asm("" : "+r"(n));
    return n;
}

bool is_aligned(const void* pointer, size_t alignment) {
    return reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

TEST_F(malloc_test, size_zero_is_unique_and_aligned) {
    void* a = malloc(0);
    void* b = calloc(0, 8);
    void* c = calloc(8, 0);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(b, nullptr);
    EXPECT_NE(c, nullptr);
    EXPECT_NE(a, b);
    EXPECT_TRUE(is_aligned(a, 16));
    free(a);
    free(b);
    free(c);
    free(nullptr);
    EXPECT_EQ(rt0_errno, 0);
}

TEST_F(malloc_test, impossible_sizes_set_errno) {
    const auto refused = [](void* result) {
        const bool ok = result == nullptr && rt0_errno == ENOMEM;
        rt0_errno = 0;
        return ok;
    };
    EXPECT_TRUE(refused(malloc(opaque(SIZE_MAX))));
    EXPECT_TRUE(refused(malloc(opaque(size_t{PTRDIFF_MAX} + 1))));
    EXPECT_TRUE(refused(calloc(opaque(SIZE_MAX), 1)));
    EXPECT_TRUE(refused(calloc(opaque(SIZE_MAX / 2 + 1), 2)));
    EXPECT_TRUE(refused(calloc(opaque(size_t{1} << 32), size_t{1} << 32)));
    EXPECT_TRUE(refused(realloc(nullptr, opaque(SIZE_MAX))));
    EXPECT_TRUE(refused(aligned_alloc(64, opaque(SIZE_MAX))));
    EXPECT_TRUE(refused(memalign(64, opaque(SIZE_MAX - 63))));
    EXPECT_TRUE(refused(reallocarray(nullptr, opaque(SIZE_MAX / 2), 3)));

    void* block = malloc(100);
    std::memset(block, 7, 100);
    EXPECT_TRUE(refused(realloc(block, opaque(SIZE_MAX))));
    EXPECT_TRUE(
        refused(realloc(block, opaque(SIZE_MAX / 3 * 2 + 100)))); // Half as much again wraps.
    EXPECT_TRUE(refused(realloc(block, opaque(PTRDIFF_MAX))));
    EXPECT_TRUE(refused(reallocarray(block, opaque(size_t{1} << 33), size_t{1} << 33)));
    EXPECT_EQ(static_cast<char*>(block)[99], 7) << "a refusal leaves the block alone";
    free(block);
}

TEST_F(malloc_test, out_of_memory_sets_errno) {
    host_os::fail(call::map, ENOMEM);
    EXPECT_EQ(malloc(100 * mib), nullptr);
    EXPECT_EQ(rt0_errno, ENOMEM);
    rt0_errno = 0;
    EXPECT_EQ(calloc(100, mib), nullptr);
    EXPECT_EQ(rt0_errno, ENOMEM);
}

TEST_F(malloc_test, calloc_is_zero) {
    for (const size_t size : {size_t{24}, size_t{1000}, size_t{300000}}) {
        for (int round = 0; round < 3; ++round) {
            auto* bytes = static_cast<char*>(calloc(size, 2));
            ASSERT_NE(bytes, nullptr);
            for (size_t i = 0; i < 2 * size; ++i) {
                ASSERT_EQ(bytes[i], 0) << i;
            }
            std::memset(bytes, 1, 2 * size);
            free(bytes);
        }
    }
}

TEST_F(malloc_test, alignments) {
    for (size_t alignment = 1; alignment <= mib; alignment *= 2) {
        for (const size_t size : {size_t{1}, size_t{100}, size_t{70000}}) {
            void* a = aligned_alloc(alignment, size); // The size need not be a multiple.
            void* b = memalign(alignment, size);
            ASSERT_TRUE(a != nullptr && is_aligned(a, alignment));
            ASSERT_TRUE(b != nullptr && is_aligned(b, alignment));
            free(a);
            free(b);
            void* c = nullptr;
            if (alignment >= sizeof(void*)) {
                ASSERT_EQ(posix_memalign(&c, alignment, size), 0);
                ASSERT_TRUE(c != nullptr && is_aligned(c, alignment));
                free(c);
            }
        }
    }
}

TEST_F(malloc_test, wrong_alignments) {
    for (const size_t alignment : {size_t{0}, size_t{3}, size_t{24}, SIZE_MAX}) {
        rt0_errno = 0;
        EXPECT_EQ(aligned_alloc(alignment, 10), nullptr);
        EXPECT_EQ(rt0_errno, EINVAL);
        rt0_errno = 0;
        EXPECT_EQ(memalign(alignment, 10), nullptr);
        EXPECT_EQ(rt0_errno, EINVAL);
        rt0_errno = 0;
        void* untouched = &rt0_errno;
        EXPECT_EQ(posix_memalign(&untouched, alignment, 10), EINVAL);
        EXPECT_EQ(posix_memalign(&untouched, 4, 10), EINVAL);
        EXPECT_EQ(posix_memalign(&untouched, 64, opaque(SIZE_MAX)), ENOMEM);
        EXPECT_EQ(untouched, &rt0_errno);
        EXPECT_EQ(rt0_errno, 0) << "posix_memalign does not set it";
    }
}

TEST_F(malloc_test, realloc_keeps_the_contents) {
    EXPECT_EQ(malloc_usable_size(nullptr), 0U);
    auto* bytes = static_cast<unsigned char*>(realloc(nullptr, 1));
    size_t size = 1;
    bytes[0] = 0;
    const auto check = [&] {
        for (size_t i = 0; i < size; ++i) {
            if (bytes[i] != static_cast<unsigned char>(i * 31)) {
                return false;
            }
        }
        return true;
    };
    const auto to = [&](size_t new_size) {
        bytes = static_cast<unsigned char*>(realloc(bytes, new_size));
        const size_t old = size;
        size = std::min(size, new_size);
        ASSERT_NE(bytes, nullptr);
        ASSERT_GE(malloc_usable_size(bytes), new_size);
        ASSERT_TRUE(check()) << old << " to " << new_size;
        for (size = new_size; size > old; --size) {
            bytes[size - 1] = static_cast<unsigned char>((size - 1) * 31);
        }
        size = new_size;
    };
    for (size_t n = 1; n < 3 * mib; n += n / 5 + 1) {
        to(n);
    }
    for (size_t n = 3 * mib; n > 0; n -= n / 4 + 1) {
        to(n);
    }
    to(100000);
    to(3);
    to(50000);
    to(60000);
    to(1);
    EXPECT_EQ(realloc(bytes, 0), nullptr);
}

TEST_F(malloc_test, realloc_growth_rarely_moves) {
    void* block = malloc(100);
    int moves = 0;
    for (size_t size = 100; size < 64 * mib; size += size_t{64} * 1024) {
        void* grown = realloc(block, size);
        moves += grown != block ? 1 : 0;
        block = grown;
    }
    EXPECT_LE(moves, 20) << "of a thousand";
    free(block);
}

TEST_F(malloc_test, realloc_grows_without_the_reserve_when_that_does_not_fit) {
    void* block = malloc(2 * mib);
    host_os::fail(call::map, ENOMEM, 0, 2); // The attempt with room to grow, and its repetition.
    void* grown = realloc(block, 5 * mib);
    EXPECT_NE(grown, nullptr);
    EXPECT_LT(malloc_usable_size(grown), 6 * mib);
    EXPECT_EQ(rt0_errno, 0);
    free(grown);
}

TEST_F(malloc_test, realloc_to_less_never_fails) {
    std::vector<void*> blocks;
    void* block = malloc(2 * mib);
    static_cast<char*>(block)[9] = 5;
    host_os::fail(call::map, ENOMEM);
    while (void* b = malloc(16)) { // Until there is no slot for the smaller block.
        blocks.push_back(b);
    }
    rt0_errno = 0;
    void* same = realloc(block, 10);
    EXPECT_EQ(same, block);
    EXPECT_EQ(static_cast<char*>(same)[9], 5);
    EXPECT_EQ(rt0_errno, 0);
    free(same);
    for (void* b : blocks) {
        free(b);
    }
}

} // namespace
