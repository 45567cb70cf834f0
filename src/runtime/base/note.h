// A one-shot event that a thread sleeps on: woken once, then cleared by the one who slept.
//
// The word is 0 (not yet), 1 (woken) or 2 (somebody sleeps). wake is one exchange, and a system
// call only where it finds a sleeper. A wake before the sleep is not lost: sleep sees the 1.
//
// Orderings: sleep's acquire pairs with wake's release, so the sleeper sees what the waker wrote
// before.
#pragma once

#include <cstdint>

#include "base/atomic.h"

namespace runtime {

class note {
public:
    // Any thread. At most once between two clears.
    void wake();
    // Waits for wake. With a limit of nanoseconds (not < 0) false where it has not come by then, or
    // where a signal came first: who has to know looks at the clock. One thread at a time.
    bool sleep(int64_t nanoseconds);
    // By the one that slept, before anybody may wake again.
    void clear() { word_.store(0, std::memory_order_relaxed); }

private:
    static constexpr uint32_t sleeping = 2;

    [[nodiscard]] const uint32_t* address() const;

    atomic<uint32_t> word_{0};
};

} // namespace runtime
