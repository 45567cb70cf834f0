#include "mem/block.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "host_os.h"

namespace {

using namespace runtime::mem;
using host_os::call;
using host_os::mib;

constexpr size_t arena = 2 * mib;

uintptr_t address(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

// Blocks that are in use, each filled with what no other is.
class filled_blocks {
public:
    explicit filled_blocks(size_t size)
        : size_(size) {}

    void add(void* block) {
        auto* const words = static_cast<uint64_t*>(block);
        std::fill_n(words, size_ / sizeof *words, address(block));
        blocks_.push_back(block);
    }

    void check_all() const {
        for (void* const block : blocks_) {
            auto* const words = static_cast<uint64_t*>(block);
            ASSERT_TRUE(std::all_of(words, words + size_ / sizeof *words,
                                    [=](uint64_t word) { return word == address(block); }));
        }
    }

    [[nodiscard]] const std::vector<void*>& blocks() const { return blocks_; }

private:
    size_t size_;
    std::vector<void*> blocks_;
};

void* must_take(block_cache& cache, unsigned block_class) {
    int error = 0;
    void* const block = take_block(cache, block_class, &error);
    EXPECT_NE(block, nullptr) << error;
    return block;
}

// So many goroutines' blocks, fewer where the kernel has no memory.
std::vector<void*> take_goroutines(size_t count, int* error) {
    std::vector<void*> blocks;
    while (blocks.size() < count) {
        void* list = take_goroutine_blocks(32, error);
        if (list == nullptr) {
            break;
        }
        for (; list != nullptr; list = goroutine_link(list)) {
            blocks.push_back(list);
        }
    }
    return blocks;
}

// In lists of 32, as a p does.
void give_goroutines(const std::vector<void*>& blocks) {
    void* list = nullptr;
    uint32_t count = 0;
    for (void* const block : blocks) {
        goroutine_link(block) = list;
        list = block;
        if (++count % 32 == 0) {
            give_goroutine_blocks(list);
            list = nullptr;
        }
    }
    if (list != nullptr) {
        give_goroutine_blocks(list);
    }
}

std::vector<void*> visited() {
    std::vector<void*> all;
    for_each_goroutine_block(
        [](void* block, void* to) { static_cast<std::vector<void*>*>(to)->push_back(block); },
        &all);
    std::ranges::sort(all);
    return all;
}

// Is all of it zero, but for the link?
bool is_fresh(void* block) {
    const auto* const words = static_cast<const uint64_t*>(block);
    return std::all_of(words, words + goroutine_block_size / sizeof *words - 1,
                       [](uint64_t word) { return word == 0; });
}

class Blocks : public testing::Test {
protected:
    Blocks() { host_os::reset(); }
    ~Blocks() override { host_os::reset(); }
};

TEST_F(Blocks, TheClassHoldsTheSize) {
    for (size_t size = 1; size <= largest_block; ++size) {
        const unsigned c = block_class_of(size);
        ASSERT_LE(size, block_size(c));
        ASSERT_TRUE(c == 0 || size > block_size(c - 1)) << size;
        ASSERT_LT(c, block_classes);
    }
}

TEST_F(Blocks, OfAllSizesAreApartAndAligned) {
    block_cache cache{};
    std::vector<filled_blocks> all;
    for (unsigned c = 0; c < block_classes; ++c) {
        all.emplace_back(block_size(c));
        for (int i = 0; i < 50; ++i) {
            void* const block = must_take(cache, c);
            ASSERT_EQ(address(block) % block_size(c), 0U);
            all.back().add(block);
        }
    }
    for (const filled_blocks& blocks : all) {
        blocks.check_all();
    }
    for (unsigned c = 0; c < block_classes; ++c) {
        for (void* const block : all[c].blocks()) {
            give_block(cache, block, c);
        }
    }
}

TEST_F(Blocks, WhatWasGivenLastIsTakenFirst) {
    block_cache cache{};
    void* const a = must_take(cache, 2);
    void* const b = must_take(cache, 2);
    give_block(cache, a, 2);
    give_block(cache, b, 2);
    host_os::reset();
    EXPECT_EQ(must_take(cache, 2), b);
    EXPECT_EQ(must_take(cache, 2), a);
    EXPECT_EQ(host_os::calls(call::map_stack), 0);
}

TEST_F(Blocks, ACacheKeepsAFewOnly) {
    block_cache cache{};
    for (unsigned c = 0; c < block_classes; ++c) {
        std::vector<void*> blocks;
        for (int i = 0; i < 200; ++i) {
            // NOLINTNEXTLINE(performance-inefficient-vector-operation)
            blocks.push_back(must_take(cache, c));
        }
        for (void* const block : blocks) {
            give_block(cache, block, c);
            ASSERT_LE(cache.lists[c].count, std::max<size_t>(2, 2 * 8192 / block_size(c)));
        }
        uint32_t count = 0;
        for (void* at = cache.lists[c].head; at != nullptr;) {
            ++count;
            at = reinterpret_cast<void**>(static_cast<char*>(at) + block_size(c))[-1];
        }
        EXPECT_EQ(count, cache.lists[c].count);
    }
}

// A wave of blocks, twice: all memory but an arena and what the cache keeps goes back, and the
// second wave maps none.
TEST_F(Blocks, ArenasGoBackAndAreUsedAgain) {
    for (unsigned c = 0; c < block_classes; ++c) {
        block_cache cache{};
        const size_t count = 8 * arena / block_size(c);
        const auto wave = [&] {
            std::vector<void*> blocks;
            for (size_t i = 0; i < count; ++i) {
                blocks.push_back(must_take(cache, c));
                *static_cast<char*>(blocks.back()) = 1;
            }
            // Each arena's at once, so that the cache has few of each.
            for (void* const block : blocks) {
                give_block(cache, block, c);
            }
        };
        wave();
        host_os::reset();
        wave();
        EXPECT_EQ(host_os::calls(call::map_stack), 0) << "class " << c;
        EXPECT_GE(host_os::calls(call::decommit), 4) << "class " << c;
    }
}

// Each of eight caches keeps some blocks of an arena of its own, until it is emptied.
TEST_F(Blocks, AnEmptyCacheKeepsNoArena) {
    for (unsigned c = 0; c < block_classes; ++c) {
        std::array<block_cache, 8> caches{};
        const size_t count = arena / block_size(c);
        std::vector<void*> blocks(caches.size() * count);
        for (void*& block : blocks) {
            block = must_take(caches[0], c);
        }
        empty_cache(caches[0]);
        for (size_t i = 0; i < blocks.size(); ++i) {
            give_block(caches[i / count], blocks[i], c);
        }
        host_os::reset();
        for (block_cache& cache : caches) {
            EXPECT_GT(cache.lists[c].count, 0U);
            empty_cache(cache);
            EXPECT_EQ(cache.lists[c].count, 0U);
            EXPECT_EQ(cache.lists[c].head, nullptr);
        }
        EXPECT_GE(host_os::calls(call::decommit), 3) << "class " << c;
    }
}

// The lists of goroutines' blocks that wait for somebody keep arenas too.
TEST_F(Blocks, BatchesAreDropped) {
    int error = 0;
    const std::vector<void*> blocks =
        take_goroutines(64 * 32 + 4 * arena / goroutine_block_size, &error);
    give_goroutines(blocks);
    host_os::reset();
    drop_goroutine_batches();
    EXPECT_GE(host_os::calls(call::decommit), 1);
    // All of them are in arenas now, and can be taken from there.
    const std::vector<void*> again = take_goroutines(blocks.size(), &error);
    EXPECT_EQ(std::set(again.begin(), again.end()).size(), again.size());
    give_goroutines(again);
}

// The memory of stacks never becomes goroutines' blocks: who looks at all of those takes no lock,
// and nothing there may look like a g.
TEST_F(Blocks, NothingStaleInGoroutinesBlocks) {
    block_cache cache{};
    int error = 0;
    // What free goroutines' blocks there are, so that new ones come from arenas.
    std::vector<void*> held = take_goroutines(64 * 32 + 3 * arena / goroutine_block_size, &error);
    for (const unsigned c : {0U, 3U, block_classes - 1, 5U}) {
        std::vector<void*> blocks;
        std::set<uintptr_t> of_stacks;
        for (size_t i = 0; i < 12 * arena / block_size(c); ++i) {
            blocks.push_back(must_take(cache, c));
            std::memset(blocks.back(), 0xff, block_size(c));
            of_stacks.insert(address(blocks.back()) / arena);
        }
        if (c == 5) { // the kernel does not take the memory back
            host_os::fail(call::decommit, EINVAL);
        }
        for (void* const block : blocks) {
            give_block(cache, block, c);
        }
        host_os::reset();
        const std::vector<void*> taken = take_goroutines(8 * arena / goroutine_block_size, &error);
        for (void* const block : taken) {
            ASSERT_FALSE(of_stacks.contains(address(block) / arena));
            ASSERT_TRUE(is_fresh(block));
        }
        held.insert(held.end(), taken.begin(), taken.end());
    }
    EXPECT_EQ(std::set(held.begin(), held.end()).size(), held.size());
    give_goroutines(held);
}

// Nor the other way round: nobody looks for a g in the memory of stacks.
TEST_F(Blocks, StacksAreNotVisited) {
    int error = 0;
    // More than the lists that are kept as they are.
    // NOLINTNEXTLINE(misc-const-correctness)
    std::vector<void*> goroutines = take_goroutines(8 * arena / goroutine_block_size, &error);
    ASSERT_EQ(error, 0);
    give_goroutines(goroutines);
    block_cache cache{};
    std::vector<void*> stacks;
    host_os::reset();
    while (host_os::calls(call::map_stack) == 0) { // until all arenas are in use
        stacks.push_back(must_take(cache, 0));
    }
    std::ranges::sort(stacks);
    for (void* const block : visited()) {
        const auto at = std::ranges::lower_bound(stacks, block);
        ASSERT_TRUE(at == stacks.end() || address(*at) >= address(block) + goroutine_block_size);
    }
    for (void* const stack : stacks) {
        give_block(cache, stack, 0);
    }
}

TEST_F(Blocks, AllGoroutinesBlocksAreVisitedOnce) {
    int error = 0;
    std::vector<void*> taken = take_goroutines(5 * arena / goroutine_block_size, &error);
    const auto check = [&taken] {
        std::vector<void*> seen = visited();
        ASSERT_EQ(std::ranges::adjacent_find(seen), seen.end());
        ASSERT_TRUE(std::ranges::includes(seen, taken));
    };
    std::ranges::sort(taken);
    check();
    // Free ones too, as long as the memory is there.
    give_goroutines({taken.begin(), taken.begin() + 100});
    check();
    taken.erase(taken.begin(), taken.begin() + 100);
    give_goroutines(taken);
}

TEST_F(Blocks, AListComesBackAsItWasGiven) {
    int error = 0;
    void* const list = take_goroutine_blocks(32, &error);
    ASSERT_NE(list, nullptr);
    std::vector<void*> blocks;
    for (void* at = list; at != nullptr; at = goroutine_link(at)) {
        ASSERT_EQ(address(at) % goroutine_block_size, 0U);
        blocks.push_back(at);
    }
    EXPECT_EQ(blocks.size(), 32U);
    give_goroutine_blocks(list);
    void* again = take_goroutine_blocks(1, &error);
    for (void* const block : blocks) {
        ASSERT_EQ(again, block);
        again = goroutine_link(again);
    }
    EXPECT_EQ(again, nullptr);
    give_goroutine_blocks(list);
}

// The tops of blocks at the same place of neighbouring pages are in different lines.
// A p that has none gives none: whoever takes next gets blocks all the same.
TEST_F(Blocks, AnEmptyListIsNotKept) {
    drop_goroutine_batches(); // there is room for it
    give_goroutine_blocks(nullptr);
    int error = 0;
    void* const list = take_goroutine_blocks(32, &error);
    ASSERT_NE(list, nullptr) << error;
    give_goroutine_blocks(list);
}

TEST_F(Blocks, PlacesAreStaggered) {
    alignas(16384) static std::array<char, 16384> memory;
    for (size_t at = 0; at < memory.size(); at += goroutine_block_size) {
        void* const block = memory.data() + at;
        const uintptr_t place = address(goroutine_place(block));
        EXPECT_GE(place, address(block));
        EXPECT_LE(place + g_size, address(block) + goroutine_block_size);
        EXPECT_EQ(place % 32, 0U);
    }
    if (goroutine_block_size < 4096) {
        EXPECT_NE(address(goroutine_place(memory.data())) % 4096,
                  address(goroutine_place(memory.data() + 4096)) % 4096);
    }
}

// Takes until the kernel refuses.
TEST_F(Blocks, RefusedMemoryIsSaidAndHurtsNothing) {
    block_cache cache{};
    filled_blocks all(block_size(5));
    void* const another = must_take(cache, 5);
    for (long n = 0; n < 5; ++n) {
        host_os::fail(call::map_stack, ENOMEM, n);
        const size_t mapped = host_os::mapped_bytes();
        int error = 0;
        while (void* const block = take_block(cache, 5, &error)) {
            ASSERT_EQ(error, 0);
            all.add(block);
        }
        EXPECT_EQ(error, -ENOMEM);
        // What the kernel gave for an alignment that then did not come about went back.
        EXPECT_EQ((host_os::mapped_bytes() - mapped) % arena, 0U);
        EXPECT_LE(host_os::mapped_bytes() - mapped, static_cast<size_t>(n) * arena);
        int again = 0;
        EXPECT_EQ(take_block(cache, 5, &again), nullptr);
        EXPECT_EQ(again, -ENOMEM);
        all.check_all();
        // Another size does not come either, but what was given back does.
        host_os::fail(call::map_stack, ENOMEM);
        give_block(cache, another, 5);
        EXPECT_EQ(take_block(cache, 5, &again), another);
    }
    host_os::reset();
    all.add(must_take(cache, 5));
    all.check_all();
    give_block(cache, another, 5);
    for (void* const block : all.blocks()) {
        give_block(cache, block, 5);
    }
}

// Where the kernel's mapping is not aligned the way in which an arena is, another one is, and all
// that was too much goes back.
TEST_F(Blocks, ArenasOfUnalignedMappings) {
    constexpr unsigned c = block_classes - 1;
    block_cache cache{};
    std::vector<void*> blocks;
    const auto take_all = [&](long maps) {
        host_os::reset();
        host_os::misalign_stacks();
        host_os::fail(call::map_stack, ENOMEM, maps);
        const size_t mapped = host_os::mapped_bytes();
        int error = 0;
        while (void* const block = take_block(cache, c, &error)) {
            EXPECT_EQ(address(block) % largest_block, 0U);
            std::memset(block, 1, largest_block);
            blocks.push_back(block);
        }
        EXPECT_EQ(error, -ENOMEM);
        return host_os::mapped_bytes() - mapped;
    };
    EXPECT_EQ(take_all(0), 0U);
    EXPECT_EQ(take_all(1), 0U);
    EXPECT_EQ(take_all(2), arena);
    EXPECT_EQ(take_all(7), 3 * arena);
    for (void* const block : blocks) {
        give_block(cache, block, c);
    }
}

TEST_F(Blocks, AShorterListWhereMemoryEnds) {
    int error = 0;
    host_os::fail(call::map_stack, ENOMEM, 3);
    size_t count = 0;
    std::vector<void*> lists;
    while (void* const list = take_goroutine_blocks(1000, &error)) {
        lists.push_back(list);
        for (void* at = list; at != nullptr; at = goroutine_link(at)) {
            ++count;
        }
    }
    EXPECT_EQ(error, -ENOMEM);
    EXPECT_GE(count, arena / goroutine_block_size - 1);
    EXPECT_NE(count % 1000, 0U);
    host_os::reset();
    error = 0;
    void* const more = take_goroutine_blocks(10, &error);
    EXPECT_NE(more, nullptr);
    EXPECT_EQ(error, 0);
    lists.push_back(more);
    for (void* const list : lists) {
        give_goroutine_blocks(list);
    }
}

// The kernel keeps what it was to take back: the memory stays in use, all of it.
TEST_F(Blocks, AllOfAnArenaIsTakenWhereMemoryEnds) {
    block_cache cache{};
    std::vector<void*> blocks{must_take(cache, 0)};
    host_os::fail(call::map_stack, ENOMEM);
    int error = 0;
    while (void* const block = take_block(cache, 0, &error)) {
        blocks.push_back(block);
    }
    EXPECT_EQ(error, -ENOMEM);
    EXPECT_EQ(cache.lists[0].head, nullptr) << "there is no memory, and some at hand";
    EXPECT_GE(blocks.size(), arena / block_size(0) - 1);
    for (void* const block : blocks) {
        give_block(cache, block, 0);
    }
    empty_cache(cache);
}

TEST_F(Blocks, RefusedDecommitLosesNothing) {
    block_cache cache{};
    constexpr unsigned c = 6;
    for (int round = 0; round < 3; ++round) {
        host_os::fail(call::decommit, ENOMEM);
        filled_blocks all(block_size(c));
        for (size_t i = 0; i < 6 * arena / block_size(c); ++i) {
            all.add(must_take(cache, c));
        }
        all.check_all();
        for (void* const block : all.blocks()) {
            give_block(cache, block, c);
        }
        if (round == 0) {
            host_os::reset();
        } else {
            EXPECT_EQ(host_os::calls(call::map_stack), 0);
        }
    }
}

// Blocks wander between threads with caches of their own, and nobody has one twice.
TEST_F(Blocks, ManyThreads) {
    constexpr int threads = 4;
    std::array<std::atomic<void*>, 64> exchange{};
    std::vector<std::thread> all;
    std::atomic<int> wrong = 0;
    for (unsigned t = 0; t < threads; ++t) {
        // NOLINTNEXTLINE(performance-inefficient-vector-operation)
        all.emplace_back([&, t] {
            block_cache cache{};
            std::mt19937 random(t);
            for (int i = 0; i < 5'000; ++i) {
                int error = 0;
                // A block's class is what its place in the exchange says.
                // NOLINTNEXTLINE(modernize-use-auto)
                const unsigned slot = static_cast<unsigned>(random() % exchange.size());
                const unsigned c = slot % 6;
                auto* const mine = static_cast<uint64_t*>(take_block(cache, c, &error));
                mine[0] = address(mine);
                mine[block_size(c) / 8 - 1] = address(mine) + 1;
                if (auto* const other = static_cast<uint64_t*>(exchange.at(slot).exchange(mine))) {
                    wrong += other[0] != address(other) ||
                                     other[block_size(c) / 8 - 1] != address(other) + 1
                                 ? 1
                                 : 0;
                    other[0] = 0;
                    give_block(cache, other, c);
                }
                if (i % 2 == 0) {
                    void* const list = take_goroutine_blocks(8, &error);
                    for (void* at = list; at != nullptr; at = goroutine_link(at)) {
                        auto* const words = static_cast<uint64_t*>(at);
                        wrong += words[0] != 0 ? 1 : 0;
                        words[0] = 1;
                    }
                    std::this_thread::yield();
                    for (void* at = list; at != nullptr; at = goroutine_link(at)) {
                        *static_cast<uint64_t*>(at) = 0;
                    }
                    give_goroutine_blocks(list);
                }
            }
        });
    }
    for (std::thread& thread : all) {
        thread.join();
    }
    EXPECT_EQ(wrong, 0);
}

} // namespace
