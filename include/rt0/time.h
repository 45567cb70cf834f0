// Time.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rt0/chan.h>
#include <rt0/detail/nanoseconds.h>

namespace rt0 {

namespace detail {

void sleep_for_ns(std::int64_t nanoseconds);

// src/runtime/sync/timer.cpp
channel* make_sender(std::int64_t nanoseconds, std::int64_t period);
bool stop_sender(channel* of);
bool reset_sender(channel* of, std::int64_t nanoseconds, std::int64_t period);
[[noreturn]] void no_interval(const char* what);

template <class Rep, class Period>
std::int64_t interval(std::chrono::duration<Rep, Period> d, const char* otherwise) {
    const std::int64_t nanoseconds = to_nanoseconds(d);
    if (nanoseconds == 0) {
        no_interval(otherwise);
    }
    return nanoseconds;
}

// A function that is called at a time, on a goroutine of its own; the object has several owners:
// handles, the timer while it is started, and the goroutine.
struct timed_call {
    std::uint64_t room[8]; // the runtime's
    void (*run)(timed_call* self);
    void (*destroy)(timed_call* self);
    std::atomic<std::uint32_t> owners;
};

template <class F>
struct timed_call_of : timed_call {
    F function;

    explicit timed_call_of(F f)
        : timed_call{.room = {},
                     .run =
                         [](timed_call* self) {
                             (void)std::apply(static_cast<timed_call_of*>(self)->function,
                                              std::tuple<>());
                         },
                     .destroy = [](timed_call* self) { delete static_cast<timed_call_of*>(self); },
                     .owners = 2} // the handle, and the timer
        , function(std::move(f)) {}
};

void start_call(timed_call* call, std::int64_t nanoseconds);
bool stop_call(timed_call* call);
bool reset_call(timed_call* call, std::int64_t nanoseconds);
void drop_call(timed_call* call);

} // namespace detail

/// Parks the goroutine for that long at least; returns at once where it is not positive. No longer
/// than 292 years. While the system is suspended no time passes. Any goroutine. As Go's time.Sleep.
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> d) {
    detail::sleep_for_ns(detail::to_nanoseconds(d));
}

/// Parks the goroutine until that clock's now() is not before when. Where the clock is set
/// meanwhile, it looks at it again when the time would have come. Any goroutine.
template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> when) {
    while (const std::int64_t left = detail::nanoseconds_until(when)) {
        detail::sleep_for_ns(left);
    }
}

/// Sends the time once, when it has come: a channel to receive from, by recv, try_recv or in a
/// select, where it is rt0::recv(t, f). Movable. Goes away stopped. Any goroutine, and several may
/// receive, stop and reset. As Go's time.Timer; a value that was sent before stop or reset is never
/// received after it.
class timer : public detail::channel_handle<std::chrono::steady_clock::time_point>,
              public detail::receiving<timer, std::chrono::steady_clock::time_point> {
    using handle = detail::channel_handle<std::chrono::steady_clock::time_point>;

public:
    using value_type = std::chrono::steady_clock::time_point;

    /// None: a null channel.
    timer() = default;
    /// Starts one that is due d from now; at once where d is not positive. Fatal without memory.
    template <class Rep, class Period>
    explicit timer(std::chrono::duration<Rep, Period> d)
        : handle(detail::make_sender(detail::to_nanoseconds(d), 0)) {}
    timer(timer&&) noexcept = default;
    timer& operator=(timer&&) noexcept = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer() = default;

    /// It will send nothing. False where it has sent, and that has been received, or where it was
    /// stopped before. Does not park. Panics on one that was never started: "time: Stop called on
    /// uninitialized Timer".
    bool stop() { // NOLINT(modernize-use-nodiscard): to stop is enough for many
        return detail::stop_sender(internal());
    }
    /// Starts it anew: due d from now, at once where d is not positive. As stop says. Does not
    /// park. Panics on one that was never started: "time: Reset called on uninitialized Timer".
    template <class Rep, class Period>
    bool reset(std::chrono::duration<Rep, Period> d) {
        return detail::reset_sender(internal(), detail::to_nanoseconds(d), 0);
    }
};

