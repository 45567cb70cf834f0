// An exception on its way from the goroutine that threw it to those that wait for it.
#pragma once

#include <utility>

#if __cpp_exceptions
#include <exception>
#include <new>
#endif

namespace rt0::detail {

// A std::exception_ptr, or nothing; the same for code that is compiled without exceptions.
class caught {
public:
    constexpr caught() = default;
    caught(caught&& other) noexcept
        : exception_(std::exchange(other.exception_, nullptr))
        , use_(std::exchange(other.use_, nullptr)) {}
    caught& operator=(caught&& other) noexcept {
        std::swap(exception_, other.exception_);
        std::swap(use_, other.use_);
        return *this;
    }
    ~caught() {
        if (use_ != nullptr) {
            use_(&exception_, false);
        }
    }

    // Throws it if there is one. As often as one likes, by any goroutine.
    void rethrow() const {
        if (use_ != nullptr) {
            use_(&exception_, true);
        }
    }

    // f(), once; keeps what it throws. Has it returned? Where there are no exceptions it has.
    template <class F>
    bool call(F&& f) {
#if __cpp_exceptions
        static_assert(sizeof(std::exception_ptr) == sizeof(exception_) &&
                      alignof(std::exception_ptr) == alignof(void*));
        try {
            std::forward<F>(f)();
            return true;
        } catch (...) {
            ::new (static_cast<void*>(&exception_)) std::exception_ptr(std::current_exception());
        }
        use_ = [](void** exception, bool rethrows) {
            auto* const kept = reinterpret_cast<std::exception_ptr*>(exception);
            if (rethrows) {
                std::rethrow_exception(*kept);
            }
            kept->~exception_ptr();
        };
        return false;
#else
        std::forward<F>(f)();
        return true;
#endif
    }

private:
    mutable void* exception_ = nullptr;
    void (*use_)(void** exception, bool rethrows) = nullptr;
};

} // namespace rt0::detail
