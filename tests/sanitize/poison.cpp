// seam/mem/block.h's.
#define RT0_POISONS
#include "mem/block.h"

#ifdef __SANITIZE_ADDRESS__

#include <sanitizer/asan_interface.h>

namespace runtime::mem {

namespace {

// All of it but the link. A block in a cache is still poisoned when it goes back to its arena.
void poison(void* block, size_t size) {
    __asan_poison_memory_region(block, size - sizeof(void*));
}

void* cleaned(void* block, size_t size) {
    if (block != nullptr) {
        __asan_unpoison_memory_region(block, size);
    }
    return block;
}

} // namespace

void* take_clean_block(block_cache& cache, unsigned block_class, int* error) {
    return cleaned(take_block(cache, block_class, error), block_size(block_class));
}

void give_poisoned_block(block_cache& cache, void* block, unsigned block_class) {
    poison(block, block_size(block_class));
    give_block(cache, block, block_class);
}

void* take_clean_goroutine_blocks(uint32_t count, int* error) {
    void* const list = take_goroutine_blocks(count, error);
    for (void* block = list; block != nullptr; block = goroutine_link(block)) {
        cleaned(block, goroutine_block_size);
    }
    return list;
}

void give_poisoned_goroutine_blocks(void* list) {
    for (void* block = list; block != nullptr; block = goroutine_link(block)) {
        poison(block, goroutine_block_size);
    }
    give_goroutine_blocks(list);
}

} // namespace runtime::mem

#endif
