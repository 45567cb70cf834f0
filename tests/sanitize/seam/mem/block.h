// In the place of the runtime's mem/block.h: under AddressSanitizer a block that nobody has is
// poisoned, but for its last word, which is the allocator's link. block.cpp itself is compiled
// without AddressSanitizer: it may touch what is free.
#pragma once

#include_next "mem/block.h"

#ifdef __SANITIZE_ADDRESS__

namespace runtime::mem {

void* take_clean_block(block_cache& cache, unsigned block_class, int* error);
void give_poisoned_block(block_cache& cache, void* block, unsigned block_class);
void* take_clean_goroutine_blocks(uint32_t count, int* error);
void give_poisoned_goroutine_blocks(void* list);

} // namespace runtime::mem

#ifndef RT0_POISONS
#define take_block take_clean_block
#define give_block give_poisoned_block
#define take_goroutine_blocks take_clean_goroutine_blocks
#define give_goroutine_blocks give_poisoned_goroutine_blocks
#endif

#endif
