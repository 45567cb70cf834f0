#include "abi/new.h"

#include <cstdint>
#include <new>

#include "base/fatal.h"
#include "base/text.h"
#include "mem/size_class.h"

namespace runtime {

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
