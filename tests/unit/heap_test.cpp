#include "mem/heap.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "arch/amd64/tcb.h"
#include "host_os.h"
#include "mem/size_class.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

namespace {

using namespace runtime::mem;
using host_os::call;
using host_os::kib;
using host_os::mib;

bool is_aligned(const void* pointer, size_t alignment) {
    return reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

// Hides a pointer's origin: the compiler must not reason about what the tests do wrong on purpose.
void* launder(void* pointer) {
    asm("" : "+r"(pointer));
    return pointer;
}

std::byte pattern(size_t seed, size_t at) {
    return static_cast<std::byte>(seed * 131 + at * 7 + (at >> 8));
}

void fill(void* pointer, size_t size, size_t seed) {
    auto* bytes = static_cast<std::byte*>(pointer);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = pattern(seed, i);
    }
}

bool holds(const void* pointer, size_t size, size_t seed) {
    const auto* bytes = static_cast<const std::byte*>(pointer);
    for (size_t i = 0; i < size; ++i) {
        if (bytes[i] != pattern(seed, i)) {
            return false;
        }
    }
    return true;
}

bool is_zero(const void* pointer, size_t size) {
    const auto* bytes = static_cast<const std::byte*>(pointer);
    return std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; });
}

// Pages of [start, start + size) that are in memory; start is rounded down to a page.
size_t resident_pages(const void* start, size_t size) {
    const uintptr_t first = reinterpret_cast<uintptr_t>(start) & ~(page_size - 1);
    const size_t pages =
        (reinterpret_cast<uintptr_t>(start) + size - first + page_size - 1) / page_size;
    std::vector<unsigned char> map(pages);
    if (mincore(reinterpret_cast<void*>(first), pages * page_size, map.data()) != 0) {
        return SIZE_MAX;
    }
    return static_cast<size_t>(
        std::ranges::count_if(map, [](unsigned char c) { return (c & 1) != 0; }));
}

size_t resident_set() {
    size_t total = 0;
    size_t resident = 0;
    FILE* f = std::fopen("/proc/self/statm", "r");
    if (f == nullptr || std::fscanf(f, "%zu %zu", &total, &resident) != 2) {
        std::abort();
    }
    std::fclose(f);
    return resident * page_size;
}

// Allocations that are freed at the end of the test.
class block_list {
public:
    block_list() = default;
    block_list(const block_list&) = delete;
    block_list& operator=(const block_list&) = delete;
    ~block_list() { clear(); }

    void* add(size_t size) {
        void* block = allocate(size, 16);
        if (block != nullptr) {
            blocks_.push_back(block);
        }
        return block;
    }
    void clear() {
        for (void* block : blocks_) {
            deallocate(block);
        }
        blocks_.clear();
    }
    [[nodiscard]] size_t size() const { return blocks_.size(); }
    [[nodiscard]] void* at(size_t i) const { return blocks_.at(i); }

private:
    std::vector<void*> blocks_;
};

class heap_test : public testing::Test {
protected:
    void SetUp() override { host_os::reset(); }
    void TearDown() override { host_os::reset(); }
};

// Runs body in a process of its own, with a heap that nothing was taken from yet. It succeeds by
// returning with true.
#define EXPECT_IN_NEW_PROCESS(...)                                                                 \
    EXPECT_EXIT(                                                                                   \
        {                                                                                          \
            host_os::reset();                                                                      \
            std::_Exit((__VA_ARGS__)() ? 0 : 1);                                                   \
        },                                                                                         \
        testing::ExitedWithCode(0), "")

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (const bool ok = (condition); !ok) {                                                    \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                           \
            return false;                                                                          \
        }                                                                                          \
    } while (false)

using heap_death_test = heap_test;

