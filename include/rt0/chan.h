// Channels.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt0 {

/// Why try_recv has no value.
enum class chan_error : std::uint8_t {
    empty,  ///< There is none now.
    closed, ///< There will be none any more.
};

namespace detail {

struct channel; // src/runtime/sync/chan.h
struct choice;

enum class outcome : std::uint8_t {
    passed,  // the value has been sent, or is where it was wanted
    closed,  // and there is nothing to receive
    blocked, // now, for who does not want to wait
    move,    // the caller moves the value, and calls finish
};

struct transfer;

// A goroutine's wait for one channel. It lies on that goroutine's stack, in one of the channel's
// two queues, or is a case of a select.
struct waiter {
    waiter* next;
    waiter* previous;
    void* goroutine;
    channel* of;
    void* value; // where it comes from, or where it goes
    choice* select;
    bool sends;
    bool passed; // the value has been; else the channel was closed
    bool plain;  // a case: whether its value is
    // A case of a number that is known at run time: what is left to do when it has been taken.
    void (*complete)(waiter* self, outcome what, const transfer& by);
};

// What a class's value is moved from or to, outside of the runtime.
struct transfer {
    void* place;
    waiter* partner; // the goroutine on the other side, that has been waiting, or null
    bool buffered;   // place is in the channel's buffer, and the channel is locked until finish
};

// Of a value that bytes describe.
template <class T>
inline constexpr bool is_plain =
    std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>;

// Of such a type nothing need be kept but how many there are.
template <class T>
inline constexpr std::size_t kept_size = is_plain<T> && std::is_empty_v<T> ? 0 : sizeof(T);

channel* make_channel(std::size_t capacity, std::size_t size, std::size_t alignment,
                      void (*destroy)(void*));
void share_channel(channel* of) noexcept;
void drop_channel(channel* of) noexcept;
void close_channel(channel* of);
std::size_t channel_size(const channel* of) noexcept;
std::size_t channel_capacity(const channel* of) noexcept;

// Plain values. Never move.
outcome send_plain(channel* to, const void* value, bool waits);
outcome receive_plain(channel* from, void* value, bool waits);
// Others. What is to be moved, and where, is in by where the outcome is move. A value that is
// received while buffered and with a partner makes room for the partner's.
outcome begin_send(channel* to, void* value, bool waits, transfer* by);
void finish_send(channel* to, const transfer& by);
outcome begin_receive(channel* from, void* value, bool waits, transfer* by);
void finish_receive(channel* from, const transfer& by);

// A move that throws ends the program: the channel may be locked, and somebody waits.
template <class T> // NOLINTNEXTLINE(bugprone-exception-escape)
void move_to(void* place, T&& value) noexcept {
    ::new (place) std::remove_cvref_t<T>(std::forward<T>(value));
}

template <class T>
void move_sent(channel* to, const transfer& by, T&& value) {
    move_to(by.place, std::forward<T>(value));
    finish_send(to, by);
}

template <class T>
void move_received(channel* from, const transfer& by, void* to) {
    T* const value = std::launder(static_cast<T*>(by.place));
    move_to(to, std::move(*value));
    if (by.buffered) {
        value->~T();
        if (by.partner != nullptr) {
            move_to(by.place, std::move(*static_cast<T*>(by.partner->value)));
        }
    }
    finish_receive(from, by);
}

template <class T>
outcome send(channel* to, T* value, bool waits) {
    if constexpr (is_plain<T>) {
        return send_plain(to, value, waits);
    } else {
        transfer by;
        const outcome what = begin_send(to, value, waits, &by);
        if (what != outcome::move) {
            return what;
        }
        move_sent(to, by, std::move(*value));
        return outcome::passed;
    }
}

// Room for a value that may come.
template <class T>
class arrival {
public:
    arrival() {} // NOLINT(modernize-use-equals-default): the union's member begins no life
    arrival(const arrival&) = delete;
    arrival& operator=(const arrival&) = delete;
    ~arrival() { clear(); }

