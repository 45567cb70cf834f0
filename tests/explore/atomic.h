// The place of std::atomic in what is explored (base/atomic.h): the same members, the same layout,
// and each access is a step of the explorer's. The memory itself holds the latest value, which is
// what the kernel sees.
#pragma once

#include <atomic>
#include <type_traits>

#include "tests/explore/access.h"

namespace explore {

template <class T>
class atomic {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    using value_type = T;
    static constexpr bool is_always_lock_free = true;

    constexpr atomic() noexcept { forget_old(); }
    // As std::atomic's, not explicit.
    constexpr atomic(T value) noexcept // NOLINT(google-explicit-constructor)
        : value_(value) {
        forget_old();
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;
    ~atomic() = default;

    [[nodiscard]] T load(std::memory_order order = std::memory_order_seq_cst) const {
        T value;
        explore::load(bytes(value_), size, static_cast<int>(order), bytes(value));
        return value;
    }
    void store(T value, std::memory_order order = std::memory_order_seq_cst) {
        explore::store(bytes(value_), size, static_cast<int>(order), bytes(value));
    }
    T exchange(T value, std::memory_order order = std::memory_order_seq_cst) {
        return modify(order, [value](T) { return value; });
    }
    T fetch_add(T n, std::memory_order order = std::memory_order_seq_cst) {
        return modify(order, [n](T old) { return static_cast<T>(old + n); });
    }
    T fetch_sub(T n, std::memory_order order = std::memory_order_seq_cst) {
        return modify(order, [n](T old) { return static_cast<T>(old - n); });
    }

    bool compare_exchange_strong(T& expected, T wanted, std::memory_order success,
                                 std::memory_order failure) {
        T old;
        bool same = false;
        explore::modify(bytes(value_), size, static_cast<int>(success), static_cast<int>(failure),
                        bytes(old), [&](const void* found, void* changed) {
                            same = __builtin_memcmp(found, bytes(expected), size) == 0;
                            if (same) {
                                __builtin_memcpy(changed, bytes(wanted), size);
                            }
                            return same;
                        });
        if (!same) {
            expected = old;
        }
        return same;
    }
    bool compare_exchange_strong(T& expected, T wanted,
                                 std::memory_order order = std::memory_order_seq_cst) {
        return compare_exchange_strong(expected, wanted, order, on_failure(order));
    }
    bool compare_exchange_weak(T& expected, T wanted, std::memory_order success,
                               std::memory_order failure) {
        return compare_exchange_strong(expected, wanted, success, failure);
    }
    bool compare_exchange_weak(T& expected, T wanted,
                               std::memory_order order = std::memory_order_seq_cst) {
        return compare_exchange_strong(expected, wanted, order);
    }

private:
    static constexpr std::size_t size = sizeof(std::atomic<T>);

    template <class U>
    static constexpr auto bytes(U& object) {
        return static_cast<std::conditional_t<std::is_const_v<U>, const void*, void*>>(
            __builtin_addressof(object));
    }

    static constexpr std::memory_order on_failure(std::memory_order order) {
        switch (order) {
        case std::memory_order_acq_rel:
            return std::memory_order_acquire;
        case std::memory_order_release:
            return std::memory_order_relaxed;
        default:
            return order;
        }
    }

    constexpr void forget_old() const {
        if (!std::is_constant_evaluated()) {
            forget(bytes(value_));
        }
    }

    template <class F>
    T modify(std::memory_order order, F change) {
        T old;
        explore::modify(bytes(value_), size, static_cast<int>(order), static_cast<int>(order),
                        bytes(old), [&](const void* found, void* changed) {
                            T value;
                            __builtin_memcpy(bytes(value), found, size);
                            value = change(value);
                            __builtin_memcpy(changed, bytes(value), size);
                            return true;
                        });
        return old;
    }

    T value_{};
};

inline void atomic_thread_fence(std::memory_order order) {
    fence(static_cast<int>(order));
}

} // namespace explore
