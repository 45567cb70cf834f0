// What work is done for: whether anybody still wants it, until when, and what goes along with it.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rt0/chan.h>
#include <rt0/error.h>
#include <rt0/sync.h>
#include <rt0/time.h>

namespace rt0 {

namespace detail {

struct context_node;

// Something that is told when a context is cancelled, once, under that context's lock. In its list.
// timed: a list of nodes whose timers are to be stopped when no lock is held any more.
struct context_listener {
    context_listener* next = nullptr;
    context_listener* previous = nullptr;
    void (*cancelled)(context_listener* self, error why, error cause,
                      context_node** timed) = nullptr;
};

// src/runtime/sync/context.cpp. All nodes but those of background contexts, which are null.
struct context_node : context_listener {
    std::atomic<std::uint32_t> owners{1};
    context_node* const parent; // owned
    // The nearest above, or this one itself, that can be cancelled; null where there is none.
    context_node* const source;
    // Frees it. Of one with a value.
    void (*destroy)(context_node* self);
    const void* key = nullptr; // of its value, or null

    context_node(context_node* above, context_node* cancelled_with,
                 void (*destroyed)(context_node*))
        : parent(above)
        , source(cancelled_with)
        , destroy(destroyed) {}
};

void share_context(context_node* node) noexcept;
void drop_context(context_node* node, std::uint32_t handles = 1) noexcept;
// One that can be cancelled. deadline: of the monotonic clock, or its end for none.
// For so many handles.
context_node* new_cancellable(context_node* parent, std::int64_t deadline, error cause,
                              std::uint32_t handles);
void cancel_context(context_node* node, error why, error cause);
error context_error(const context_node* node, error* cause);
std::int64_t context_deadline(const context_node* node);
inline constexpr std::int64_t no_deadline = INT64_MAX;

struct done_token {};
recv_only<done_token> context_done(context_node* node);

} // namespace detail

/// What with_value keeps a value of type T under: the object itself is the key, so it is made once,
/// as a constant of the namespace, and not copied.
///
///     inline constexpr rt0::context_key<std::string> user;
template <class T>
class context_key {
public:
    constexpr context_key() = default;
    context_key(const context_key&) = delete;
    context_key& operator=(const context_key&) = delete;
    ~context_key() = default;

private:
    // So that two of them are not one.
    [[maybe_unused]] char place_ = 0;
};

/// Whether the work that it is passed to is still wanted, until when, and values that belong to it.
/// A handle that is copied cheaply; passed by value or by reference, as the first argument. A
/// default one is the background: never cancelled, without a deadline or values. Any goroutine. As
/// Go's context.Context.
class context {
public:
    /// The background.
    context() = default;
    context(const context& other) noexcept
        : node_(other.node_) {
        detail::share_context(node_);
    }
    context(context&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)) {}
    context& operator=(context other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    ~context() {
        if (node_ != nullptr) {
            detail::drop_context(node_);
        }
    }

    /// Of the same.
    friend bool operator==(const context& a, const context& b) noexcept {
        return a.node_ == b.node_;
    }

    /// A channel that is closed when it is cancelled: for a select. A null one where it never can
    /// be. Does not park.
    [[nodiscard]] recv_only<detail::done_token> done() const { return detail::context_done(node_); }
    /// No error as long as it is not cancelled; then error::operation_canceled, or
    /// error::timed_out where its deadline has passed. Does not park.
    [[nodiscard]] error err() const { return detail::context_error(node_, nullptr); }
    /// What was said to be the cause, or err() where nothing was.
    [[nodiscard]] error cause() const {
        error cause;
        (void)detail::context_error(node_, &cause);
        return cause;
    }
    /// Until when the work is wanted, the earliest of what has been said; nothing where nobody has.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const {
        const std::int64_t when = detail::context_deadline(node_);
        if (when == detail::no_deadline) {
            return std::nullopt;
        }
        return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when));
    }
    /// What with_value has put under that key, the last one, or null. Lives as long as the context.
    template <class T>
    [[nodiscard]] const T* value(const context_key<T>& key) const;

    // For the library's own.
    explicit context(detail::context_node* node) noexcept
        : node_(node) {}
    [[nodiscard]] detail::context_node* internal() const noexcept { return node_; }

