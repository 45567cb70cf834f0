#include "abi/new.h"

#include <cstdint>
#include <new>

#include "base/fatal.h"
#include "base/text.h"
#include "mem/heap.h"
#include "mem/size_class.h"

namespace std {

// There is a handler only if the program sets one, and then set_new_handler has linked this too.
// NOLINTNEXTLINE(readability-redundant-declaration): this one makes it weak.
[[gnu::weak]] new_handler get_new_handler() noexcept;

} // namespace std

namespace runtime {

void* new_or_null(size_t size, size_t alignment) {
    for (;;) {
        void* memory = mem::allocate(size, alignment);
        if (memory != nullptr) [[likely]] {
            return memory;
        }
        const std::new_handler handler =
            std::get_new_handler != nullptr ? std::get_new_handler() : nullptr;
        if (handler == nullptr) {
            return nullptr;
        }
        handler();
    }
}

namespace {

[[noreturn, gnu::cold, gnu::noinline]] void out_of_memory(size_t size) {
    text<64> message;
    message << "out of memory: cannot allocate " << uint64_t{size} << " bytes";
    fatal(message.view());
}

} // namespace

void* new_or_fatal(size_t size, size_t alignment) {
    void* memory = new_or_null(size, alignment);
    if (memory == nullptr) [[unlikely]] {
        out_of_memory(size);
    }
    return memory;
}

void* default_new(size_t size) {
    return new_or_fatal(size, mem::min_alignment);
}

} // namespace runtime

[[gnu::weak, gnu::alias("runtime.default_new")]] void* operator new(size_t size);

[[gnu::weak]] void* operator new[](size_t size) {
    return ::operator new(size);
}

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
