// In the place of the runtime's base/atomic.h: the same atomics, and what ThreadSanitizer has to be
// told of because it does not see it.
#pragma once

#include <atomic>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace runtime {

template <class T>
using atomic = std::atomic<T>;
template <class T>
using atomic_ref = std::atomic_ref<T>;

// ThreadSanitizer knows no fences, and GCC warns of them. The processor's own, then: it orders as
// much, and to ThreadSanitizer it orders nothing, so that it sees a race too many rather than one
// too few. (There is none: what the scheduler's one fence stands between are atomics, which of two
// threads sees the other, and it passes nothing on.)
inline void atomic_thread_fence(std::memory_order /*order*/) {
    asm volatile("mfence" : : : "memory");
}

// Around an instruction in assembly that modifies the atomic at address, whose order is acq_rel.
inline void before_assembly([[maybe_unused]] void* address) {
#ifdef __SANITIZE_THREAD__
    __tsan_release(address);
#endif
}
inline void after_assembly([[maybe_unused]] void* address) {
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(address);
#endif
}

} // namespace runtime
