#include <new>

#include "abi/new.h"
#include "mem/heap.h"

[[gnu::weak]] void* operator new(size_t size, std::align_val_t alignment) {
    return runtime::new_or_fatal(size, static_cast<size_t>(alignment));
}

[[gnu::weak]] void* operator new[](size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
}

[[gnu::weak]] void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
    runtime::mem::deallocate(memory);
}

[[gnu::weak]] void operator delete(void* memory, size_t /*size*/,
                                   std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
}

[[gnu::weak]] void operator delete[](void* memory, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
}

[[gnu::weak]] void operator delete[](void* memory, size_t /*size*/,
                                     std::align_val_t alignment) noexcept {
    ::operator delete[](memory, alignment);
}
