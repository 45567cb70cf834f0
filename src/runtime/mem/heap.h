// Memory for the program and the runtime: what operator new and malloc stand on.
//
// One lock guards one heap. Each p has some small slots at hand, so that most small allocations do
// without it. Memory may be freed on another thread than the one that got it.
//
// Safe on any thread; not in a signal handler, which may have interrupted the holder of the lock.
// Blocks the thread for a short while at most, never parks the goroutine. Needs no initialisation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mem/size_class.h"

namespace runtime::mem {

// Slots up to this size are kept.
inline constexpr size_t largest_cached = 256;

// Free slots of one p, by size class. All zeroes is an empty one.
struct slot_cache {
    struct list {
        void* head;
        uint32_t count;
        uint32_t batch; // so many came the last time
    };
    list lists[size_class_of(largest_cached) + 1];
};

// Gives all of it back. Nobody else may use it meanwhile. Null in a program without a heap.
[[gnu::weak]] void empty_slots(slot_cache& cache);

// At least size bytes at a multiple of alignment (a power of two) and of 16. Size 0 gives an
// address of its own. nullptr: the kernel has no more memory, or no such size exists.
[[nodiscard]] void* allocate(size_t size, size_t alignment);

// The same, filled with zeroes. Does not touch what the kernel has only just zeroed.
[[nodiscard]] void* allocate_zeroed(size_t size, size_t alignment);

// Gives back what allocate returned; nullptr does nothing. Memory that is free already, or that
// never came from here, is fatal where it is recognised: always for addresses within a small
// allocation's span, most of the time elsewhere.
void deallocate(void* pointer);

// The number of bytes that belong to an allocation: the size asked for, or more.
[[nodiscard]] size_t usable_size(const void* pointer);

// Makes an allocation fit for size without moving it, and gives back what becomes superfluous.
// False (and nothing has changed) where it does not fit, or where moving it would save half of it.
[[nodiscard]] bool resize(void* pointer, size_t size);

} // namespace runtime::mem
