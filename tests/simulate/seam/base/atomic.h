// In the place of the runtime's base/atomic.h.
#pragma once

#include "tests/explore/atomic.h"

namespace runtime {

template <class T>
using atomic = explore::atomic<T>;
using explore::atomic_thread_fence;

// Of what the owner reads as it is: the guard of a stack.
template <class T>
class atomic_ref {
public:
    explicit atomic_ref(T& object)
        : object_(&object) {}
    [[nodiscard]] T load(std::memory_order order) const {
        T value;
        explore::load(object_, sizeof value, static_cast<int>(order), &value);
        return value;
    }
    void store(T value, std::memory_order order) const {
        explore::store(object_, sizeof value, static_cast<int>(order), &value);
    }

private:
    T* object_;
};

} // namespace runtime
