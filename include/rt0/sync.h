// Waiting for one another.
#pragma once

#include <atomic>
#include <cstdint>
#include <tuple>
#include <utility>

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
void lock_to_read(shared_mutex_state& of);
bool try_lock_to_read(shared_mutex_state& of);
void unlock_to_read(shared_mutex_state& of);

} // namespace detail

/// At most one goroutine has it at a time. Who finds it taken parks; those who wait are served in
/// the order in which they came, but that who runs already may be faster, as long as nobody has
/// waited for a millisecond. Does not belong to a goroutine: another one may unlock it. Not
/// recursive. May be destroyed as soon as nobody has it nor wants it, even before the last unlock
/// has returned. Any goroutine. As Go's sync.Mutex; fits std::lock_guard, unique_lock and
/// scoped_lock.
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
