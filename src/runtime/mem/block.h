// The memory of segments: blocks of 1 KiB, 2 KiB ... 256 KiB from arenas of 2 MiB. An arena has
// blocks of one size; one whose blocks are all free goes back to the kernel. The blocks that
// goroutines begin with are apart from the others, so that each has a g at a known place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mem/page.h"

namespace runtime::mem {

inline constexpr size_t least_block = 1024;
inline constexpr unsigned block_classes = 9;
inline constexpr size_t largest_block = least_block << (block_classes - 1);

constexpr size_t block_size(unsigned block_class) {
    return least_block << block_class;
}

// The smallest class of blocks that hold size bytes, which is at most largest_block.
constexpr unsigned block_class_of(size_t size) {
    return size <= least_block
               ? 0
               : 64 - static_cast<unsigned>(__builtin_clzll((size - 1) / least_block));
}

// Free blocks at hand: take and give work on it alone most of the time. Its owner keeps it
// single-threaded. All zeroes is an empty one.
struct block_cache {
    struct list {
        void* head;
        uint32_t count;
    };
    list lists[block_classes];
};

// A block, at a multiple of its size; its contents are undefined. nullptr: the kernel has no
// memory, and *error says why.
[[nodiscard]] void* take_block(block_cache& cache, unsigned block_class, int* error);
void give_block(block_cache& cache, void* block, unsigned block_class);
// Gives all that is in it to the arenas.
void empty_cache(block_cache& cache);

// A goroutine's block: its g at the top, then the first segment of its stack.
#ifdef __OPTIMIZE__
inline constexpr size_t goroutine_block_size = 1024;
#else
inline constexpr size_t goroutine_block_size = 8192; // see nosplit_room, mem/segment.h
#endif
inline constexpr size_t g_size = 96;

// Where the g is. Blocks at the same place of a page have their tops in different lines, or a
// thousand goroutines would share a few sets of the cache.
inline void* goroutine_place(void* block) {
    constexpr uintptr_t line = 64;
    const auto lo = reinterpret_cast<uintptr_t>(block);
    return reinterpret_cast<void*>(lo + goroutine_block_size - lo / page_size % 2 * line - g_size);
}

// The next in a list of blocks that nobody uses: their last word. (It may be the last of the g.)
inline void*& goroutine_link(void* block) {
    return reinterpret_cast<void**>(static_cast<char*>(block) + goroutine_block_size)[-1];
}

// A list of count blocks, or fewer; null: the kernel has no memory, and *error says why. A block is
// all zeroes, or what it was when it was last given back, but for its link.
[[nodiscard]] void* take_goroutine_blocks(uint32_t count, int* error);
void give_goroutine_blocks(void* list);
// Gives those that wait for the next who wants some to the arenas.
void drop_goroutine_batches();

// Every block that has been in use, free ones too. Takes no lock: while others run it may miss what
// is new, and see memory change.
void for_each_goroutine_block(void (*visit)(void* block, void* argument), void* argument);

} // namespace runtime::mem