private:
    friend struct cancellable;
    detail::context_node* node_ = nullptr;
};

/// Cancels a context: when it is called, and when it goes away, as Go's defer cancel() does. Only
/// movable. Any goroutine.
class canceller {
public:
    /// Of none: does nothing.
    canceller() = default;
    canceller(canceller&& other) noexcept
        : of_(std::exchange(other.of_, context())) {}
    canceller& operator=(canceller other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~canceller() { end(); }

    /// Cancels it and all that were made from it, before it returns. The first one counts. Does not
    /// park for long.
    void operator()(error cause = {}) {
        if (of_.internal() != nullptr) {
            detail::cancel_context(of_.internal(), error::operation_canceled, cause);
        }
    }
    /// It will not cancel, when it goes away or is called: the context lives on until its parent or
    /// its deadline ends it.
    void release() { of_ = context(); }

private:
    friend struct cancellable;

    explicit canceller(context of)
        : of_(std::move(of)) {}

    void end() {
        if (of_.internal() != nullptr && !of_.err()) {
            (*this)();
        }
    }

    context of_;
};

/// What with_cancel and its kin make: auto [ctx, cancel] = rt0::with_cancel(parent);
struct cancellable {
    /// The context, to be passed on.
    context ctx;
    /// What cancels it.
    canceller cancel;

    /// The background, and nothing that cancels it.
    cancellable() = default;
    cancellable(cancellable&& other) noexcept = default;
    cancellable& operator=(cancellable other) noexcept {
        std::swap(ctx, other.ctx);
        std::swap(cancel, other.cancel);
        return *this;
    }
    // Both handles at once, if both are still here.
    ~cancellable() {
        cancel.end();
        if (ctx.node_ != nullptr && ctx.node_ == cancel.of_.node_) {
            cancel.of_.node_ = nullptr;
            detail::drop_context(std::exchange(ctx.node_, nullptr), 2);
        }
    }

private:
    friend cancellable with_cancel(const context& parent);
    friend cancellable with_deadline(const context& parent,
                                     std::chrono::steady_clock::time_point when, error cause);

    // Of a node that was made for two handles.
    explicit cancellable(detail::context_node* of)
        : ctx(of)
        , cancel(context(of)) {}
};

/// A context that is cancelled when the canceller says so, or parent is. Any goroutine. As Go's
/// context.WithCancel and WithCancelCause.
[[nodiscard]] inline cancellable with_cancel(const context& parent) {
    return cancellable(detail::new_cancellable(parent.internal(), detail::no_deadline, {}, 2));
}

/// One that is cancelled at that time too, with error::timed_out, and cause where that is given; at
/// once where the time is past. Where parent's deadline is earlier, that one counts. As Go's
/// context.WithDeadline.
[[nodiscard]] inline cancellable
with_deadline(const context& parent, std::chrono::steady_clock::time_point when, error cause = {}) {
    const std::int64_t ns = std::chrono::nanoseconds(when.time_since_epoch()).count();
    // The last one there is says that there is none.
    const std::int64_t deadline = ns < detail::no_deadline ? ns : detail::no_deadline - 1;
    return cancellable(detail::new_cancellable(parent.internal(), deadline, cause, 2));
}

/// with_deadline, so long from now. As Go's context.WithTimeout.
template <class Rep, class Period>
[[nodiscard]] cancellable with_timeout(const context& parent, std::chrono::duration<Rep, Period> d,
                                       error cause = {}) {
    return with_deadline(parent, detail::time_from_now(d), cause);
}

namespace detail {

template <class T>
struct value_node : context_node {
    T value;

