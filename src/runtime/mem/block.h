// The memory of segments: blocks of 1 KiB, 2 KiB ... 256 KiB from arenas of 2 MiB. An arena has
// blocks of one size; one whose blocks are all free goes back to the kernel.
#pragma once

#include <cstddef>
#include <cstdint>

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

} // namespace runtime::mem
