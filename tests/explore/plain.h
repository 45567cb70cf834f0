// Stands in the place of words of the runtime that are not atomic, so that the explorer sees them
// (CHANGE in CMakeLists.txt). They convert to their value, and are assigned one.
#pragma once

#include <type_traits>

#include "tests/explore/atomic.h"

namespace explore {

/// What a lock or a hand-over protects. Who reads or writes it and does not know of the last store
/// to it, because nothing that it has acquired came after that, has found a race.
template <class T>
class plain {
public:
    constexpr plain() noexcept { forget_old(); }
    constexpr plain(T value) noexcept // NOLINT(google-explicit-constructor)
        : value_(value) {
        forget_old();
    }
    constexpr plain(const plain& other)
        : value_(other) {
        forget_old();
    }
    ~plain() = default;

    operator T() const { // NOLINT(google-explicit-constructor)
        touch(this, false);
        return value_;
    }
    T operator->() const { return *this; }
    plain& operator=(T value) {
        touch(this, true);
        value_ = value;
        return *this;
    }
    plain& operator=(const plain& other) { // NOLINT(cert-oop54-cpp): a word
        *this = static_cast<T>(other);
        return *this;
    }
    plain& operator-=(T value) { return *this = static_cast<T>(*this - value); }
    plain& operator|=(T value) { return *this = static_cast<T>(*this | value); }
    plain& operator&=(T value) { return *this = static_cast<T>(*this & value); }
    plain& operator++() { return *this = static_cast<T>(*this + 1); }
    plain& operator--() { return *this = static_cast<T>(*this - 1); }

private:
    constexpr void forget_old() const {
        if (!std::is_constant_evaluated()) {
            forget(this);
        }
    }

    T value_{};
};

/// What its thread reads and writes as any word, and others store to: each access is a relaxed one.
template <class T>
class relaxed {
public:
    constexpr relaxed() noexcept = default;
    operator T() const { // NOLINT(google-explicit-constructor)
        return word_.load(std::memory_order_relaxed);
    }
    relaxed& operator=(T value) {
        word_.store(value, std::memory_order_relaxed);
        return *this;
    }
    atomic<T>& word() { return word_; }

private:
    atomic<T> word_;
};

} // namespace explore
