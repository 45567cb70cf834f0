#include <new>

#include "abi/new.h"

[[gnu::weak]] void* operator new(size_t size, std::align_val_t alignment) {
    return runtime::new_or_fatal(size, static_cast<size_t>(alignment));
}

[[gnu::weak]] void* operator new[](size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
}
