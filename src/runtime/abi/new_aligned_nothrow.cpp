#include <new>

#include "abi/new.h"

// Not through a replaced aligned operator new, unlike the plain form: that one may only throw,
// which cannot be turned into nullptr here.
[[gnu::weak]] void* operator new(size_t size, std::align_val_t alignment,
                                 const std::nothrow_t& /*tag*/) noexcept {
    return runtime::new_or_null(size, static_cast<size_t>(alignment));
}

[[gnu::weak]] void* operator new[](size_t size, std::align_val_t alignment,
                                   const std::nothrow_t& tag) noexcept {
    return ::operator new(size, alignment, tag);
}