    outcome receive(channel* from, bool waits) {
        outcome what{};
        if constexpr (is_plain<T>) {
            what = receive_plain(from, std::addressof(value_), waits);
        } else {
            transfer by;
            what = begin_receive(from, std::addressof(value_), waits, &by);
            if (what == outcome::move) {
                move_received<T>(from, by, std::addressof(value_));
                what = outcome::passed;
            }
        }
        here_ = what == outcome::passed;
        return what;
    }
    // The same in two parts: begin_receive, or what stands for it, with this room; and then this.
    void* room() { return std::addressof(value_); }
    void complete(channel* from, outcome what, const transfer& by) {
        if (what == outcome::move) {
            move_received<T>(from, by, std::addressof(value_));
        }
        here_ = what == outcome::passed || what == outcome::move;
    }
    T&& value() { return std::move(*here()); }
    std::optional<T> take() {
        std::optional<T> taken;
        if (here_) {
            taken.emplace(value());
            clear();
        }
        return taken;
    }
    void clear() {
        if (here_) {
            here_ = false;
            here()->~T();
        }
    }

private:
    // Others have written it, which GCC does not see: it would warn that nobody has.
    T* here() {
        T* value = std::addressof(value_);
        asm("" : "+r"(value));
        return value;
    }
    union {
        T value_;
    };
    bool here_ = false;
};

// What handles have in common.
template <class T>
class channel_handle {
public:
    channel_handle() = default;
    channel_handle(const channel_handle& other) noexcept
        : of_(other.of_) {
        if (of_ != nullptr) {
            share_channel(of_);
        }
    }
    channel_handle(channel_handle&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)) {}
    channel_handle& operator=(channel_handle other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~channel_handle() {
        if (of_ != nullptr) {
            drop_channel(of_);
        }
    }

    /// Two handles are equal that are of the same channel, whichever end, or both null.
    friend bool operator==(const channel_handle& a, const channel_handle& b) noexcept {
        return a.of_ == b.of_;
    }
    /// Is it of a channel?
    explicit operator bool() const noexcept { return of_ != nullptr; }

    /// The values in the buffer; 0 of a null channel. A number that was right at some time.
    [[nodiscard]] std::size_t len() const noexcept { return channel_size(of_); }
    /// How many values the buffer has room for; 0 of a null channel.
    [[nodiscard]] std::size_t cap() const noexcept { return channel_capacity(of_); }

    // For the library's own.
    [[nodiscard]] channel* internal() const noexcept { return of_; }

protected:
    explicit channel_handle(channel* of) noexcept
        : of_(of) {}

private:
    channel* of_ = nullptr;
};

// The operations that a handle has from which values can be received. Handle: the class itself.
template <class Handle, class T>
class receiving {
public:
    using value_type = T;
    class iterator;

    /// The next value; parks the goroutine until there is one. Empty where the channel is closed
    /// and all that was sent before has been received. Of a null channel: parks for ever. Any
    /// goroutine. As Go's v, ok := <-c.
    std::optional<T> recv() const { // NOLINT(modernize-use-nodiscard): to wait is enough for many
        arrival<T> value;
        value.receive(of(), true);
        return value.take();
    }

    /// The next value if there is one now; never parks. Of a null channel: chan_error::empty. Any
    /// goroutine. As Go's select with a default.
    [[nodiscard]] std::expected<T, chan_error> try_recv() const {
        arrival<T> value;
        switch (value.receive(of(), false)) {
        case outcome::closed:
            return std::unexpected(chan_error::closed);
        case outcome::blocked:
            return std::unexpected(chan_error::empty);
        default:
            return std::expected<T, chan_error>(std::in_place, value.value());
        }
    }

    /// for (T& value : c): all values until the channel is closed, as Go's range. The handle must
    /// live as long as the loop.
    [[nodiscard]] iterator begin() const { return iterator(of()); }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend Handle;
    receiving() = default;
    [[nodiscard]] channel* of() const { return static_cast<const Handle*>(this)->internal(); }
};

// Receives when it is made and whenever it goes on.
template <class Handle, class T>
class receiving<Handle, T>::iterator {
public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    explicit iterator(channel* from)
        : from_(from) {
        ++*this;
    }
    iterator(iterator&&) = default;
    // Of a T that cannot be assigned, too.
    iterator& operator=(iterator&& other) noexcept {
        if (this != &other) {
            from_ = other.from_;
            value_.reset();
            if (other.value_.has_value()) {
                value_.emplace(std::move(*other.value_));
            }
        }
        return *this;
    }
    iterator(const iterator&) = delete;
    iterator& operator=(const iterator&) = delete;
    ~iterator() = default;

    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is not at the end
    T& operator*() const { return *value_; }
    iterator& operator++() {
        value_.reset();
        arrival<T> next;
        if (next.receive(from_, true) == outcome::passed) {
            value_.emplace(next.value());
        }
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t /*end*/) {
        return !i.value_.has_value();
    }

private:
    channel* from_;
    mutable std::optional<T> value_;
};

// The operations that a handle has through which values can be sent.
template <class Handle, class T>
class sending {
public:
    /// Sends a value: hands it to the goroutine that has waited for one longest, puts it into the
    /// buffer, or parks until somebody takes it. Panics where the channel is closed, or is closed
    /// meanwhile: "send on closed channel". To a null channel: parks for ever. Any goroutine.
    void send(T&& value) const { detail::send(of(), std::addressof(value), true); }
    void send(const T& value) const
        requires std::copy_constructible<T>
    {
        if constexpr (is_plain<T>) {
            send_plain(of(), std::addressof(value), true);
        } else {
            send(T(value));
        }
    }