    value_node(context_node* above, const void* its_key, T of)
        : context_node(above, above != nullptr ? above->source : nullptr,
                       [](context_node* self) { delete static_cast<value_node*>(self); })
        , value(std::move(of)) {
        key = its_key;
    }
};

} // namespace detail

template <class T>
const T* context::value(const context_key<T>& key) const {
    for (const detail::context_node* node = node_; node != nullptr; node = node->parent) {
        if (node->key == &key) {
            return &static_cast<const detail::value_node<T>*>(node)->value;
        }
    }
    return nullptr;
}

/// The same with a value under that key, for whatever is made from it. Any goroutine. As Go's
/// context.WithValue.
template <class T>
[[nodiscard]] context with_value(const context& parent, const context_key<T>& key,
                                 std::type_identity_t<T> value) {
    auto* const made = new detail::value_node<T>(parent.internal(), &key, std::move(value));
    detail::share_context(parent.internal()); // only now: the value may have thrown
    return context(made);
}

/// The same values, but nothing cancels it, and it has no deadline. Any goroutine. As Go's
/// context.WithoutCancel.
[[nodiscard]] inline context without_cancel(const context& parent) {
    if (parent.internal() == nullptr) {
        return {};
    }
    detail::share_context(parent.internal());
    return context(
        new detail::context_node(parent.internal(), nullptr, [](detail::context_node* self) {
            delete self; // it is none of those that are derived
        }));
}

namespace detail {

// A call when a context is cancelled. Owned by its handle, and by the list that it is in or the
// goroutine that calls.
struct context_call : context_listener {
    std::atomic<std::uint32_t> owners{1};
    // It can never happen, as nothing cancels its context, and has not been stopped.
    std::atomic<bool> never{false};
    void (*run)(context_call* self);
    void (*destroy)(context_call* self);

    context_call(void (*runs)(context_call*), void (*destroyed)(context_call*))
        : run(runs)
        , destroy(destroyed) {}
};

template <class F>
struct context_call_of : context_call {
    F function;
    explicit context_call_of(F f)
        : context_call(
              [](context_call* self) {
                  (void)std::apply(static_cast<context_call_of*>(self)->function, std::tuple<>());
              },
              [](context_call* self) { delete static_cast<context_call_of*>(self); })
        , function(std::move(f)) {}
};

void start_context_call(context_node* when, context_call* call);
bool stop_context_call(context_node* when, context_call* call);
void drop_context_call(context_call* call);

} // namespace detail

/// A handle of what after_func has registered. Only movable; the call happens without it. Any
/// goroutine.
class context_stop {
public:
    /// Of none.
    context_stop() = default;
    context_stop(context_stop&& other) noexcept
        : of_(std::move(other.of_))
        , call_(std::exchange(other.call_, nullptr)) {}
    context_stop& operator=(context_stop other) noexcept {
        std::swap(of_, other.of_);
        std::swap(call_, other.call_);
        return *this;
    }
    ~context_stop() {
        if (call_ != nullptr) {
            detail::drop_context_call(call_);
        }
    }

    /// The call will not happen. False where its goroutine has been started, or it was stopped
    /// before, and of none. Does not wait for it.
    bool operator()() {
        return call_ != nullptr && detail::stop_context_call(of_.internal(), call_);
    }

private:
    template <class F>
        requires std::invocable<std::decay_t<F>&>
    friend context_stop after_func(const context& ctx, F&& f);

    context_stop(context of, detail::context_call* call)
        : of_(std::move(of))
        , call_(call) {}

    context of_;
    detail::context_call* call_ = nullptr;
};

/// Calls f() on a goroutine of its own when ctx is cancelled; at once where it is already. Any
/// goroutine. As Go's context.AfterFunc.
template <class F>
    requires std::invocable<std::decay_t<F>&>
context_stop after_func(const context& ctx, F&& f) {
    auto* const call = new detail::context_call_of<std::decay_t<F>>(std::forward<F>(f));
    context_stop handle(ctx, call);
    detail::start_context_call(ctx.internal(), call);
    return handle;
}

} // namespace rt0
