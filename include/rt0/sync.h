// Waiting for one another.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rt0/detail/nanoseconds.h>
#include <rt0/detail/owned.h>
#include <rt0/go.h>

namespace rt0 {

namespace detail {

// Room for a runtime::biased_lock. All zeroes is a free one.
struct short_lock {
    std::uint64_t words[2];
};

// A goroutine that waits: it lies on that goroutine's stack, in a queue (src/runtime/sync/ring.h).
struct sleeper {
    sleeper* next;
    sleeper* previous;
    void* goroutine;
    std::uint64_t since;
    bool passed; // it has been given what it waits for
    bool timed;  // a time_limit lies before it (src/runtime/sync/time_limit.h)
    // At a mutex.
    bool awake; // and no other one need be woken
    std::uint8_t spun;
};

// src/runtime/sync/mutex.h
struct mutex_state {
    static constexpr std::uint32_t is_locked = 1;
    owned_word word;
    sleeper* last;
};

void lock_mutex(mutex_state& of);
bool try_lock_mutex(mutex_state& of);
void unlock_mutex(mutex_state& of);
bool try_lock_mutex_for(mutex_state& of, std::int64_t nanoseconds);

// src/runtime/sync/shared_mutex.cpp
struct shared_mutex_state {
    mutex_state writers;
    sleeper* last_reader;
    void* writer;
    std::uint32_t seat;
    std::int32_t readers;
    std::uint32_t blocked;
    std::uint16_t reads;
    std::uint8_t losses;
    bool writes;
};

void lock_to_write(shared_mutex_state& of);
bool try_lock_to_write(shared_mutex_state& of);
void unlock_to_write(shared_mutex_state& of);
[[gnu::no_split_stack]] void lock_to_read(shared_mutex_state& of);
[[gnu::no_split_stack]] bool try_lock_to_read(shared_mutex_state& of);
[[gnu::no_split_stack]] void unlock_to_read(shared_mutex_state& of);

// src/runtime/sync/condition.cpp
struct condition_state {
    short_lock lock;
    sleeper* last;
};

// Who waits for a condition meets who notifies under a lock of its own: the condition may be gone.
struct condition_sleeper : sleeper {
    short_lock lock;
    bool parked;
};

void join_condition(condition_state& of, condition_sleeper& self);
void sleep_for_condition(condition_sleeper& self);

// One that waits for so long at most.
struct timed_condition_sleeper {
    std::uint64_t room[6]; // the runtime's
    condition_sleeper self;
};

void join_condition_for(condition_state& of, timed_condition_sleeper& self,
                        std::int64_t nanoseconds);
// Whether it has been notified.
bool sleep_for_condition_for(condition_state& of, timed_condition_sleeper& self);
void notify_one(condition_state& of);
void notify_all(condition_state& of);

// src/runtime/sync/semaphore.cpp
struct semaphore_state {
    short_lock lock;
    std::int64_t count;
    sleeper* last;
};

void acquire(semaphore_state& of);
bool try_acquire(semaphore_state& of);
bool try_acquire_for(semaphore_state& of, std::int64_t nanoseconds);
void release(semaphore_state& of, std::int64_t n, std::int64_t most);

// src/runtime/sync/barrier.cpp
struct barrier_state {
    short_lock lock;
    std::int64_t expected; // in the next phase
    std::int64_t missing;  // in this one
    std::uint64_t phase;
    sleeper* last;
};

// The phase that it is; last: all have arrived, and end_phase has to follow.
std::uint64_t arrive(barrier_state& of, std::int64_t n, std::int64_t dropped, bool* last);
void end_phase(barrier_state& of);
void wait_for_end(barrier_state& of, std::uint64_t phase);

} // namespace detail

/// At most one goroutine has it at a time. Who finds it taken parks; those who wait are served in
/// the order in which they came, but that who runs already may be faster, as long as nobody has
/// waited for a millisecond. Does not belong to a goroutine: another one may unlock it. Not
/// recursive. May be destroyed as soon as nobody has it nor wants it, even before the last unlock
/// has returned. Any goroutine. As Go's sync.Mutex; fits std::lock_guard, unique_lock and
/// scoped_lock; also as std::timed_mutex.
class mutex {
public:
    constexpr mutex() = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() = default;

