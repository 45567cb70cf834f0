#include "mem/stack.h"

#include "os/os.h"

namespace runtime::mem {

namespace {

constexpr size_t guard_size = 4096;

} // namespace

stack stackalloc(size_t size, size_t least, int* error) {
    for (; size >= least; size /= 2) {
        void* const base = os::map_stack(size + guard_size, error);
        if (base == nullptr) {
            continue;
        }
        *error = os::guard(base, guard_size);
        if (*error == 0) {
            const uintptr_t lo = reinterpret_cast<uintptr_t>(base) + guard_size;
            return {lo, lo + size};
        }
        // A stack that would overflow in silence is no stack. What is left to say is said by the
        // caller, whatever unmap answers.
        (void)os::unmap(base, size + guard_size);
        break;
    }
    return {0, 0};
}

} // namespace runtime::mem
