// C's names for the heap. Weak: a program may bring a malloc of its own.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mem/heap.h"
#include "mem/size_class.h"
#include "os/os.h"

extern "C" int* __errno_location();

namespace runtime {

namespace {

// (std::has_single_bit is a call into libgcc without a newer CPU's popcnt.)
bool is_alignment(size_t n) {
    return n != 0 && (n & (n - 1)) == 0;
}

// The C functions report an error in errno as well as by a null pointer.
void* or_errno(void* memory) {
    if (memory == nullptr) [[unlikely]] {
        *__errno_location() = os::ENOMEM_;
    }
    return memory;
}

void* aligned(size_t alignment, size_t size) {
    if (!is_alignment(alignment)) {
        *__errno_location() = os::EINVAL_;
        return nullptr;
    }
    return or_errno(mem::allocate(size, alignment));
}

} // namespace

} // namespace runtime

using namespace runtime;

extern "C" {

[[gnu::weak]] void* malloc(size_t size) {
    return or_errno(mem::allocate(size, mem::min_alignment));
}

[[gnu::weak]] void free(void* memory) {
    mem::deallocate(memory);
}

[[gnu::weak]] void* calloc(size_t count, size_t size) {
    size_t bytes;
    return or_errno(__builtin_mul_overflow(count, size, &bytes)
                        ? nullptr
                        : mem::allocate_zeroed(bytes, mem::min_alignment));
}

// Size 0 frees, as in glibc.
[[gnu::weak]] void* realloc(void* memory, size_t size) {
    if (memory == nullptr) {
        return malloc(size);
    }
    if (size == 0) {
        mem::deallocate(memory);
        return nullptr;
    }
    if (mem::resize(memory, size)) {
        return memory;
    }
    const size_t usable = mem::usable_size(memory);
    void* moved = nullptr;
    // What grew once grows again: half as much again of address space, which is not memory before
    // it is touched, makes the copies of a growing block a constant share of the work.
    if (size > usable && size > mem::max_small_size && size <= PTRDIFF_MAX) {
        moved = mem::allocate(size + size / 2, mem::min_alignment);
    }
    if (moved == nullptr) {
        moved = mem::allocate(size, mem::min_alignment);
    }
    if (moved == nullptr) {
        return size <= usable ? memory : or_errno(nullptr);
    }
    __builtin_memcpy(moved, memory, std::min(size, usable));
    mem::deallocate(memory);
    return moved;
}

[[gnu::weak]] void* reallocarray(void* memory, size_t count, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? or_errno(nullptr) : realloc(memory, bytes);
}

[[gnu::weak]] void* aligned_alloc(size_t alignment, size_t size) {
    return aligned(alignment, size);
}

[[gnu::weak]] void* memalign(size_t alignment, size_t size) {
    return aligned(alignment, size);
}

// Leaves errno alone.
[[gnu::weak]] int posix_memalign(void** memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void*) || !is_alignment(alignment)) {
        return os::EINVAL_;
    }
    void* allocated = mem::allocate(size, alignment);
    if (allocated == nullptr) {
        return os::ENOMEM_;
    }
    *memory = allocated;
    return 0;
}

[[gnu::weak]] size_t malloc_usable_size(void* memory) {
    return memory == nullptr ? 0 : mem::usable_size(memory);
}

} // extern "C"
