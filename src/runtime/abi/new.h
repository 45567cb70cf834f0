// What the forms of operator new have in common. All forms may be replaced by the program, one by
// one (they are weak), and forward to one another as the standard says, so that replacing the plain
// form changes the others too.
//
// Where the standard throws std::bad_alloc, the program ends, unless it has librt0-exceptions.a
// (new_exceptions.cpp).
#pragma once

#include <cstddef>
#include <new>

#include "mem/heap.h"

namespace std {

// There is a handler only if the program sets one, and then set_new_handler has linked this too.
// NOLINTNEXTLINE(readability-redundant-declaration): this one makes it weak.
[[gnu::weak]] new_handler get_new_handler() noexcept;

} // namespace std

namespace runtime {

// The plain operator new that a program has unless it brings its own.
void* default_new(size_t size) asm("runtime.default_new");

// Asks the new-handler, if there is one, for more memory as long as there is none. nullptr: no
// memory and no handler. Inline, because the handler may throw, and only programs with exceptions
// have unwind tables.
inline void* new_or_null(size_t size, size_t alignment) {
    for (;;) {
        void* memory = mem::allocate(size, alignment);
        if (memory != nullptr) [[likely]] {
            return memory;
        }
        const std::new_handler handler =
            std::get_new_handler != nullptr ? std::get_new_handler() : nullptr;
        if (handler == nullptr) {
            return nullptr;
        }
        handler();
    }
}

// "fatal error: out of memory: cannot allocate N bytes" instead of nullptr.
void* new_or_fatal(size_t size, size_t alignment);

} // namespace runtime
