#include <new>

#include "abi/new.h"
#include "mem/size_class.h"

// A replaced plain operator new supplies this memory as well, for a replaced operator delete will
// get it back. Ours would end the program where this one shall return nullptr.
[[gnu::weak]] void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
    void* (*plain)(size_t) = ::operator new;
    asm("" : "+r"(plain)); // The compiler takes two names for two addresses.
    return plain == runtime::default_new ? runtime::new_or_null(size, runtime::mem::min_alignment)
                                         : plain(size);
}

[[gnu::weak]] void* operator new[](size_t size, const std::nothrow_t& tag) noexcept {
    return ::operator new(size, tag);
}