    /// Sends if that needs no waiting; never parks. False, and value is as it was, where it does.
    /// To a null channel: false. Panics where the channel is closed. Any goroutine.
    [[nodiscard]] bool try_send(T&& value) const {
        return detail::send(of(), std::addressof(value), false) == outcome::passed;
    }
    [[nodiscard]] bool try_send(const T& value) const
        requires std::copy_constructible<T>
    {
        if constexpr (is_plain<T>) {
            return send_plain(of(), std::addressof(value), false) == outcome::passed;
        } else {
            return try_send(T(value));
        }
    }

    /// No value will be sent any more: whoever receives gets what is in the buffer, and then
    /// nothing; whoever sends panics. Wakes all who wait. Panics where the channel is closed
    /// already or null: "close of closed channel", "close of nil channel". Does not park. Any
    /// goroutine.
    void close() const { close_channel(of()); }

private:
    friend Handle;
    sending() = default;
    [[nodiscard]] channel* of() const { return static_cast<const Handle*>(this)->internal(); }
};

template <class T>
void destroy_value(void* value) {
    static_cast<T*>(value)->~T();
}

} // namespace detail

/// A channel: a queue of values between goroutines, with room for some of them, or for none; then
/// who sends meets who receives. Values come out in the order in which they went in, and those who
/// wait are served in the order in which they came. A handle, null by default; copies are of the
/// same channel, which goes away with the last of them, and the values in it too. A handle must
/// live as long as a call of it lasts.
///
/// T is anything that can be moved; it may be incomplete where the handle is declared. Moving a T,
/// and destroying what has been moved from, may neither park nor use a channel or what sync.h has;
/// a move that throws ends the program. After Go's channels.
template <class T>
class chan : public detail::channel_handle<T>,
             public detail::receiving<chan<T>, T>,
             public detail::sending<chan<T>, T> {
public:
    using value_type = T;

    /// A null channel: sending and receiving park for ever, and a select never takes it.
    chan() = default;
    /// A channel with room for so many values that nobody has received yet; fewer than 2^31. Panics
    /// where there can be no such: "makechan: size out of range". Fatal without memory.
    explicit chan(std::size_t capacity)
        : detail::channel_handle<T>(detail::make_channel(
              capacity, detail::kept_size<T>, alignof(T),
              std::is_trivially_destructible_v<T> ? nullptr : detail::destroy_value<T>)) {
        static_assert(std::is_object_v<T> && !std::is_const_v<T> && std::move_constructible<T>);
    }
};

/// The end of a channel that values come out of: a handle with recv, try_recv and range-for, made
/// from a chan<T>.
template <class T>
class recv_only : public detail::channel_handle<T>, public detail::receiving<recv_only<T>, T> {
public:
    using value_type = T;

    /// A null one.
    recv_only() = default;
    /// Of the same channel.
    recv_only(chan<T> whole) noexcept // NOLINT(google-explicit-constructor)
        : detail::channel_handle<T>(std::move(whole)) {}

    // For the library's own: takes a handle over.
    explicit recv_only(detail::channel* of) noexcept
        : detail::channel_handle<T>(of) {}
};

/// The end of a channel that values go into: a handle with send, try_send and close, made from a
/// chan<T>.
template <class T>
class send_only : public detail::channel_handle<T>, public detail::sending<send_only<T>, T> {
public:
    using value_type = T;

    /// A null one.
    send_only() = default;
    /// Of the same channel.
    send_only(chan<T> whole) noexcept // NOLINT(google-explicit-constructor)
        : detail::channel_handle<T>(std::move(whole)) {}
};

} // namespace rt0
