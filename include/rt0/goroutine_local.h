// Variables that each goroutine has one of.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>

namespace rt0 {

namespace detail {

// A goroutine's value of one such variable; the goroutine has a list of them.
struct local {
    local* older;
    std::uint64_t key;
    void (*destroy)(local* self);
};

// The current goroutine's, the last one made first.
local*& locals();
// None twice.
std::uint64_t new_local_key();

} // namespace detail

/// A variable of which each goroutine has its own, as thread_local is for threads: a goroutine
/// moves from thread to thread, and the thread's variable stays. Made at the goroutine's first use
/// of it, destroyed when the goroutine ends, the last one made first; those of main's goroutine
/// when main has returned, or at exit. May go away before the goroutines that have used it: they
/// keep their values until they end. Not copyable. Any goroutine. Go has none.
template <class T>
class goroutine_local {
public:
    /// Of T().
    constexpr goroutine_local()
        requires std::default_initializable<T>
        : make_([] { return T(); }) {}
    /// Of what make returns, a function or a lambda without captures.
    constexpr explicit goroutine_local(T (*make)())
        : make_(make) {}
    goroutine_local(const goroutine_local&) = delete;
    goroutine_local& operator=(const goroutine_local&) = delete;
    ~goroutine_local() = default;

    /// The current goroutine's. Does not park, unless what makes it does. What makes it may use
    /// others, but not this one.
    T& get() {
        const std::uint64_t own = key();
        for (detail::local* one = detail::locals(); one != nullptr; one = one->older) {
            if (one->key == own) {
                return static_cast<value*>(one)->of;
            }
        }
        auto* const made = new value(own, make_);
        detail::local*& newest = detail::locals();
        made->older = newest;
        newest = made;
        return made->of;
    }
    /// get().
    T& operator*() { return get(); }
    /// Of get().
    T* operator->() { return &get(); }

private:
    struct value : detail::local {
        T of;
        value(std::uint64_t own, T (*make)())
            : local{.older = nullptr,
                    .key = own,
                    .destroy = [](local* self) { delete static_cast<value*>(self); }}
            , of(make()) {}
    };

    // Relaxed: only the number matters.
    std::uint64_t key() {
        std::uint64_t known = key_.load(std::memory_order_relaxed);
        if (known == 0) [[unlikely]] {
            const std::uint64_t made = detail::new_local_key();
            if (key_.compare_exchange_strong(known, made, std::memory_order_relaxed)) {
                known = made;
            }
        }
        return known;
    }

    T (*make_)();
    std::atomic<std::uint64_t> key_{0};
};

} // namespace rt0