TEST_F(heap_test, every_size_up_to_70000) {
    constexpr size_t live = 64;
    std::vector<std::pair<void*, size_t>> ring(live, {nullptr, 0});
    for (size_t size = 0; size <= 70000; ++size) {
        auto& [block, old_size] = ring[size % live];
        if (block != nullptr) {
            auto* bytes = static_cast<std::byte*>(block);
            if (old_size > 0) {
                ASSERT_EQ(bytes[0], pattern(old_size, 0));
                ASSERT_EQ(bytes[old_size - 1], pattern(old_size, old_size - 1));
            }
            deallocate(block);
        }
        block = allocate(size, 1);
        old_size = size;
        ASSERT_NE(block, nullptr);
        ASSERT_TRUE(is_aligned(block, 16));
        ASSERT_GE(usable_size(block), size);
        if (size <= max_small_size) {
            ASSERT_EQ(usable_size(block), size_of_class(size_class_of(std::max<size_t>(size, 1))));
        }
        // The ends alone: the storm below looks at everything between.
        if (size > 0) {
            static_cast<std::byte*>(block)[0] = pattern(size, 0);
            static_cast<std::byte*>(block)[size - 1] = pattern(size, size - 1);
        }
    }
    for (const auto& [block, size] : ring) {
        deallocate(block);
    }
}

TEST_F(heap_test, size_zero_has_addresses_of_its_own) {
    void* a = allocate(0, 1);
    void* b = allocate(0, 1);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(b, nullptr);
    EXPECT_NE(a, b);
    deallocate(a);
    deallocate(b);
    deallocate(nullptr);
}

TEST_F(heap_test, every_alignment) {
    for (size_t alignment = 1; alignment <= 8 * mib; alignment *= 2) {
        std::vector<std::pair<void*, size_t>> blocks;
        for (const size_t size : {size_t{0}, size_t{1}, size_t{15}, size_t{24}, size_t{100},
                                  size_t{4096}, size_t{5000}, max_small_size - 1, max_small_size,
                                  max_small_size + 1, 64 * kib, 200 * kib, 3 * mib}) {
            for (int twice = 0; twice < 2; ++twice) {
                void* block = allocate(size, alignment);
                ASSERT_NE(block, nullptr);
                ASSERT_TRUE(is_aligned(block, std::max<size_t>(alignment, 16)))
                    << size << " at " << alignment;
                ASSERT_GE(usable_size(block), size);
                fill(block, size, size + alignment);
                blocks.emplace_back(block, size);
            }
        }
        for (const auto& [block, size] : blocks) {
            ASSERT_TRUE(holds(block, size, size + alignment)) << size << " at " << alignment;
            deallocate(block);
        }
    }
}

TEST_F(heap_test, all_of_the_usable_size_may_be_written) {
    std::vector<std::pair<void*, size_t>> blocks;
    for (size_t size = 1; size < 300000; size += size / 3 + 1) {
        void* block = allocate(size, 16);
        ASSERT_NE(block, nullptr);
        fill(block, usable_size(block), size);
        blocks.emplace_back(block, size);
    }
    for (const auto& [block, size] : blocks) {
        EXPECT_TRUE(holds(block, usable_size(block), size)) << size;
        deallocate(block);
    }
}

TEST_F(heap_test, impossible_requests) {
    for (const size_t size : {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, SIZE_MAX / 2 + 1,
                              size_t{1} << 47, (size_t{1} << 47) - 1}) {
        for (size_t alignment = 1; alignment != 0; alignment *= 2) {
            EXPECT_EQ(allocate(size, alignment), nullptr) << size << " at " << alignment;
        }
        EXPECT_EQ(allocate_zeroed(size, 16), nullptr);
    }
    for (size_t alignment = size_t{1} << 47; alignment != 0; alignment *= 2) {
        EXPECT_EQ(allocate(1, alignment), nullptr) << alignment;
    }
}

