// The runtime's atomics, by names of its own: what explores interleavings puts other types in their
// place, for which each access is a point where another thread may go on. Orderings keep the
// standard's names.
#pragma once

#include <atomic>

namespace runtime {

template <class T>
using atomic = std::atomic<T>;
template <class T>
using atomic_ref = std::atomic_ref<T>;
using std::atomic_thread_fence;

} // namespace runtime