    /// Takes it; parks the goroutine while another one has it.
    void lock() {
        if (!detail::owner_exchanges(state_.word, 0, detail::mutex_state::is_locked)) {
            detail::lock_mutex(state_);
        }
    }
    /// Takes it if nobody has it. Never parks.
    [[nodiscard]] bool try_lock() {
        return detail::owner_exchanges(state_.word, 0, detail::mutex_state::is_locked) ||
               detail::try_lock_mutex(state_);
    }
    /// Takes it, unless that takes longer: then false. Parks for so long at most. Does not wait
    /// where d is not positive.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> d) {
        return try_lock() || detail::try_lock_mutex_for(state_, detail::to_nanoseconds(d));
    }
    /// The same until a time, by when's clock as it is set now.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> when) {
        return try_lock() || detail::try_lock_mutex_for(state_, detail::nanoseconds_until(when));
    }
    /// Drops it, and wakes the one that has waited longest. Fatal where nobody has it: "sync:
    /// unlock of unlocked mutex".
    void unlock() {
        if (!detail::owner_exchanges(state_.word, detail::mutex_state::is_locked, 0)) {
            detail::unlock_mutex(state_);
        }
    }

private:
    detail::mutex_state state_{};
};

/// One goroutine has it to write, or any number to read. While one waits to write nobody begins to
/// read; when it has written, all go on that wait to read. So nobody starves, and who reads may not
/// begin to read again before it has ended: it may wait for a writer that waits for it. Does not
/// belong to a goroutine. Reading is cheap on any number of processors: where most do that, nobody
/// writes to memory that another processor wants; a writer pays for it, some microseconds, once in
/// thousands of reads. May be destroyed as soon as nobody has it nor wants it. Any goroutine. As
/// Go's sync.RWMutex; fits std::shared_lock too.
class shared_mutex {
public:
    constexpr shared_mutex() = default;
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;
    ~shared_mutex() = default;

    /// Takes it to write; parks the goroutine until nobody else has it.
    void lock() { detail::lock_to_write(state_); }
    /// Takes it to write if nobody has it, or fails. Never parks.
    [[nodiscard]] bool try_lock() { return detail::try_lock_to_write(state_); }
    /// Ends writing. Fatal where nobody writes: "sync: Unlock of unlocked RWMutex".
    void unlock() { detail::unlock_to_write(state_); }

    /// Takes it to read; parks the goroutine while one writes or waits to.
    void lock_shared() { detail::lock_to_read(state_); }
    /// Takes it to read if nobody writes or waits to. Never parks.
    [[nodiscard]] bool try_lock_shared() { return detail::try_lock_to_read(state_); }
    /// Ends reading. Fatal where nobody reads: "sync: RUnlock of unlocked RWMutex"; where many
    /// have, at the next lock at the latest.
    void unlock_shared() { detail::unlock_to_read(state_); }

private:
    detail::shared_mutex_state state_{};
};

/// Why a wait with a limit ended. As std::cv_status.
enum class cv_status : std::uint8_t { no_timeout, timeout };

/// Waits until somebody says that something may have become so. With any lock that has lock and
/// unlock: std::unique_lock of a mutex, std::shared_lock of a shared_mutex, or these themselves.
/// May be destroyed as soon as all who wait have been notified, though they may not have the lock
/// again. Any goroutine. As Go's sync.Cond; std::condition_variable and std::condition_variable_any
/// in one.
class condition_variable {
public:
    constexpr condition_variable() = default;
    condition_variable(const condition_variable&) = delete;
    condition_variable& operator=(const condition_variable&) = delete;
    ~condition_variable() = default;

    /// Unlocks lock and parks the goroutine until it is notified; then locks lock again. Never
    /// returns without having been notified, but by then others may have had the lock. Ends the
    /// program where lock throws.
    template <class Lock>
    void wait(Lock& lock) noexcept {
        detail::condition_sleeper self{};
        detail::join_condition(state_, self);
        lock.unlock();
        detail::sleep_for_condition(self);
        lock.lock();
    }
    /// while (!is_so()) wait(lock).
    template <class Lock, class Predicate>
    void wait(Lock& lock, Predicate is_so) {
        while (!is_so()) {
            wait(lock);
        }
    }

    /// As wait, but for so long at most: timeout where it has not been notified by then. Then it
    /// locks lock again, however long that takes. Ends the program where lock throws.
    template <class Lock, class Rep, class Period>
    cv_status wait_for(Lock& lock, std::chrono::duration<Rep, Period> d) noexcept {
        return wait_nanoseconds(lock, detail::to_nanoseconds(d));
    }
    /// The same until a time, by when's clock as it is set now.
    template <class Lock, class Clock, class Duration>
    cv_status wait_until(Lock& lock, std::chrono::time_point<Clock, Duration> when) noexcept {
        return wait_nanoseconds(lock, detail::nanoseconds_until(when));
    }
    /// Waits until is_so() returns true, or that time has come: what it returns at the end.
    template <class Lock, class Clock, class Duration, class Predicate>
    bool wait_until(Lock& lock, std::chrono::time_point<Clock, Duration> when, Predicate is_so) {
        while (!is_so()) {
            if (wait_until(lock, when) == cv_status::timeout) {
                return is_so();
            }
        }
        return true;
    }
    /// Waits until is_so() returns true, but for so long at most: what it returns at the end.
    template <class Lock, class Rep, class Period, class Predicate>
    bool wait_for(Lock& lock, std::chrono::duration<Rep, Period> d, Predicate is_so) {
        return wait_until(lock, detail::time_from_now(d), std::move(is_so));
    }