// Random calls against a map of what must be where.
TEST_F(heap_test, storm) {
    struct block {
        size_t size;
        size_t seed;
    };
    std::map<std::byte*, block> live;
    std::mt19937_64 random(20240607);
    const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
    const auto random_size = [&] {
        switch (below(16)) {
        case 0:
            return below(300 * kib);
        case 1:
        case 2:
            return below(70 * kib);
        case 3:
        case 4:
        case 5:
            return below(4096);
        default:
            return below(300);
        }
    };
    size_t seed = 0;
    const auto insert = [&](void* pointer, size_t size) {
        auto* start = static_cast<std::byte*>(pointer);
        const auto [place, inserted] = live.insert({start, {.size = size, .seed = ++seed}});
        ASSERT_TRUE(inserted) << "the same address twice";
        if (place != live.begin()) {
            const auto before = std::prev(place);
            ASSERT_LE(before->first + before->second.size, start);
        }
        if (const auto after = std::next(place); after != live.end()) {
            ASSERT_LE(start + size, after->first);
        }
        fill(start, size, seed);
    };
    for (int step = 0; step < (sanitized ? 20000 : 60000); ++step) {
        auto victim = live.begin();
        if (!live.empty()) {
            const auto width = static_cast<size_t>(live.rbegin()->first - victim->first) + 1;
            victim = live.lower_bound(victim->first + below(width));
        }
        // Phases of growth and of decay, so that spans fill up and empty.
        const bool grow = (step / 5000) % 2 == 0;
        const size_t action = below(10);
        if (live.empty() || action < (grow ? 6U : 3U)) {
            const size_t size = random_size();
            const size_t alignment = below(8) == 0 ? size_t{1} << below(18) : 16;
            void* pointer =
                below(4) == 0 ? allocate_zeroed(size, alignment) : allocate(size, alignment);
            ASSERT_NE(pointer, nullptr);
            ASSERT_TRUE(is_aligned(pointer, alignment));
            insert(pointer, size);
        } else if (action < 9) {
            ASSERT_TRUE(holds(victim->first, victim->second.size, victim->second.seed));
            deallocate(victim->first);
            live.erase(victim);
        } else {
            const size_t size = random_size();
            if (resize(victim->first, size)) {
                ASSERT_GE(usable_size(victim->first), size);
                ASSERT_TRUE(
                    holds(victim->first, std::min(size, victim->second.size), victim->second.seed));
                std::byte* start = victim->first;
                live.erase(victim);
                insert(start, size);
            }
        }
        if (HasFatalFailure()) {
            return;
        }
    }
    for (const auto& [start, b] : live) {
        ASSERT_TRUE(holds(start, b.size, b.seed));
        deallocate(start);
    }
}

TEST_F(heap_test, slots_are_reused) {
    block_list blocks;
    for (int i = 0; i < 1000; ++i) {
        blocks.add(48);
    }
    void* hole = blocks.at(0);
    deallocate(hole);
    EXPECT_EQ(allocate(48, 16), hole) << "the lowest free slot comes first";
}

TEST_F(heap_test, zeroed_memory_is_zero_even_when_reused) {
    for (const size_t size : {size_t{1}, size_t{100}, size_t{5000}, max_small_size,
                              max_small_size + 1, 300 * kib, 5 * mib}) {
        for (int round = 0; round < 4; ++round) {
            void* block = allocate_zeroed(size, 16);
            ASSERT_NE(block, nullptr);
            ASSERT_TRUE(is_zero(block, size)) << size << " in round " << round;
            std::memset(block, 0xff, usable_size(block));
            deallocate(block);
        }
    }
}

TEST_F(heap_test, zeroed_memory_from_the_kernel_is_not_touched) {
    constexpr size_t size = 32 * mib;
    void* block = allocate_zeroed(size, 16);
    ASSERT_NE(block, nullptr);
    EXPECT_LE(resident_pages(block, size), 1U) << "the one with the header";
    deallocate(block);
}

TEST_F(heap_test, resize_small) {
    void* block = allocate(100, 16); // A slot of 112.
    EXPECT_TRUE(resize(block, 112));
    EXPECT_TRUE(resize(block, 57));
    EXPECT_FALSE(resize(block, 113));
    EXPECT_FALSE(resize(block, 56)) << "half of it would be wasted";
    EXPECT_FALSE(resize(block, 0));
    EXPECT_EQ(usable_size(block), 112U);
    deallocate(block);
    block = allocate(1, 16);
    EXPECT_TRUE(resize(block, 0)) << "there is no smaller slot";
    deallocate(block);
}

TEST_F(heap_test, resize_large_gives_the_tail_back) {
    const size_t before = host_os::mapped_bytes();
    void* block = allocate(8 * mib, 16);
    ASSERT_NE(block, nullptr);
    fill(block, 100 * kib, 1);
    const size_t usable = usable_size(block);
    EXPECT_TRUE(resize(block, usable));
    EXPECT_FALSE(resize(block, usable + 1));
    EXPECT_TRUE(resize(block, 5 * mib));
    EXPECT_EQ(usable_size(block), usable) << "more than half is used";
    EXPECT_TRUE(resize(block, 100 * kib));
    EXPECT_GE(usable_size(block), 100 * kib);
    EXPECT_LT(usable_size(block), 104 * kib);
    EXPECT_LT(host_os::mapped_bytes() - before, 200 * kib);
    EXPECT_TRUE(holds(block, 100 * kib, 1));
    EXPECT_FALSE(resize(block, 1000)) << "a slot would do";
    deallocate(block);
}

