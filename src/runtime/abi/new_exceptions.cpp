// librt0-exceptions.a: operator new for programs that catch. It throws std::bad_alloc where the one
// of librt0.a ends the program.
#include <new>

#include "abi/new.h"
#include "mem/size_class.h"

namespace {

void* new_or_throw(size_t size, size_t alignment) {
    void* const memory = runtime::new_or_null(size, alignment);
    if (memory == nullptr) [[unlikely]] {
        throw std::bad_alloc();
    }
    return memory;
}

} // namespace

[[gnu::weak]] void* operator new(size_t size) {
    return new_or_throw(size, runtime::mem::min_alignment);
}

[[gnu::weak]] void* operator new[](size_t size) {
    return ::operator new(size);
}

[[gnu::weak]] void* operator new(size_t size, std::align_val_t alignment) {
    return new_or_throw(size, static_cast<size_t>(alignment));
}

[[gnu::weak]] void* operator new[](size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
}

[[gnu::weak]] void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
    try {
        return ::operator new(size);
    } catch (...) {
        return nullptr;
    }
}

[[gnu::weak]] void* operator new[](size_t size, const std::nothrow_t& /*tag*/) noexcept {
    try {
        return ::operator new[](size);
    } catch (...) {
        return nullptr;
    }
}

[[gnu::weak]] void* operator new(size_t size, std::align_val_t alignment,
                                 const std::nothrow_t& /*tag*/) noexcept {
    try {
        return ::operator new(size, alignment);
    } catch (...) {
        return nullptr;
    }
}

[[gnu::weak]] void* operator new[](size_t size, std::align_val_t alignment,
                                   const std::nothrow_t& /*tag*/) noexcept {
    try {
        return ::operator new[](size, alignment);
    } catch (...) {
        return nullptr;
    }
}