/// Sends the time again and again: at whole intervals from when it was started. What nobody has
/// received by the next time is one value, not several. Else as timer. As Go's time.Ticker.
class ticker : public detail::channel_handle<std::chrono::steady_clock::time_point>,
               public detail::receiving<ticker, std::chrono::steady_clock::time_point> {
    using handle = detail::channel_handle<std::chrono::steady_clock::time_point>;

public:
    using value_type = std::chrono::steady_clock::time_point;

    /// None: a null channel.
    ticker() = default;
    /// Starts one. Panics where d is not positive: "non-positive interval for NewTicker".
    template <class Rep, class Period>
    explicit ticker(std::chrono::duration<Rep, Period> d)
        : ticker(detail::interval(d, "non-positive interval for NewTicker")) {}
    ticker(ticker&&) noexcept = default;
    ticker& operator=(ticker&&) noexcept = default;
    ticker(const ticker&) = delete;
    ticker& operator=(const ticker&) = delete;
    ~ticker() = default;

    /// It will send nothing. Does not close the channel: who receives waits. Does not park. Nothing
    /// on one that was never started.
    void stop() {
        if (internal() != nullptr) {
            (void)detail::stop_sender(internal());
        }
    }
    /// Starts it anew, with that interval. Does not park. Panics where d is not positive:
    /// "non-positive interval for Ticker.Reset", and on one that was never started: "time: Reset
    /// called on uninitialized Ticker".
    template <class Rep, class Period>
    void reset(std::chrono::duration<Rep, Period> d) {
        const std::int64_t ns = detail::interval(d, "non-positive interval for Ticker.Reset");
        (void)detail::reset_sender(internal(), ns, ns);
    }

private:
    explicit ticker(std::int64_t nanoseconds)
        : handle(detail::make_sender(nanoseconds, nanoseconds)) {}
};

/// A channel that the time is sent to once, d from now. Costs nothing any more when the last handle
/// of it is gone. Any goroutine. As Go's time.After.
template <class Rep, class Period>
[[nodiscard]] recv_only<std::chrono::steady_clock::time_point>
after(std::chrono::duration<Rep, Period> d) {
    return recv_only<std::chrono::steady_clock::time_point>(
        detail::make_sender(detail::to_nanoseconds(d), 0));
}

/// A channel that the time is sent to at every interval, until the last handle of it is gone; a
/// null one where d is not positive. Any goroutine. As Go's time.Tick.
template <class Rep, class Period>
[[nodiscard]] recv_only<std::chrono::steady_clock::time_point>
tick(std::chrono::duration<Rep, Period> d) {
    const std::int64_t ns = detail::to_nanoseconds(d);
    if (ns == 0) {
        return {};
    }
    return recv_only<std::chrono::steady_clock::time_point>(detail::make_sender(ns, ns));
}

/// A handle of what after_func has started. Copies are of the same; the call happens though all of
/// them go. Any goroutine.
class call_timer {
public:
    /// None.
    call_timer() = default;
    call_timer(const call_timer& other) noexcept
        : call_(other.call_) {
        if (call_ != nullptr) {
            call_->owners.fetch_add(1, std::memory_order_relaxed); // there is one
        }
    }
    call_timer(call_timer&& other) noexcept
        : call_(std::exchange(other.call_, nullptr)) {}
    call_timer& operator=(call_timer other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~call_timer() {
        if (call_ != nullptr) {
            detail::drop_call(call_);
        }
    }

    /// Is it of a call?
    explicit operator bool() const noexcept { return call_ != nullptr; }

    /// The call will not happen. False where its goroutine has been started, or it was stopped
    /// before: does not wait for it. Does not park. Panics on one that was never started.
    bool stop() { return detail::stop_call(call_); }
    /// The call will happen d from now, and not when it would have. As stop says: where that is
    /// false, it happens once more. Does not park. Panics on one that was never started.
    template <class Rep, class Period>
    bool reset(std::chrono::duration<Rep, Period> d) {
        return detail::reset_call(call_, detail::to_nanoseconds(d));
    }

private:
    template <class Rep, class Period, class F>
        requires std::invocable<std::decay_t<F>&>
    friend call_timer after_func(std::chrono::duration<Rep, Period> d, F&& f);
    explicit call_timer(detail::timed_call* call)
        : call_(call) {}

    detail::timed_call* call_ = nullptr;
};

/// Starts a goroutine that calls f(), d from now; each time that the timer is reset again. f goes
/// away when it will not be called any more. Does not park. Any goroutine. As Go's time.AfterFunc.
template <class Rep, class Period, class F>
    requires std::invocable<std::decay_t<F>&>
call_timer after_func(std::chrono::duration<Rep, Period> d, F&& f) {
    auto* const call = new detail::timed_call_of<std::decay_t<F>>(std::forward<F>(f));
    call_timer handle(call);
    detail::start_call(call, detail::to_nanoseconds(d));
    return handle;
}

} // namespace rt0