TEST_F(heap_test, a_large_block_goes_back_to_the_kernel) {
    const size_t before = host_os::mapped_bytes();
    void* block = allocate(20 * mib, 16);
    EXPECT_GE(host_os::mapped_bytes(), before + 20 * mib);
    deallocate(block);
    EXPECT_EQ(host_os::mapped_bytes(), before);
    block = allocate(1, 8 * mib); // The alignment's slack too.
    deallocate(block);
    EXPECT_EQ(host_os::mapped_bytes(), before);
}

TEST_F(heap_test, a_modest_mapping_is_kept_for_the_next) {
    deallocate(allocate(200 * kib, 16));
    host_os::reset();
    for (int i = 0; i < 100; ++i) {
        deallocate(allocate(200 * kib, 16));
    }
    EXPECT_EQ(host_os::calls(call::map), 0);
    EXPECT_EQ(host_os::calls(call::unmap), 0);
    // Not for one that needs much less or more, and no more than a few of them.
    block_list blocks;
    deallocate(allocate(900 * kib, 16));
    blocks.add(60 * kib);
    EXPECT_LT(usable_size(blocks.at(0)), 128 * kib);
    const size_t before = host_os::mapped_bytes();
    for (int i = 0; i < 50; ++i) {
        blocks.add(600 * kib);
    }
    EXPECT_GE(host_os::mapped_bytes(), before + 600 * kib * 50);
    blocks.clear();
    EXPECT_LE(host_os::mapped_bytes(), before + 700 * kib * 4);
}

// When the kernel refuses to unmap (it may, where that would split a mapping), the memory goes back
// at least.
TEST_F(heap_test, unmap_may_fail) {
    void* block = allocate(16 * mib, 16);
    ASSERT_NE(block, nullptr);
    std::memset(block, 1, 16 * mib);
    host_os::fail(call::unmap, ENOMEM);
    deallocate(block);
    EXPECT_GE(host_os::calls(call::decommit), 1);
    EXPECT_EQ(resident_pages(block, 16 * mib), 0U);
}

TEST_F(heap_test, decommit_may_fail) {
    host_os::fail(call::decommit, EINVAL);
    block_list blocks;
    for (int round = 0; round < 3; ++round) {
        for (size_t i = 0; i < 20000; ++i) {
            void* block = blocks.add(1000);
            ASSERT_NE(block, nullptr);
            fill(block, 1000, i);
        }
        for (size_t i = 0; i < 20000; ++i) {
            ASSERT_TRUE(holds(blocks.at(i), 1000, i));
        }
        blocks.clear();
    }
    EXPECT_GT(host_os::calls(call::decommit), 0);
}

TEST_F(heap_test, empty_spans_serve_other_classes) {
    block_list blocks;
    for (int i = 0; i < 200000; ++i) {
        blocks.add(64);
    }
    blocks.clear();
    const size_t before = host_os::mapped_bytes();
    for (const size_t size : {size_t{16}, size_t{200}, size_t{1000}, size_t{10000}}) {
        for (size_t sum = 0; sum < 8 * mib; sum += size) {
            blocks.add(size);
        }
        blocks.clear();
    }
    EXPECT_EQ(host_os::mapped_bytes(), before);
}

TEST_F(heap_test, memory_of_empty_spans_is_given_back) {
    block_list blocks;
    for (int i = 0; i < 64000; ++i) {
        std::memset(blocks.add(1024), 1, 1024);
    }
    const size_t full = resident_set();
    blocks.clear();
    EXPECT_GT(host_os::calls(call::decommit), 900);
    if (!sanitized) {
        EXPECT_GT(full - resident_set(), 56 * mib);
    }
    // And is there again for the next who needs it, and zero is not taken for granted.
    for (int i = 0; i < 64000; ++i) {
        auto* block = static_cast<std::byte*>(blocks.add(1024));
        block[0] = std::byte{1};
        block[1023] = std::byte{2};
    }
}

