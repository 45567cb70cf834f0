// What the forms of operator new have in common. All forms may be replaced by the program, one by
// one (they are weak), and forward to one another as the standard says, so that replacing the plain
// form changes the others too.
//
// No exceptions here: where the standard throws std::bad_alloc, the program ends.
#pragma once

#include <cstddef>

namespace runtime {

// The plain operator new that a program has unless it brings its own.
void* default_new(size_t size) asm("runtime.default_new");

// Asks the new-handler, if there is one, for more memory as long as there is none. nullptr: no
// memory and no handler.
void* new_or_null(size_t size, size_t alignment);

// "fatal error: out of memory: cannot allocate N bytes" instead of nullptr.
void* new_or_fatal(size_t size, size_t alignment);

} // namespace runtime
