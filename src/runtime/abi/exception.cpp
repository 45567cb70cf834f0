// Memory for exceptions in flight. libsupc++'s own functions keep a reserve of 72 KB that a
// constructor allocates at start; these take each from the heap.
#include <rt0/goroutine_local.h>

#include <cstddef>

#include "base/fatal.h"
#include "mem/heap.h"
#include "sched/sched.h"

namespace {

// The unwinder's header lies in front of the thrown object (libsupc++'s
// __cxa_refcounted_exception). It must be zero at first.
constexpr size_t header = 128;

void* allocate(size_t size) {
    void* const block = runtime::mem::allocate_zeroed(size, 16);
    if (block == nullptr) {
        runtime::fatal("out of memory for an exception");
    }
    return block;
}

// What is being caught belongs to the goroutine: it may park in a catch block and go on on another
// thread. So this is a local of it, with a key that no other has: the exceptions that it has
// caught, and how many it has thrown and not caught.
struct globals : rt0::detail::local {
    void* caught;
    unsigned uncaught;
};
constexpr uint64_t globals_key = 0;

} // namespace

extern "C" {

void* __cxa_get_globals() {
    rt0::detail::local*& newest = getg()->locals;
    rt0::detail::local* one = newest;
    while (one != nullptr && one->key != globals_key) {
        one = one->older;
    }
    if (one == nullptr) [[unlikely]] {
        one = static_cast<globals*>(allocate(sizeof(globals)));
        one->key = globals_key;
        one->destroy = [](rt0::detail::local* self) { runtime::mem::deallocate(self); };
        one->older = newest;
        newest = one;
    }
    return static_cast<void*>(&static_cast<globals*>(one)->caught);
}

void* __cxa_get_globals_fast() {
    return __cxa_get_globals();
}

void* __cxa_allocate_exception(size_t size) {
    return static_cast<char*>(allocate(header + size)) + header;
}

void __cxa_free_exception(void* object) {
    runtime::mem::deallocate(static_cast<char*>(object) - header);
}

void* __cxa_allocate_dependent_exception() {
    return allocate(header);
}

void __cxa_free_dependent_exception(void* block) {
    runtime::mem::deallocate(block);
}

} // extern "C"