// The ledger of idle spans holds 8190 addresses; then the next one begins.
TEST_F(heap_test, more_idle_spans_than_a_ledger_holds) {
    host_os::fail(call::decommit, EINVAL); // Saves time.
    constexpr size_t count = 24000;
    std::vector<size_t*> blocks(count);
    const auto get = [&](size_t i) {
        blocks[i] = static_cast<size_t*>(allocate(max_small_size, 16));
        ASSERT_NE(blocks[i], nullptr);
        *blocks[i] = i;
    };
    const auto release = [&](size_t i) {
        ASSERT_EQ(*blocks[i], i);
        deallocate(blocks[i]);
    };
    for (size_t i = 0; i < count; ++i) {
        get(i);
    }
    // Every other one, so that an idle span has neighbours that are alive.
    for (size_t i = 0; i < count; i += 2) {
        release(i);
    }
    const size_t before = host_os::mapped_bytes();
    for (size_t i = 0; i < count; i += 2) {
        get(i);
    }
    EXPECT_EQ(host_os::mapped_bytes(), before);
    for (size_t i = 0; i < count; ++i) {
        release(i);
    }
}

TEST_F(heap_test, threads) {
    constexpr int thread_count = 4;
    struct message {
        size_t size;
        size_t seed;
    };
    // Blocks change hands here, so that most are freed by another thread.
    std::vector<std::atomic<message*>> mailboxes(64);
    std::atomic<int> damaged{0};
    const auto check_and_free = [&](message* m) {
        if (m != nullptr) {
            damaged += holds(m + 1, m->size, m->seed) ? 0 : 1;
            deallocate(m);
        }
    };
    std::vector<std::thread> threads;
    threads.reserve(thread_count);
    for (int t = 0; t < thread_count; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937_64 random(static_cast<size_t>(t) + 1);
            for (size_t i = 0; i < (sanitized ? 5000U : 40000U); ++i) {
                const size_t size = random() % (random() % 64 == 0 ? 100000 : 500);
                auto* m = static_cast<message*>(allocate(sizeof(message) + size, 16));
                *m = {.size = size, .seed = i};
                fill(m + 1, size, i);
                check_and_free(mailboxes[random() % mailboxes.size()].exchange(m));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (auto& mailbox : mailboxes) {
        check_and_free(mailbox.load());
    }
    EXPECT_EQ(damaged, 0);
}

// ---- A heap that nothing was taken from yet

TEST_F(heap_death_test, first_allocation_costs_one_mapping_and_one_page) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_IN_NEW_PROCESS([] {
        CHECK(host_os::mapped_bytes() == 0);
        void* block = allocate(40, 16);
        CHECK(block != nullptr);
        static_cast<char*>(block)[39] = 1;
        CHECK(host_os::calls(call::map) == 1);
        CHECK(host_os::calls(call::unmap) + host_os::calls(call::decommit) == 0);
        CHECK(host_os::mapped_bytes() < 2 * mib); // No huge page.
        const uintptr_t span = reinterpret_cast<uintptr_t>(block) & ~(span_size - 1);
        CHECK(resident_pages(reinterpret_cast<void*>(span), span_size) == 1);
        // Ten classes more: still one mapping, a page or two each.
        for (size_t size = 1; size <= 512; size *= 2) {
            static_cast<void>(*static_cast<volatile char*>(allocate(size, 16)));
        }
        CHECK(host_os::calls(call::map) == 1);
        return true;
    });
}

TEST_F(heap_death_test, arena_shrinks_until_the_kernel_agrees) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_IN_NEW_PROCESS([] {
        host_os::fail(call::map, ENOMEM, 0, 3);
        CHECK(allocate(1, 16) != nullptr);
        CHECK(host_os::calls(call::map) == 4);
        CHECK(host_os::mapped_bytes() == 128 * kib);
        return true;
    });
}

TEST_F(heap_death_test, little_address_space) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (sanitized) {
        GTEST_SKIP() << "sanitizers need address space of their own";
    }
    EXPECT_IN_NEW_PROCESS([] {
        size_t pages = 0;
        FILE* f = std::fopen("/proc/self/statm", "r");
        CHECK(f != nullptr && std::fscanf(f, "%zu", &pages) == 1);
        std::fclose(f);
        const rlimit limit{pages * page_size + 700 * kib, RLIM_INFINITY};
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        size_t blocks = 0;
        while (void* block = allocate(1000, 16)) {
            std::memset(block, 1, 1000);
            ++blocks;
        }
        // Arenas of 512 and 128 KiB: 8 spans at least after alignment.
        CHECK(blocks > size_t{8} * 60);
        return true;
    });
}

