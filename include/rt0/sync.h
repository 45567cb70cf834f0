// Waiting for one another.
#pragma once

#include <atomic>
#include <cstdint>
#include <tuple>
#include <utility>

#include <rt0/go.h>

namespace rt0 {

/// Counts goroutines, or whatever else is under way, and waits until none is left. Must outlive its
/// last done; not copyable. Any goroutine. As Go's sync.WaitGroup.
class alignas(16) wait_group {
public:
    wait_group() = default;
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;
    ~wait_group() = default;

    /// Adds n, which may be negative. When that makes the count zero, all who wait go on. Does not
    /// block. Panics with Go's text where the count becomes negative. A positive add from zero must
    /// happen before the wait that shall see it.
    void add(std::int32_t n);
    /// add(-1).
    void done() { add(-1); }
    /// Parks the goroutine until the count is zero; returns at once where it is.
    void wait();
    /// Starts a goroutine that calls f(args...), counted from now until it has returned.
    template <class F, class... Args>
    void go(F&& f, Args&&... args) {
        add(1);
        rt0::go(
            [this, f = std::forward<F>(f)](auto&&... as) mutable {
                (void)std::apply(std::move(f),
                                 std::forward_as_tuple(std::forward<decltype(as)>(as)...));
                done();
            },
            std::forward<Args>(args)...);
    }

private:
    void release();
    bool join(void* waiting);

    std::atomic<std::uint64_t> state_{0};
    std::atomic<void*> waiters_{nullptr};
};

} // namespace rt0
