// Goroutines that belong together.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <rt0/context.h>
#include <rt0/detail/caught.h>
#include <rt0/error.h>
#include <rt0/sync.h>

namespace rt0 {

namespace detail {
[[noreturn]] void limit_while_active(std::int64_t active);

template <class F, class Error>
concept a_task = std::invocable<F> && (std::is_void_v<std::invoke_result_t<F>> ||
                                       std::convertible_to<std::invoke_result_t<F>, Error>);
} // namespace detail

/// Goroutines that work on parts of the same thing: waited for together, with the first error that
/// one of them had, and so many at a time as one likes. Error is what they return: something that
/// is true where there is one, and by default none. Not copyable. Any goroutine, unless told
/// otherwise. As Go's errgroup.Group.
template <class Error = error>
class task_group {
    static_assert(std::default_initializable<Error> && std::copyable<Error> &&
                  std::constructible_from<bool, const Error&>);

public:
    task_group() = default;
    /// One with a context, made from parent, that is cancelled with the first error as its cause,
    /// if an Error is an rt0::error, and at the latest when wait has waited, or the group goes
    /// away. As Go's errgroup.WithContext.
    explicit task_group(const context& parent)
        : ctx_(detail::new_cancellable(parent.internal(), detail::no_deadline, {}, 1))
        , cancel_([](const context& ctx, error cause) {
            detail::cancel_context(ctx.internal(), error::operation_canceled, cause);
        }) {}
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    /// Waits for those that have not ended, as wait does, and drops what they say: what they refer
    /// to is there until they have ended, however the scope is left.
    ~task_group() {
        tasks_.wait();
        cancel({});
    }

    /// At most n of them at the same time from now on; a negative n is no limit, as at first.
    /// Panics with Go's text where some have not ended. While nobody else uses the group.
    void set_limit(std::ptrdiff_t n) {
        if (const std::int64_t active = tasks_.count(); active != 0) {
            detail::limit_while_active(active);
        }
        if (n < 0) {
            permits_.reset();
        } else {
            permits_.emplace(n);
        }
    }

    /// Starts a goroutine that calls f(), which returns void or an Error; what it throws is an
    /// error too. Parks the current one while there are as many as the limit says; for ever, where
    /// that is 0.
    template <class F>
        requires detail::a_task<std::decay_t<F>, Error>
    void go(F&& f) {
        if (permits_.has_value()) {
            permits_->acquire();
        }
        start(std::forward<F>(f));
    }

    /// The same, unless there are as many as the limit says: then false. Never parks.
    template <class F>
        requires detail::a_task<std::decay_t<F>, Error>
    [[nodiscard]] bool try_go(F&& f) {
        if (permits_.has_value() && !permits_->try_acquire()) {
            return false;
        }
        start(std::forward<F>(f));
        return true;
    }

    /// Has one of them had an error? For the others, which may want to give up.
    [[nodiscard]] bool failed() const noexcept {
        // Acquire: pairs with is_first's release: what led to the error is seen.
        return failed_.load(std::memory_order_acquire);
    }

    /// The context, for the tasks and whatever they call; the background where the group was made
    /// without one.
    [[nodiscard]] const context& ctx() const noexcept { return ctx_; }

    /// Parks the goroutine until all have ended; returns the first error that there has been since
    /// the group was made, none where there was none, or throws it where it was thrown. As often as
    /// one likes.
    Error wait() {
        tasks_.wait();
        cancel({});
        thrown_.rethrow();
        return error_;
    }

private:
    void give_permit() {
        if (permits_.has_value()) {
            permits_->release();
        }
    }

    // The current goroutine has a permit, where one is needed, and it goes along.
    template <class F>
    void start(F&& f) {
        detail::owed<task_group, &task_group::give_permit> permit(this);
        auto work = [this, f = std::forward<F>(f)]() mutable { run(std::move(f)); };
        tasks_.go(
            detail::owing<decltype(permit), decltype(work)>{std::move(permit), std::move(work)});
    }

    template <class F>
    void run(F&& f) {
        detail::caught thrown;
        const bool returned = thrown.call([&] {
            if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
                std::forward<F>(f)();
            } else {
                Error result = std::forward<F>(f)();
                if (static_cast<bool>(result) && is_first()) {
                    error_ = std::move(result);
                    if constexpr (std::same_as<Error, error>) {
                        cancel(error_);
                    } else {
                        cancel({});
                    }
                }
            }
        });
        if (!returned && is_first()) {
            thrown_ = std::move(thrown);
            cancel({});
        }
    }

    void cancel(error cause) {
        if (cancel_ != nullptr) {
            cancel_(ctx_, cause);
        }
    }

    // Release: pairs with failed's acquire. wait sees the error itself, by done.
    bool is_first() { return !failed_.exchange(true, std::memory_order_release); }

    context ctx_;
    // Null where there is no context: a program without one has not what cancels in it.
    void (*cancel_)(const context& ctx, error cause) = nullptr;
    wait_group tasks_;
    std::optional<counting_semaphore<>> permits_;
    std::atomic<bool> failed_{false};
    Error error_{};
    detail::caught thrown_;
};

} // namespace rt0
