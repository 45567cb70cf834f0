// In the place of the runtime's base/atomic.h.
#pragma once

#include "tests/explore/atomic.h"

namespace runtime {

template <class T>
using atomic = explore::atomic<T>;
using explore::atomic_thread_fence;

} // namespace runtime
