// Memory for exceptions in flight. libsupc++'s own functions keep a reserve of 72 KB that a
// constructor allocates at start; these take each from the heap.
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

} // namespace

void runtime::drop_exceptions(g* gp) {
    mem::deallocate(gp->exceptions);
    gp->exceptions = nullptr;
}

extern "C" {

// What is being caught belongs to the goroutine: it may park in a catch block and go on on another
// thread.
void* __cxa_get_globals() {
    runtime::g* const gp = getg();
    if (gp->exceptions == nullptr) {
        // A pointer to the exceptions that it has caught, and how many it has thrown and not
        // caught. Until the goroutine ends.
        gp->exceptions = runtime::mem::allocate_zeroed(16, 16);
        if (gp->exceptions == nullptr) {
            runtime::fatal("out of memory for an exception");
        }
    }
    return gp->exceptions;
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