    /// Wakes the one that has waited longest, if there is one. Who waits from now on is not woken.
    /// Does not park. With or without the lock.
    void notify_one() noexcept { detail::notify_one(state_); }
    /// Wakes all who wait.
    void notify_all() noexcept { detail::notify_all(state_); }

private:
    template <class Lock>
    cv_status wait_nanoseconds(Lock& lock, std::int64_t nanoseconds) noexcept {
        detail::timed_condition_sleeper self;
        detail::join_condition_for(state_, self, nanoseconds);
        lock.unlock();
        const bool notified = detail::sleep_for_condition_for(state_, self);
        lock.lock();
        return notified ? cv_status::no_timeout : cv_status::timeout;
    }

    detail::condition_state state_{};
};
using condition_variable_any = condition_variable;

/// A number of permits, at most Most. Who wants one and finds none parks; those who wait are served
/// in the order in which they came, and nobody comes between. May be destroyed as soon as nobody
/// wants one, even before the last release has returned. Any goroutine. As std::counting_semaphore.
template <std::ptrdiff_t Most = PTRDIFF_MAX>
class counting_semaphore {
    static_assert(Most >= 0);

public:
    /// With so many permits, 0 to max().
    constexpr explicit counting_semaphore(std::ptrdiff_t permits)
        : state_{.lock = {}, .count = permits, .last = nullptr} {}
    counting_semaphore(const counting_semaphore&) = delete;
    counting_semaphore& operator=(const counting_semaphore&) = delete;
    ~counting_semaphore() = default;

    static constexpr std::ptrdiff_t max() noexcept { return Most; }

    /// Takes a permit; parks the goroutine until there is one for it.
    void acquire() { detail::acquire(state_); }
    /// Takes a permit if there is one. Never parks.
    [[nodiscard]] bool try_acquire() noexcept { return detail::try_acquire(state_); }
    /// Takes a permit, unless that takes longer: then false. Parks for so long at most. Does not
    /// wait where d is not positive.
    template <class Rep, class Period>
    [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> d) {
        return try_acquire() || detail::try_acquire_for(state_, detail::to_nanoseconds(d));
    }
    /// The same until a time, by when's clock as it is set now.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_acquire_until(std::chrono::time_point<Clock, Duration> when) {
        return try_acquire() || detail::try_acquire_for(state_, detail::nanoseconds_until(when));
    }
    /// Gives n permits back. Does not park. Panics where there would be more than max() of them, or
    /// n is negative: "sync: released more than a semaphore may have".
    void release(std::ptrdiff_t n = 1) { detail::release(state_, n, Most); }

private:
    detail::semaphore_state state_;
};
using binary_semaphore = counting_semaphore<1>;

/// Something that is done once, by the first who comes; the others wait until it is done. Must
/// outlive its calls. Any goroutine. As Go's sync.Once.
class once {
public:
    constexpr once() = default;
    once(const once&) = delete;
    once& operator=(const once&) = delete;
    ~once() = default;

    /// Calls f(args...) if no call has returned before; while another goroutine is in it, parks
    /// until that has returned. A call that throws has not done it: who called it gets the
    /// exception, and the next one calls again, as with std::call_once. (In Go it counts as done,
    /// and whoever comes later goes on with what was never made.) A call from within f waits for
    /// itself.
    template <class F, class... Args>
        requires std::invocable<F, Args...>
    void call(F&& f, Args&&... args) {
        // Acquire: pairs with the release below; who sees that it is done sees what f did.
        if (done_.load(std::memory_order_acquire)) {
            return;
        }
        struct holder {
            mutex& held;
            explicit holder(mutex& of)
                : held(of) {
                held.lock();
            }
            holder(const holder&) = delete;
            holder& operator=(const holder&) = delete;
            ~holder() { held.unlock(); }
        };
        const holder holds(calling_);
        // Relaxed: written under the mutex.
        if (!done_.load(std::memory_order_relaxed)) {
            (void)std::apply(std::forward<F>(f),
                             std::forward_as_tuple(std::forward<Args>(args)...));
            done_.store(true, std::memory_order_release);
        }
    }

private:
    mutex calling_;
    std::atomic<bool> done_{false};
};

