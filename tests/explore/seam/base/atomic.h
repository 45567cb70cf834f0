// In the place of the runtime's base/atomic.h.
#pragma once

#include "tests/explore/plain.h"

namespace runtime {

template <class T>
using atomic = explore::atomic<T>;
using explore::atomic_thread_fence;

// Of words that have become such that the explorer sees them.
template <class T>
class atomic_ref {
public:
    explicit atomic_ref(explore::relaxed<T>& word)
        : word_(word.word()) {}
    [[nodiscard]] T load(std::memory_order order) const { return word_.load(order); }
    void store(T value, std::memory_order order) const { word_.store(value, order); }

private:
    explore::atomic<T>& word_;
};

} // namespace runtime
