// Memory that is never given back: what lives as long as the program.
#pragma once

#include <cstddef>

namespace runtime::mem {

// Where the first of it comes from: .bss, so that a small program pays no system call for it.
struct arena {
    size_t used;
    alignas(64) unsigned char memory[64 * 1024 - 64];
};
extern arena first_arena;

// size bytes of zeroes, aligned to a cache line, or nullptr where the kernel gives no more.
// Untouched, it is not memory yet. Called by schedinit alone, before there is a second thread.
void* persistent(size_t size);

} // namespace runtime::mem