// Whichever mapping the kernel refuses, the answer is nullptr, nothing is damaged, and the heap
// goes on when there is memory again.
TEST_F(heap_death_test, out_of_memory_at_the_nth_mapping) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_IN_NEW_PROCESS([] {
        for (long n = 0; n < 12; ++n) {
            host_os::reset();
            host_os::fail(call::map, ENOMEM, n);
            struct filled {
                void* block;
                size_t size;
            };
            std::vector<filled> blocks;
            std::mt19937_64 random(static_cast<size_t>(n));
            int refused = 0;
            while (refused < 20) {
                const size_t size = random() % 50 == 0 ? random() % (3 * mib) : random() % 2000;
                void* block = allocate(size, 16);
                if (block == nullptr) {
                    ++refused;
                    continue;
                }
                fill(block, size, size);
                blocks.push_back({block, size});
            }
            host_os::reset();
            for (const size_t size : {size_t{1}, size_t{60000}, size_t{3} * mib}) {
                void* block = allocate(size, 16);
                CHECK(block != nullptr);
                deallocate(block);
            }
            for (const auto& [block, size] : blocks) {
                CHECK(holds(block, size, size));
                deallocate(block);
            }
        }
        return true;
    });
}

// Before it gives up, the heap takes back what it kept for speed.
TEST_F(heap_death_test, out_of_memory_takes_kept_spans_and_mappings) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_IN_NEW_PROCESS([] {
        deallocate(allocate(20, 16)); // The class keeps its last span ...
        deallocate(allocate(900 * kib, 16));
        const size_t with_kept = host_os::mapped_bytes();
        host_os::fail(call::map, ENOMEM);
        size_t spans = 0;
        while (allocate(max_small_size, 16) != nullptr) {
            ++spans;
        }
        CHECK(spans == 15 || spans == 16); // ... but not now: all of the first arena of 1 MiB.
        CHECK(allocate(20, 16) == nullptr);
        CHECK(host_os::mapped_bytes() <= with_kept - 900 * kib);
        return true;
    });
}

TEST_F(heap_death_test, a_large_block_may_have_the_idle_spans) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_IN_NEW_PROCESS([] {
        std::vector<void*> blocks;
        blocks.reserve(100);
        for (int i = 0; i < 100; ++i) {
            blocks.push_back(allocate(max_small_size, 16));
        }
        for (void* block : blocks) {
            deallocate(block);
        }
        host_os::fail(call::map, ENOMEM, 0, 1); // Until something was given back.
        void* block = allocate(2 * mib, 16);
        CHECK(block != nullptr);
        CHECK(host_os::calls(call::unmap) >= 100);
        std::memset(block, 1, 2 * mib);
        for (int i = 0; i < 100; ++i) {
            void* small = allocate(max_small_size, 16);
            CHECK(small != nullptr);
            std::memset(small, 1, max_small_size);
        }
        return true;
    });
}

// ---- What a p has at hand

// The host's %fs is glibc's, whose word in the place of tcb::slots nobody uses.
class heap_cache_test : public heap_test {
protected:
    heap_cache_test() { runtime::get_tcb()->slots = &cache_; }
    ~heap_cache_test() override {
        runtime::get_tcb()->slots = nullptr;
        empty_slots(cache_);
    }

    [[nodiscard]] size_t kept() const {
        size_t count = 0;
        for (const slot_cache::list& list : cache_.lists) {
            count += list.count;
        }
        return count;
    }
    slot_cache cache_{};
};

TEST_F(heap_cache_test, what_is_freed_last_comes_first) {
    void* const block = allocate(100, 16);
    void* const other = allocate(100, 16);
    deallocate(block);
    deallocate(other);
    EXPECT_EQ(allocate(100, 16), other);
    EXPECT_EQ(allocate(97, 16), block);
    EXPECT_NE(allocate(32, 16), block);
    deallocate(block);
    deallocate(other);
}

TEST_F(heap_cache_test, gets_more_each_time_and_keeps_no_more_than_so_many) {
    std::vector<void*> all;
    size_t most = 0;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(allocate(64, 16));
        most = std::max(most, kept());
    }
    EXPECT_EQ(most, 31U);
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
    most = 0;
    for (void* const block : all) {
        deallocate(block);
        most = std::max(most, kept());
    }
    EXPECT_EQ(most, 64U);
    empty_slots(cache_);
    EXPECT_EQ(kept(), 0U);
}