namespace detail {

// Something that is owed to of: done once, when this is destroyed, wherever it has been moved to.
template <class Of, void (Of::*Done)()>
class owed {
public:
    explicit owed(Of* of)
        : of_(of) {}
    owed(owed&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)) {}
    owed& operator=(owed&&) = delete;
    ~owed() {
        if (of_ != nullptr) {
            (of_->*Done)();
        }
    }

private:
    Of* of_;
};

// A callable with it: done after f and what it holds are gone.
template <class Owed, class F>
struct owing {
    Owed one;
    F f;
    template <class... Args>
    void operator()(Args&&... args) {
        (void)std::apply(std::move(f), std::forward_as_tuple(std::forward<Args>(args)...));
    }
};

} // namespace detail

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
    /// Starts a goroutine that calls f(args...), counted from now until it has returned and f and
    /// args are destroyed.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    void go(F&& f, Args&&... args) {
        add(1);
        using one = detail::owed<wait_group, &wait_group::done>;
        rt0::go(detail::owing<one, std::decay_t<F>>{one(this), std::forward<F>(f)},
                std::forward<Args>(args)...);
    }

private:
    friend class latch;
    template <class Error>
    friend class task_group;
    constexpr explicit wait_group(std::int32_t count)
        : state_(static_cast<std::uint64_t>(static_cast<std::int64_t>(count)) * 2) {}
    [[nodiscard]] std::int64_t count() const;
    void release();
    bool join(void* waiting);

    std::atomic<std::uint64_t> state_{0};
    std::atomic<void*> waiters_{nullptr};
};

/// A number of things that have to happen before those who wait go on; never set again. May be
/// destroyed as soon as those who wait have returned, or as it was counted down where nobody waits.
/// Any goroutine. As std::latch.
class latch {
public:
    /// Of so many things, 0 to max().
    constexpr explicit latch(std::ptrdiff_t expected)
        : left_(static_cast<std::int32_t>(expected)) {}
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;
    ~latch() = default;

    static constexpr std::ptrdiff_t max() noexcept { return INT32_MAX; }

    /// n of them have happened. Does not park. Panics where there were not so many: "sync: negative
    /// WaitGroup counter".
    void count_down(std::ptrdiff_t n = 1) { left_.add(-static_cast<std::int32_t>(n)); }
    /// Have all of them happened?
    [[nodiscard]] bool try_wait() const noexcept { return left_.count() == 0; }
    /// Parks the goroutine until all have happened.
    void wait() const { left_.wait(); }
    /// count_down and wait.
    void arrive_and_wait(std::ptrdiff_t n = 1) {
        count_down(n);
        wait();
    }

private:
    mutable wait_group left_;
};

namespace detail {
struct nothing {
    void operator()() const noexcept {}
};
} // namespace detail

/// A number of goroutines that do something in phases: nobody begins with the next one before all
/// have arrived at the end of this one; the last to arrive calls completion first. May be destroyed
/// as soon as those who wait have returned. Any goroutine. As std::barrier.
template <class Completion = detail::nothing>
class barrier {
public:
    /// That one has arrived, at the end of some phase.
    class arrival_token {
    public:
        arrival_token(arrival_token&&) noexcept = default;
        arrival_token& operator=(arrival_token&&) noexcept = default;
        ~arrival_token() = default;

    private:
        friend barrier;
        explicit arrival_token(std::uint64_t phase)
            : phase_(phase) {}
        std::uint64_t phase_;
    };

    /// Of so many goroutines, 0 to max().
    constexpr explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
        : state_{.lock = {}, .expected = expected, .missing = expected, .phase = 0, .last = nullptr}
        , completion_(std::move(completion)) {}
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() = default;

    static constexpr std::ptrdiff_t max() noexcept { return PTRDIFF_MAX; }

    /// n arrive. Does not park. The last calls completion, and all who wait go on. Panics where
    /// more arrive than are expected: "sync: more arrived at a barrier than it expects".
    [[nodiscard]] arrival_token arrive(std::ptrdiff_t n = 1) { return token(n, 0); }
    /// Parks the goroutine until the phase is over that the token is of.
    void wait(arrival_token&& arrived) const { detail::wait_for_end(state_, arrived.phase_); }
    /// arrive and wait.
    void arrive_and_wait() { wait(arrive()); }
    /// Arrives, and is not expected in the phases that follow.
    void arrive_and_drop() { (void)token(1, 1); }

private:
    arrival_token token(std::ptrdiff_t n, std::ptrdiff_t dropped) {
        bool last = false;
        const std::uint64_t phase = detail::arrive(state_, n, dropped, &last);
        if (last) {
            completion_();
            detail::end_phase(state_);
        }
        return arrival_token(phase);
    }

    mutable detail::barrier_state state_;
    [[no_unique_address]] Completion completion_;
};

} // namespace rt0
