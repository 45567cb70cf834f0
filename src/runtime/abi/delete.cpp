// All forms of operator delete. Each calls the plainer one, as the standard says, so that a program
// that replaces that has replaced all.
#include <new>

#include "mem/heap.h"

[[gnu::weak]] void operator delete(void* memory) noexcept {
    runtime::mem::deallocate(memory);
}

[[gnu::weak]] void operator delete(void* memory, size_t /*size*/) noexcept {
    ::operator delete(memory);
}

[[gnu::weak]] void operator delete[](void* memory) noexcept {
    ::operator delete(memory);
}

[[gnu::weak]] void operator delete[](void* memory, size_t /*size*/) noexcept {
    ::operator delete[](memory);
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

[[gnu::weak]] void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
    ::operator delete(memory);
}

[[gnu::weak]] void operator delete[](void* memory, const std::nothrow_t& /*tag*/) noexcept {
    ::operator delete[](memory);
}

[[gnu::weak]] void operator delete(void* memory, std::align_val_t alignment,
                                   const std::nothrow_t& /*tag*/) noexcept {
    ::operator delete(memory, alignment);
}

[[gnu::weak]] void operator delete[](void* memory, std::align_val_t alignment,
                                     const std::nothrow_t& /*tag*/) noexcept {
    ::operator delete[](memory, alignment);
}