TEST_F(heap_cache_test, large_slots_are_not_kept) {
    deallocate(allocate(largest_cached + 1, 16));
    EXPECT_EQ(kept(), 0U);
    deallocate(allocate(largest_cached, 16));
    EXPECT_NE(kept(), 0U);
}

TEST_F(heap_cache_test, what_another_p_frees_is_its_own) {
    void* const block = allocate(48, 16);
    slot_cache other{};
    runtime::get_tcb()->slots = &other;
    deallocate(block);
    EXPECT_EQ(allocate(48, 16), block);
    deallocate(block);
    empty_slots(other);
    runtime::get_tcb()->slots = &cache_;
}

// ---- Mistakes

TEST_F(heap_death_test, double_free_of_what_is_kept) {
    slot_cache cache{};
    runtime::get_tcb()->slots = &cache;
    void* const block = allocate(100, 16);
    deallocate(launder(block));
    EXPECT_EXIT(deallocate(launder(block)), testing::ExitedWithCode(2),
                "fatal error: free of memory that is free");
    empty_slots(cache);
    EXPECT_EXIT(deallocate(launder(block)), testing::ExitedWithCode(2),
                "fatal error: free of memory that is free");
    runtime::get_tcb()->slots = nullptr;
}

constexpr const char* invalid = "fatal error: free of invalid pointer";
constexpr const char* freed_twice = "fatal error: free of memory that is free";

TEST_F(heap_death_test, double_free) {
    void* neighbour = allocate(100, 16);
    void* block = allocate(100, 16);
    deallocate(launder(block));
    EXPECT_EXIT(deallocate(launder(block)), testing::ExitedWithCode(2), freed_twice);
    deallocate(neighbour);
}

TEST_F(heap_death_test, double_free_in_a_span_that_became_idle) {
    block_list blocks;
    for (int i = 0; i < 1000; ++i) {
        blocks.add(5000);
    }
    void* block = blocks.at(500);
    blocks.clear();
    EXPECT_EXIT(deallocate(launder(block)), testing::ExitedWithCode(2), invalid);
}

TEST_F(heap_death_test, double_free_of_a_kept_mapping) {
    void* block = allocate(300 * kib, 16);
    deallocate(launder(block));
    EXPECT_EXIT(deallocate(launder(block)), testing::ExitedWithCode(2), invalid);
}

TEST_F(heap_death_test, free_within_a_block) {
    auto* small = static_cast<std::byte*>(allocate(1000, 16));
    auto* big = static_cast<std::byte*>(allocate(300 * kib, 16));
    for (const ptrdiff_t offset : {-16, 1, 8, 16, 999}) {
        EXPECT_EXIT(deallocate(launder(small + offset)), testing::ExitedWithCode(2), invalid);
        EXPECT_EXIT(deallocate(launder(big + offset)), testing::ExitedWithCode(2), invalid);
    }
    deallocate(small);
    deallocate(big);
}

TEST_F(heap_death_test, free_in_a_span_header) {
    void* block = allocate(64, 16);
    const uintptr_t span = reinterpret_cast<uintptr_t>(block) & ~(span_size - 1);
    for (const uintptr_t offset :
         {1U, 16U, 64U, 128U}) { // The last two are whole slots before the first.
        EXPECT_EXIT(deallocate(reinterpret_cast<void*>(span + offset)), testing::ExitedWithCode(2),
                    invalid);
    }
    deallocate(block);
}

TEST_F(heap_death_test, free_of_what_never_was_ours) {
    static int global;
    int local = 0;
    deallocate(allocate(1, 16)); // The heap has bounds.
    EXPECT_EXIT(deallocate(launder(&global)), testing::ExitedWithCode(2), invalid);
    EXPECT_EXIT(deallocate(launder(&local)), testing::ExitedWithCode(2), invalid);
    EXPECT_EXIT(deallocate(reinterpret_cast<void*>(16)), testing::ExitedWithCode(2), invalid);
    EXPECT_EXIT(static_cast<void>(usable_size(launder(&local))), testing::ExitedWithCode(2),
                invalid);
}

} // namespace
