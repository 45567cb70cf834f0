// Goroutine stacks: contiguous, with a guard page below. A page of stack becomes memory when it is
// first touched.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime::mem {

struct stack {
    uintptr_t lo; // the lowest usable byte; the guard page ends here
    uintptr_t hi; // one past the highest; page aligned
};

// A stack of size bytes. Where the address space does not hold that much (RLIMIT_AS), the largest
// half, quarter ... of it that is not below least. lo is 0 and *error set where even that is
// refused.
stack stackalloc(size_t size, size_t least, int* error);

} // namespace runtime::mem
