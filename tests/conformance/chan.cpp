// Channels: what Go's tests ask of them (docs/conformance.md), and what C++ adds.
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "channels.h"
#include "run.h"

namespace {

// perm: what does not compile.

template <class C>
concept sends = requires(const C& c, typename C::value_type v) { c.send(v); };
template <class C>
concept tries_to_send = requires(const C& c, typename C::value_type v) {
    { c.try_send(v) } -> std::same_as<bool>;
};
template <class C>
concept receives = requires(const C& c) { c.recv(); };
template <class C>
concept tries_to_receive = requires(const C& c) { c.try_recv(); };
template <class C>
concept closes = requires(const C& c) { c.close(); };
template <class C>
concept in_a_receiving_case = requires(const C& c) { rt0::recv(c, [] {}); };
template <class C>
concept in_a_sending_case =
    requires(const C& c, typename C::value_type v) { rt0::send(c, v, [] {}); };
template <class C, class V>
concept sends_from = requires(const C& c, V&& v) { c.send(std::forward<V>(v)); };
template <class C, class F>
concept handled_by = requires(const C& c, F f) { rt0::recv(c, f); };

using both = rt0::chan<int>;
using in = rt0::send_only<int>;
using out = rt0::recv_only<int>;

static_assert(sends<both> && tries_to_send<both> && receives<both> && tries_to_receive<both> &&
              closes<both> && in_a_receiving_case<both> && in_a_sending_case<both> &&
              std::ranges::input_range<both>);
static_assert(sends<in> && tries_to_send<in> && !receives<in> && !tries_to_receive<in> &&
              closes<in> && !in_a_receiving_case<in> && in_a_sending_case<in> &&
              !std::ranges::range<in>);
static_assert(!sends<out> && !tries_to_send<out> && receives<out> && tries_to_receive<out> &&
              !closes<out> && in_a_receiving_case<out> && !in_a_sending_case<out> &&
              std::ranges::input_range<out>);
static_assert(std::convertible_to<both, in> && std::convertible_to<both, out> &&
              !std::convertible_to<in, both> && !std::convertible_to<out, both> &&
              !std::convertible_to<in, out> && !std::convertible_to<out, in>);
static_assert(!std::convertible_to<both, rt0::chan<long>> && !std::convertible_to<both, bool> &&
              !std::convertible_to<int, both>);
template <class A, class B>
concept compares = requires(const A& a, const B& b) { a == b; };
static_assert(compares<both, both> && compares<both, out> && compares<in, out> &&
              !compares<both, rt0::chan<long>>);
// What can only be moved is moved from by who says so.
using pointers = rt0::chan<std::unique_ptr<int>>;
static_assert(sends_from<pointers, std::unique_ptr<int>> &&
              !sends_from<pointers, std::unique_ptr<int>&>);
static_assert(handled_by<both, void (*)()> && handled_by<both, void (*)(std::optional<int>)> &&
              !handled_by<both, void (*)(int*)>);
static_assert(sizeof(both) == sizeof(void*) && std::is_nothrow_move_constructible_v<both>);

// A type of which there is a channel before it is complete.
struct request {
    int number;
    rt0::chan<request> answer;
};

// Of values that are made from a number, and know it.
template <class T>
struct sample {
    static T make(int i) { return T(i); }
    static bool is(const T& value, int i) { return value == T(i); }
};
template <>
struct sample<bool> {
    static bool make(int i) { return i % 2 != 0; }
    static bool is(bool value, int i) { return value == make(i); }
};
template <>
struct sample<std::string> {
    static std::string make(int i) { return std::string(40, static_cast<char>('a' + i)); }
    static bool is(const std::string& value, int i) { return value == make(i); }
};
template <>
struct sample<std::unique_ptr<int>> {
    static std::unique_ptr<int> make(int i) { return std::make_unique<int>(i); }
    static bool is(const std::unique_ptr<int>& value, int i) {
        return value != nullptr && *value == i;
    }
};
template <>
struct sample<std::function<int()>> {
    static std::function<int()> make(int i) {
        return [i] { return i; };
    }
    static bool is(const std::function<int()>& value, int i) { return value && value() == i; }
};
template <>
struct sample<std::any> {
    static std::any make(int i) { return i % 2 != 0 ? std::any(i) : std::any(std::to_string(i)); }
    static bool is(const std::any& value, int i) {
        const int* const number = std::any_cast<int>(&value);
        const auto* const text = std::any_cast<std::string>(&value);
        return i % 2 != 0 ? number != nullptr && *number == i
                          : text != nullptr && *text == std::to_string(i);
    }
};
template <>
struct sample<std::optional<int>> {
    static std::optional<int> make(int i) { return i % 2 != 0 ? std::optional(i) : std::nullopt; }
    static bool is(std::optional<int> value, int i) { return value == make(i); }
};
template <>
struct sample<rt0::chan_error> {
    static rt0::chan_error make(int i) {
        return i % 2 != 0 ? rt0::chan_error::empty : rt0::chan_error::closed;
    }
    static bool is(rt0::chan_error value, int i) { return value == make(i); }
};
// The channel is known by its room.
template <>
struct sample<rt0::chan<int>> {
    static rt0::chan<int> make(int i) { return rt0::chan<int>(static_cast<size_t>(i)); }
    static bool is(const rt0::chan<int>& value, int i) {
        return value && value.cap() == static_cast<size_t>(i);
    }
};

// Bytes, so many and so aligned.
template <size_t size, size_t alignment = 1>
struct alignas(alignment) bytes {
    explicit bytes(int i) { all.fill(static_cast<char>(i)); }
    bool operator==(const bytes& other) const {
        return reinterpret_cast<uintptr_t>(this) % alignment == 0 && all == other.all;
    }
    std::array<char, size> all;
};
struct nothing {
    explicit nothing(int /*i*/) {}
    bool operator==(const nothing&) const = default;
};
// Can be moved, and that is bytes; cannot be assigned or copied, nor made of nothing.
struct only_bytes_move {
    explicit only_bytes_move(int i)
        : number(i) {}
    only_bytes_move(const only_bytes_move&) = delete;
    only_bytes_move(only_bytes_move&&) = default;
    only_bytes_move& operator=(only_bytes_move&&) = delete;
    ~only_bytes_move() = default;
    bool operator==(const only_bytes_move& other) const { return number == other.number; }
    const int number;
};
static_assert(rt0::detail::is_plain<only_bytes_move>);

// Knows where it is, is destroyed where it was made, and once; what was moved from is nothing any
// more. It cannot be assigned. Its move could throw, and does not.
std::atomic<int> alive;
template <size_t size = 1, size_t alignment = 8>
struct alignas(alignment) counted {
    explicit counted(int i)
        : number(i) {
        ++alive;
        all.fill(static_cast<char>(i));
    }
    counted(const counted&) = delete;
    // NOLINTNEXTLINE(performance-noexcept-move-constructor,bugprone-exception-escape)
    counted(counted&& other) noexcept(false)
        : number(std::exchange(other.number, -1))
        , all(other.all) {
        check(other.place == &other && reinterpret_cast<uintptr_t>(this) % alignment == 0);
        ++alive;
    }
    counted& operator=(counted&&) = delete;
    ~counted() {
        check(place == this);
        place = nullptr;
        --alive;
    }
    bool operator==(const counted& other) const {
        return number == other.number && place == this && all == other.all;
    }
    int number;
    const counted* place = this;
    std::array<char, size> all;
};
// Nothing in it, and yet not nothing to destroy.
struct empty_counted {
    explicit empty_counted(int /*i*/) { ++alive; }
    empty_counted(empty_counted&& /*other*/) noexcept { ++alive; }
    ~empty_counted() { --alive; }
    empty_counted& operator=(empty_counted&&) = default;
    bool operator==(const empty_counted& /*other*/) const { return true; }
};
struct only_copied {
    explicit only_copied(int i)
        : number(i) {}
    only_copied(const only_copied& other) // NOLINT(modernize-use-equals-default)
        : number(other.number) {}
    only_copied& operator=(const only_copied&) = delete;
    ~only_copied() {} // NOLINT(modernize-use-equals-default)
    bool operator==(const only_copied& other) const { return number == other.number; }
    int number;
};

// The number of what comes next. For tests that know that it comes.
int next(const rt0::recv_only<int>& c) {
    return c.recv().value_or(-1);
}

// nonblock, and the rest of every type: each way of a value through a channel with room for so
// many.
template <class T>
void every_way(size_t capacity) {
    const rt0::chan<T> c(capacity);
    const int room = static_cast<int>(capacity);
    const auto is = [](const std::optional<T>& value, int i) {
        return value.has_value() && sample<T>::is(*value, i);
    };
    check(c.cap() == capacity && c.len() == 0);
    // Nobody is there.
    check(c.try_recv().error() == rt0::chan_error::empty);
    for (int i = 0; i < room; ++i) {
        check(c.try_send(sample<T>::make(i)));
        check(c.len() == static_cast<size_t>(i) + 1);
    }
    T kept = sample<T>::make(7);
    check(!c.try_send(std::move(kept)));
    check(sample<T>::is(kept, 7)); // NOLINT(bugprone-use-after-move): it was not
    for (int i = 0; i < room; ++i) {
        auto got = c.try_recv();
        check(got.has_value() && sample<T>::is(*got, i));
    }
    check(c.len() == 0);
    // The receiver waits.
    rt0::wait_group group;
    group.go([&] {
        for (int i = 0; i < 2; ++i) {
            check(is(c.recv(), i));
        }
        rt0::select(rt0::recv(c, [&](std::optional<T> got) { check(is(got, 2)); }));
        const rt0::chan<T> other;
        for (int i = 3; i < 5; ++i) {
            rt0::select(rt0::recv(other, [&] { check(false); }),
                        rt0::recv(c, [&](std::optional<T> got) { check(is(got, i)); }));
        }
    });
    for (int i = 0; i < 5; ++i) {
        until([&] { return receiver_waits(c); });
        if (i % 2 == 0) {
            c.send(sample<T>::make(i));
        } else {
            check(c.try_send(sample<T>::make(i)));
        }
    }
    group.wait();
    // The sender waits, and what is in the buffer comes before his.
    group.go([&] {
        for (int i = 0; i < room + 2; ++i) {
            c.send(sample<T>::make(i));
        }
        const rt0::chan<T> other;
        for (int i = room + 2; i < room + 4; ++i) {
            rt0::select(rt0::send(c, sample<T>::make(i), [] {}),
                        rt0::send(other, sample<T>::make(6), [] { check(false); }));
        }
    });
    for (int i = 0; i < 4; ++i) {
        until([&] { return sender_waits(c); });
        check(c.len() == capacity);
        if (i % 2 == 0) {
            check(is(c.recv(), i));
        } else {
            auto got = c.try_recv();
            check(got.has_value() && sample<T>::is(*got, i));
        }
    }
    group.wait();
    // Closed: what is in it comes out, and then nothing.
    c.close();
    int i = 4;
    for (T& value : c) {
        check(sample<T>::is(value, i++));
    }
    check(i == room + 4 && !c.recv().has_value());
    check(c.try_recv().error() == rt0::chan_error::closed);
    // Dropped with values in it.
    if (capacity != 0) {
        const rt0::chan<T> full(capacity);
        full.send(sample<T>::make(1));
        check(is(full.recv(), 1));
        for (int n = 0; n < room; ++n) {
            full.send(sample<T>::make(n)); // around the end of the buffer
        }
    }
}

template <class... T>
void of_each() {
    for (const size_t capacity : {0U, 1U, 3U}) {
        (every_way<T>(capacity), ...);
        check(alive == 0);
    }
}

void every_kind() {
    of_each<int64_t, nothing, only_bytes_move, counted<>, counted<65536, 128>, empty_counted>();
}

// Types that are like what comes out of a channel, or made of anything: through the buffer and
// back.
template <class... T>
void and_back() {
    (
        [] {
            const rt0::chan<T> c(3);
            for (int i = 1; i < 4; ++i) {
                c.send(sample<T>::make(i));
            }
            const std::optional<T> first = c.recv();
            check(first.has_value() && sample<T>::is(*first, 1));
            const std::expected<T, rt0::chan_error> second = c.try_recv();
            check(second.has_value() && sample<T>::is(*second, 2));
            rt0::select(rt0::recv(c, [](std::optional<T> third) {
                check(third.has_value() && sample<T>::is(*third, 3));
            }));
        }(),
        ...);
}

void odd_types() {
    and_back<bool, rt0::chan<int>, char, short, double, __int128, bytes<3>, bytes<1, 4096>,
             bytes<65536>, std::function<int()>, rt0::chan_error, std::any, std::optional<int>,
             std::string, std::unique_ptr<int>, only_copied>();
}

// Go's.

// TestChan, closedchan.
void table() {
    for (size_t capacity = 0; capacity < 6; ++capacity) {
        { // Receiving from an empty one waits, and so does not who will not.
            const rt0::chan<int> c(capacity);
            std::atomic<int> went_on = 0;
            rt0::wait_group group;
            group.go([&] {
                check(next(c) == 1);
                ++went_on;
            });
            group.go([&] {
                check(next(c) == 1);
                ++went_on;
            });
            for_a_while();
            check(went_on == 0);
            c.send(1);
            c.send(1);
            group.wait();
        }
        { // Sending to a full one.
            const rt0::chan<int> c(capacity);
            for (size_t i = 0; i < capacity; ++i) {
                c.send(static_cast<int>(i));
            }
            std::atomic<bool> went_on = false;
            rt0::wait_group group;
            group.go([&] {
                c.send(static_cast<int>(capacity));
                went_on = true;
            });
            for_a_while();
            check(!went_on);
            check(!c.try_send(-1));
            for (size_t i = 0; i <= capacity; ++i) {
                check(next(c) == static_cast<int>(i));
            }
            group.wait();
        }
        { // A closed one gives what is in it, and then nothing for ever.
            const rt0::chan<int> c(capacity);
            for (size_t i = 0; i < capacity; ++i) {
                c.send(static_cast<int>(i));
            }
            c.close();
            for (size_t i = 0; i < capacity; ++i) {
                check(c.len() == capacity - i && next(c) == static_cast<int>(i));
            }
            for (int i = 0; i < 3; ++i) {
                check(!c.recv().has_value() && !c.try_recv().has_value());
                check(c.try_recv().error() == rt0::chan_error::closed);
                bool taken = false;
                rt0::select(rt0::recv(c, [&](std::optional<int> got) { taken = !got; }),
                            rt0::otherwise([] {}));
                check(taken && c.len() == 0 && c.cap() == capacity);
            }
        }
        { // Who waits when it is closed gets nothing. All of them.
            const rt0::chan<int> c(capacity);
            rt0::wait_group group;
            std::atomic<int> waiting = 0;
            for (int i = 0; i < 10; ++i) {
                group.go([&] {
                    ++waiting;
                    check(!c.recv().has_value());
                });
                group.go([&] {
                    ++waiting;
                    const rt0::chan<int> other(1);
                    rt0::select(rt0::recv(other, [] { check(false); }),
                                rt0::recv(c, [](std::optional<int> got) { check(!got); }));
                });
            }
            until([&] { return waiting == 20 && receiver_waits(c); });
            c.close();
            group.wait();
        }
        { // In order.
            const rt0::chan<int> c(capacity);
            rt0::wait_group group;
            group.go([&] {
                for (int i = 0; i < 100; ++i) {
                    c.send(i);
                }
                c.close();
            });
            int i = 0;
            for (const int got : c) {
                check(got == i++);
            }
            check(i == 100);
            group.wait();
        }
        { // Several of each: nothing gets lost, and nothing comes twice.
            const rt0::chan<int> c(capacity);
            constexpr int senders = 4;
            constexpr int each = 1000;
            std::array<std::atomic<int>, each> seen{};
            rt0::wait_group group;
            for (int s = 0; s < senders; ++s) {
                group.go([&] {
                    for (int i = 0; i < each; ++i) {
                        c.send(i);
                    }
                });
                group.go([&] {
                    for (int i = 0; i < each; ++i) {
                        ++seen.at(static_cast<size_t>(next(c)));
                    }
                });
            }
            group.wait();
            check(std::ranges::all_of(seen, [](const auto& n) { return n == senders; }));
            check(c.len() == 0);
        }
    }
}

// chancap; TestChan's lengths. Null ones have none.
void lengths() {
    const rt0::chan<int> null;
    check(!null && null.len() == 0 && null.cap() == 0 && !null.try_send(1));
    check(null.try_recv().error() == rt0::chan_error::empty);
    const rt0::chan<int> c(10);
    check(c && c.len() == 0 && c.cap() == 10);
    for (int i = 0; i < 10; ++i) {
        c.send(i);
        check(c.len() == static_cast<size_t>(i) + 1);
    }
    const rt0::chan<nothing> largest(INT32_MAX);
    check(largest.cap() == INT32_MAX);
    largest.send(nothing(1));
    check(largest.len() == 1);
}

// zerosize: what has no size is counted.
void zero_size() {
    const rt0::chan<nothing> c(3);
    c.send(nothing(1));
    check(c.len() == 1 && c.cap() == 3);
    check(c.try_send(nothing(2)) && c.try_send(nothing(3)) && !c.try_send(nothing(4)));
    c.close();
    check(std::ranges::distance(c.begin(), c.end()) == 3);
    rt0::wait_group group;
    const rt0::chan<nothing> met;
    const rt0::chan<nothing> meet(0);
    group.go([&] { meet.send(nothing(1)); });
    check(meet.recv().has_value());
    group.wait();
}

// TestNonblockRecvRace: a channel that has a value, or is closed, is never not ready.
void nonblocking_race() {
    for (int i = 0; i < 2000; ++i) {
        const rt0::chan<int> c(1);
        c.send(1);
        rt0::wait_group group;
        group.go([&] {
            const auto got = c.try_recv();
            check(got.has_value() || got.error() == rt0::chan_error::closed);
        });
        c.close();
        c.recv();
        group.wait();
    }
}

// fifo. Those who wait are served in order, too.
void fifo() {
    const rt0::chan<int> buffered(10);
    for (int i = 0; i < 10; ++i) {
        buffered.send(i);
    }
    for (int i = 0; i < 10; ++i) {
        check(next(buffered) == i);
    }
    const rt0::chan<int> c(0);
    rt0::wait_group group;
    group.go([&] {
        for (int i = 0; i < 10; ++i) {
            check(next(c) == i);
        }
    });
    for (int i = 0; i < 10; ++i) {
        c.send(i);
    }
    group.wait();
    // A chain of those who wait: each lets the next one send.
    rt0::chan<int> before(0);
    const rt0::chan<int> first = before;
    for (int i = 0; i < 10; ++i) {
        const rt0::chan<int> after(0);
        group.go([&c, i, before, after] {
            next(before);
            c.send(i);
            after.send(1);
        });
        before = after;
    }
    first.send(1);
    for (int i = 0; i < 10; ++i) {
        check(next(c) == i);
    }
    next(before);
    group.wait();
    // By when they came.
    for (const size_t capacity : {0U, 2U}) {
        const rt0::chan<int> served(capacity);
        std::array<int, 5> by_receiver{};
        for (size_t i = 0; i < 5; ++i) {
            std::atomic<bool> goes = false;
            group.go([&by_receiver, &goes, served, i] {
                goes = true;
                by_receiver.at(i) = next(served);
            });
            until([&] { return goes.load(); });
            const auto count = [&] {
                size_t n = 0;
                auto& queue = served.internal()->receivers;
                served.internal()->lock.lock();
                if (auto* const last = queue.last.load(std::memory_order_relaxed)) {
                    n = 1;
                    for (auto* at = last->next; at != last; at = at->next) {
                        ++n;
                    }
                }
                served.internal()->lock.unlock();
                return n;
            };
            until([&] { return count() == i + 1; });
        }
        for (int i = 0; i < 5; ++i) {
            served.send(i);
        }
        group.wait();
        check(by_receiver == (std::array{0, 1, 2, 3, 4}));
    }
}

// goroutines.
void chain() {
    constexpr int count = 10'000;
    rt0::chan<int> right(0);
    const rt0::chan<int> leftmost = right;
    for (int i = 0; i < count; ++i) {
        const rt0::chan<int> left = right;
        right = rt0::chan<int>(0);
        rt0::go([left, right] { left.send(1 + next(right)); });
    }
    right.send(0);
    check(next(leftmost) == count);
}

// sieve.
rt0::recv_only<int> numbers() {
    const rt0::chan<int> c(0);
    rt0::go([c] {
        for (int i = 2; i <= 550; ++i) {
            c.send(i);
        }
        c.close();
    });
    return c;
}

rt0::recv_only<int> without(rt0::recv_only<int> from, int prime) {
    const rt0::chan<int> c(0);
    rt0::go([from = std::move(from), to = rt0::send_only<int>(c), prime] {
        for (const int i : from) {
            if (i % prime != 0) {
                to.send(i);
            }
        }
        to.close();
    });
    return c;
}

void sieve() {
    rt0::recv_only<int> c = numbers();
    int last = 0;
    for (int i = 0; i < 100; ++i) {
        last = next(c);
        c = without(c, last);
    }
    check(last == 541);
    for (const int more : c) {
        check(more == 547);
    }
}

// TestMultiConsumer.
void multi_consumer() {
    constexpr int workers = 23;
    constexpr int items = 40'000; // Go: 271828
    const rt0::chan<int> todo(workers);
    const rt0::chan<int> results(workers);
    rt0::wait_group group;
    for (int w = 0; w < workers; ++w) {
        group.go([&] {
            for (const int n : todo) {
                if (n % 17 == 0) {
                    rt0::yield();
                }
                results.send(n);
            }
        });
    }
    int64_t expected = 0;
    rt0::go([&] {
        for (int i = 0; i < items; ++i) {
            expected += i % 89;
            todo.send(i % 89);
        }
        todo.close();
        group.wait();
        results.close();
    });
    int count = 0;
    int64_t sum = 0;
    for (const int r : results) {
        ++count;
        sum += r;
    }
    check(count == items && sum == expected);
}

// powser: power series as streams of their coefficients, each a goroutine that is asked for the
// next.
struct rational {
    int64_t over;
    int64_t under;
    rational(int64_t a, int64_t b = 1) { // NOLINT(google-explicit-constructor)
        const int64_t common = std::gcd(a, b);
        over = a / common;
        under = b / common;
    }
    bool operator==(const rational&) const = default;
};
rational operator+(rational a, rational b) {
    return {a.over * b.under + b.over * a.under, a.under * b.under};
}
rational operator*(rational a, rational b) {
    return {a.over * b.over, a.under * b.under};
}

class series;
series operator+(series a, series b);
series operator*(rational factor, series a);
series operator*(series a, series b);

class series {
    struct signal {};

public:
    // next() makes the coefficients.
    template <class F>
    static series of(F next) {
        series made;
        run(made.ask_, made.give_, std::move(next));
        return made;
    }
    series()
        : ask_(0)
        , give_(1) {}
    series(series&&) = default;
    series& operator=(series&&) = delete;
    series(const series&) = delete;
    series& operator=(const series&) = delete;
    ~series() {
        if (ask_) {
            ask_.close();
        }
    }
    rational next() {
        ask_.send({});
        return give_.recv().value_or(rational(0));
    }
    // Two of the same coefficients. Either may ask while the other waits: the one may be what the
    // other is made of. Both end with the first.
    static std::pair<series, series> split(series from) {
        std::pair<series, series> ends;
        rt0::go([from = std::move(from), ask = std::array{ends.first.ask_, ends.second.ask_},
                 give = std::array{ends.first.give_, ends.second.give_}]() mutable {
            const rt0::chan<signal> nobody;
            const rt0::chan<rational> nothing_comes;
            std::array<std::deque<rational>, 2> ahead;
            std::array<bool, 2> waits{};
            bool asked = false;
            for (bool first = true; first;) {
                rt0::select(
                    rt0::recv(waits[0] ? nobody : ask[0],
                              [&](std::optional<signal> a) {
                                  first = a.has_value();
                                  waits[0] = first;
                              }),
                    rt0::recv(waits[1] ? nobody : ask[1],
                              [&](std::optional<signal> a) {
                                  waits[1] = a.has_value();
                                  ask[1] = waits[1] ? ask[1] : nobody;
                              }),
                    rt0::recv(asked ? from.give_ : nothing_comes, [&](std::optional<rational> c) {
                        asked = false;
                        ahead[0].push_back(c.value_or(rational(0)));
                        ahead[1].push_back(c.value_or(rational(0)));
                    }));
                for (size_t who = 0; who < 2; ++who) {
                    if (!waits.at(who)) {
                        continue;
                    }
                    if (!ahead.at(who).empty()) {
                        give.at(who).send(ahead.at(who).front());
                        ahead.at(who).pop_front();
                        waits.at(who) = false;
                    } else if (!asked) {
                        from.ask_.send({});
                        asked = true;
                    }
                }
            }
        });
        return ends;
    }
    // e^f with f(0) = 0: what has the derivative e^f f'.
    static series exponential(series f) {
        series integral;
        const rt0::chan<signal> ask = integral.ask_;
        const rt0::chan<rational> give = integral.give_;
        auto [result, again] = split(std::move(integral));
        series derived = of([n = int64_t{0}, f = std::move(f)]() mutable {
            if (n == 0) {
                f.next();
            }
            return rational(++n) * f.next();
        });
        run(ask, give, [n = int64_t{0}, of = std::move(again) * std::move(derived)]() mutable {
            return n++ == 0 ? rational(1) : rational(1, n - 1) * of.next();
        });
        return std::move(result);
    }

private:
    template <class F>
    static void run(const rt0::chan<signal>& ask, const rt0::chan<rational>& give, F next) {
        rt0::go([ask, give, next = std::move(next)]() mutable {
            for (auto& asked : ask) {
                (void)asked;
                give.send(next());
            }
        });
    }
    rt0::chan<signal> ask_;
    rt0::chan<rational> give_;
};

series operator+(series a, series b) {
    return series::of(
        [a = std::move(a), b = std::move(b)]() mutable { return a.next() + b.next(); });
}
series operator*(rational factor, series a) {
    return series::of([factor, a = std::move(a)]() mutable { return factor * a.next(); });
}
series times_x(series a) {
    return series::of([first = true, a = std::move(a)]() mutable {
        return std::exchange(first, false) ? rational(0) : a.next();
    });
}
// (a + xA)(b + xB) = ab + x(aB + bA + xAB)
series operator*(series a, series b) {
    return series::of(
        [a = std::move(a), b = std::move(b), rest = std::unique_ptr<series>()]() mutable {
            if (rest != nullptr) {
                return rest->next();
            }
            const rational a0 = a.next();
            const rational b0 = b.next();
            auto [a1, a2] = series::split(std::move(a));
            auto [b1, b2] = series::split(std::move(b));
            rest = std::make_unique<series>(a0 * std::move(b1) + b0 * std::move(a1) +
                                            times_x(std::move(a2) * std::move(b2)));
            return a0 * b0;
        });
}
series constant_one() {
    return series::of([] { return rational(1); });
}
void power_series() {
    series squared = constant_one() * constant_one();
    for (int i = 1; i <= 12; ++i) {
        check(squared.next() == i);
    }
    series cubed = constant_one() * (constant_one() * constant_one());
    for (int i = 1; i <= 8; ++i) {
        check(cubed.next() == i * (i + 1) / 2);
    }
    // Of x = 0 + 1x.
    series e =
        series::exponential(series::of([n = 0]() mutable { return rational(n++ == 1 ? 1 : 0); }));
    int64_t factorial = 1;
    for (int64_t i = 1; i <= 8; ++i) {
        check(e.next() == rational(1, factorial));
        factorial *= i;
    }
}

// C++'s.

// Handles are of a channel, and it lives as long as one of them.
void handles() {
    rt0::chan<int> a(1);
    rt0::chan<int> b = a;
    check(a == b && a != rt0::chan<int>(1) && rt0::chan<int>() == rt0::chan<int>());
    const rt0::recv_only r = a; // of int
    const rt0::send_only<int> s = b;
    check(r == a && s == b && r == s);
    a.send(1);
    check(next(b) == 1);
    a = {};
    check(!a && a.cap() == 0 && b.cap() == 1);
    a = std::move(b);
    check(!b && a && a == r); // NOLINT(bugprone-use-after-move): it is null
    s.send(2);
    check(next(a) == 2);
    auto& same = a;
    a = same;
    check(a == r);
    a = std::move(same);
    check(a == r);
    std::swap(a, b);
    check(!a && b == r);
    b = {};
    s.send(3);
    check(s.len() == 1 && r.cap() == 1 && next(r) == 3);
    s.close();
    check(!r.recv().has_value());
    // The last one of several goroutines'.
    for (int i = 0; i < 200; ++i) {
        rt0::wait_group group;
        {
            const rt0::chan<counted<>> shared(2);
            for (int n = 0; n < 3; ++n) {
                group.go([shared, n] { (void)shared.try_send(counted<>(n)); });
            }
        }
        group.wait();
    }
    until([] { return alive == 0; });
}

// A handle that the receiver has on its stack: whoever sends is done with it when the value is
// there.
void gone_at_once() {
    for (int i = 0; i < 3000; ++i) {
        const size_t capacity = static_cast<size_t>(i) % 2;
        auto c = std::make_unique<rt0::chan<int>>(capacity);
        rt0::go([&c, i] { c->send(i); });
        check(next(*c) == i);
        c.reset();
        auto s = std::make_unique<rt0::chan<std::string>>(capacity);
        rt0::go([&s] { s->send("a string that is too long for its own room"); });
        check(s->recv().value_or("").size() == 42);
        s.reset();
    }
}

// Channels of channels: a question has the place for its answer; and of itself.
void channels_of_channels() {
    const rt0::chan<rt0::chan<int>> c(0);
    rt0::wait_group group;
    group.go([&] {
        for (const rt0::chan<int>& answer : c) {
            answer.send(42);
        }
    });
    for (int i = 0; i < 10; ++i) {
        const rt0::chan<int> answer(static_cast<size_t>(i) % 2);
        c.send(answer);
        check(next(answer) == 42);
    }
    c.close();
    group.wait();
    const rt0::chan<request> server(1);
    group.go([&] {
        for (const request& asked : server) {
            asked.answer.send({asked.number + 1, {}});
        }
    });
    const request first{1, rt0::chan<request>(1)};
    server.send(first);
    const std::optional<request> answer = first.answer.recv();
    check(answer.has_value() && answer->number == 2 && !answer->answer);
    server.close();
    group.wait();
    // A long row of them, each in the buffer of the one before.
    rt0::chan<request> outer(1);
    for (int i = 0; i < 20'000; ++i) {
        const rt0::chan<request> inner(1);
        inner.send({i, outer});
        outer = inner;
    }
    outer = {};
}

void range_for() {
    const auto filled = [] {
        const rt0::chan<std::unique_ptr<int>> c(5);
        for (int i = 0; i < 5; ++i) {
            c.send(std::make_unique<int>(i));
        }
        c.close();
        return c;
    };
    int sum = 0;
    for (std::unique_ptr<int>& p : filled()) { // of a temporary
        const std::unique_ptr<int> mine = std::move(p);
        sum += *mine;
    }
    check(sum == 10);
    // What has not been asked for stays.
    const auto c = filled();
    for (auto&& p : c) {
        if (*p == 2) {
            break;
        }
    }
    check(c.len() == 2);
    // Ranges.
    const rt0::recv_only<std::unique_ptr<int>> all = filled();
    auto odd = all | std::views::filter([](const auto& p) { return *p % 2 != 0; }) |
               std::views::transform([](const auto& p) { return *p; });
    sum = 0;
    for (const int i : odd) {
        sum = sum * 10 + i;
    }
    check(sum == 13);
    // Of what cannot be assigned.
    static_assert(std::ranges::input_range<rt0::chan<counted<>>>);
    const rt0::chan<counted<>> several(2);
    several.send(counted<>(1));
    several.send(counted<>(2));
    several.close();
    auto one = several.begin();
    auto other = several.begin();
    other = std::move(one);
    check((*other).number == 1);
    ++other;
    check(other == several.end());
}

// A sender that waits keeps its value until it is taken, and nobody but it destroys it.
void kept_values() {
    {
        const rt0::chan<counted<>> c(1);
        counted<> first(1);
        counted<> second(2);
        check(c.try_send(std::move(first)) &&
              first.number == -1); // NOLINT(bugprone-use-after-move)
        check(!c.try_send(std::move(second)) &&
              second.number == 2); // NOLINT(bugprone-use-after-move)
        rt0::wait_group group;
        group.go([&] { c.send(std::move(second)); });
        until([&] { return sender_waits(c); });
        check(second.number == 2); // NOLINT(bugprone-use-after-move): it is still there
        c.recv();
        group.wait();
        check(second.number == -1); // NOLINT(bugprone-use-after-move)
        check(c.len() == 1);
    }
    check(alive == 0);
}

// An lvalue is copied.
void copies() {
    const rt0::chan<std::string> c(2);
    const std::string text(100, 'x');
    c.send(text);
    check(c.try_send(text) && text.size() == 100);
    check(!c.try_send(text));
    check(c.recv() == text && c.recv() == text);
    c.send("converted");
    c.send({text, 0, 3});
    check(c.recv() == "converted" && c.recv() == "xxx");
}

// From goroutines that are tied to their threads, and between them and others.
void tied() {
    const rt0::chan<int> c(0);
    const rt0::chan<int> back(0);
    constexpr int turns = 200;
    rt0::wait_group group;
    for (const bool tie : {true, false, true}) {
        group.go([&, tie] {
            if (tie) {
                rt0::lock_os_thread();
            }
            for (const int i : c) {
                if (i % 2 == 0) {
                    back.send(i);
                } else {
                    rt0::select(rt0::send(back, i, [] {}),
                                rt0::recv(rt0::chan<int>(), [] { check(false); }));
                }
            }
        });
    }
    rt0::lock_os_thread();
    for (int i = 0; i < turns; ++i) {
        c.send(i);
        check(next(back) == i);
    }
    rt0::unlock_os_thread();
    c.close();
    group.wait();
}

// A channel that one goroutine has used for long is its thread's own, and taken back from it in the
// middle of what it does: as a lock, it lets one in at a time.
void owners_change() {
    const rt0::chan<int> null;
    for (int round = 0; round < 8; ++round) {
        const rt0::chan<int> c(1);
        std::atomic<bool> owned = false;
        int inside = 0;
        int total = 0;
        rt0::wait_group group;
        const auto work = [&](int turns, bool by_select) {
            for (int i = 0; i < turns; ++i) {
                if (by_select) {
                    rt0::select(rt0::send(c, 1, [] {}), rt0::send(null, 1, [] {}));
                } else {
                    c.send(1);
                }
                check(++inside == 1);
                ++total;
                --inside;
                if (by_select) {
                    rt0::select(rt0::recv(null, [] {}), rt0::recv(c, [] {}));
                } else {
                    c.recv();
                }
                owned = owned || i == 2000;
            }
        };
        group.go([&] { work(5000, round % 2 != 0); });
        for (int i = 0; i < 3; ++i) {
            group.go([&, i] {
                until([&] { return owned.load(); });
                work(500, i == 0);
            });
        }
        group.wait();
        check(total == 5000 + 3 * 500);
    }
}

// One that is there before main and after it; somebody waits for it then.
const rt0::chan<std::string> global(1);

void globals() {
    global.send("in it");
    check(global.recv() == "in it");
    rt0::go([] { global.recv(); });
    until([] { return receiver_waits(global); });
}

// Who never parks gives way all the same, whatever it does with a channel.
void preemption() {
    const rt0::chan<int> never(1);
    const rt0::chan<int> c(1);
    const rt0::chan<std::string> strings(1);
    std::atomic<bool> done = false;
    rt0::wait_group group;
    group.go([&] {
        while (!done) {
            (void)never.try_recv();
        }
    });
    group.go([&] {
        while (!done) {
            c.send(1);
            next(c);
        }
    });
    group.go([&] {
        while (!done) {
            strings.send("a string that is too long for its own room");
            check(strings.recv().value_or("").size() == 42);
        }
    });
    group.go([&] {
        const rt0::chan<int> null;
        while (!done) {
            rt0::select(rt0::recv(never, [] { check(false); }), rt0::recv(null, [] {}),
                        rt0::otherwise([] {}));
        }
    });
    for (int i = 0; i < 3; ++i) {
        rt0::yield();
    }
    done = true;
    group.wait();
}

// Both ends anywhere on stacks of several segments.
template <class T>
[[gnu::noinline]] void pass_down(int depth, const rt0::chan<T>& c, bool sends) {
    std::array<char, 200> room; // NOLINT(cppcoreguidelines-pro-type-member-init): its size matters
    asm volatile("" : : "r"(room.data()) : "memory");
    if (sends) {
        c.send(sample<T>::make(depth % 8));
    } else {
        const std::optional<T> got = c.recv();
        check(got.has_value() && sample<T>::is(*got, depth % 8));
    }
    if (depth > 0) {
        pass_down(depth - 1, c, sends);
    }
    asm volatile("" : : "r"(room.data()) : "memory");
}

template <class T>
void deep_of(int depth) {
    for (const size_t capacity : {0U, 2U}) {
        const rt0::chan<T> c(capacity);
        rt0::wait_group group;
        group.go([&] { pass_down(depth, c, true); });
        group.go([&] { pass_down(depth, c, false); });
        group.wait();
    }
}

void deep() {
    deep_of<int64_t>(300);
    deep_of<std::string>(300);
    deep_of<bytes<65536>>(10);
    check(alive == 0);
}

// A stack that grows while the channel is locked: in the move.
[[gnu::noinline]] int grow(int depth) {
    std::array<char, 900> room; // NOLINT(cppcoreguidelines-pro-type-member-init): its size matters
    asm volatile("" : : "r"(room.data()) : "memory");
    // Not below what this stack has.
    const auto* const segment = getg()->segment;
    check(segment == nullptr || reinterpret_cast<uintptr_t>(room.data()) >= segment->guard);
    const int below = depth == 0 ? 0 : grow(depth - 1) + 1;
    asm volatile("" : : "r"(room.data()) : "memory");
    return below;
}

struct grows {
    explicit grows(int i)
        : number(i) {}
    grows(grows&& other) noexcept
        : number(other.number) {
        if (asked) {
            // As sysmon does it, in the middle: it may not be heard yet, and there must be room.
            runtime::get_tcb()->stack_guard = static_cast<uintptr_t>(STACK_PREEMPT);
        }
        check(grow(20) == 20);
    }
    grows(const grows&) = delete;
    grows& operator=(const grows&) = delete;
    ~grows() { check(grow(3) == 3); }
    bool operator==(const grows& other) const { return number == other.number; }
    int number;
    static inline std::atomic<bool> asked;
};

void growing_moves() {
    for (const bool asked : {false, true}) {
        grows::asked = asked;
        for (const size_t capacity : {0U, 1U, 2U}) {
            rt0::wait_group group;
            group.go([&] { every_way<grows>(capacity); });
            group.wait();
        }
    }
}

// A move that takes its time in the kernel keeps its thread, and the others theirs.
struct slow {
    explicit slow(int i)
        : number(i) {}
    slow(slow&& other) noexcept
        : number(other.number) {
        const runtime::syscall_scope blocking;
        runtime::os::sleep(500'000);
    }
    slow(const slow&) = delete;
    slow& operator=(const slow&) = delete;
    ~slow() {} // NOLINT(modernize-use-equals-default): it is not only bytes
    int number;
};

void slow_moves() {
    std::atomic<bool> done = false;
    rt0::wait_group group;
    for (int i = 0; i < 3; ++i) {
        group.go([&] {
            while (!done) {
                rt0::yield();
            }
        });
    }
    const rt0::chan<slow> c(1);
    for (int i = 0; i < 20; ++i) {
        c.send(slow(i));
        const auto got = c.recv();
        check(got.has_value() && got->number == i);
    }
    done = true;
    group.wait();
}

// What ends the program.

void send_on_closed() {
    const rt0::chan<int> c(0);
    c.close();
    c.send(1);
}
void send_on_closed_buffer() {
    const rt0::chan<std::string> c(3);
    c.send("x");
    c.close();
    c.send("y");
}
void try_send_on_closed() {
    const rt0::chan<std::string> c(1);
    c.send("x");
    c.close();
    check(c.try_send("y"));
}
void closed_while_sending() {
    const rt0::chan<std::string> c(0);
    rt0::go([&] {
        until([&] { return sender_waits(c); });
        c.close();
    });
    c.send("x");
}
void close_of_closed() {
    const rt0::chan<int> c(0);
    c.close();
    c.close();
}
void close_of_null() {
    rt0::send_only<int>().close();
}
void negative_capacity() {
    (void)rt0::chan<nothing>(static_cast<size_t>(-1));
}
void capacity_too_large() {
    (void)rt0::chan<nothing>(size_t{1} << 31);
}
void buffer_too_large() {
    struct large {
        std::array<char, 1 << 30> all[2]; // NOLINT(modernize-avoid-c-arrays)
    };
    (void)rt0::chan<std::array<large, 8>>(1);
}
void waits_to_receive() {
    const rt0::chan<int> c(1);
    c.recv();
}
void waits_to_send() {
    const rt0::chan<int> c(1);
    c.send(1);
    c.send(1);
}
void waits_to_receive_from_null() {
    rt0::chan<int>().recv();
}
void waits_to_send_to_null() {
    rt0::chan<std::string>().send("x");
}
// Of two.
void waits_for_each_other() {
    const rt0::chan<int> c(0);
    rt0::go([&] {
        rt0::set_name("other");
        c.send(1);
        c.send(1);
    });
    next(c);
    until([&] { return sender_waits(c); });
    rt0::chan<int>(0).recv();
}

// Parks in its move, on another channel.
struct parks {
    explicit parks(rt0::chan<int> on)
        : c(std::move(on)) {}
    parks(parks&& other) noexcept
        : c(std::move(other.c)) {
        c.recv();
    }
    parks(const parks&) = delete;
    parks& operator=(const parks&) = delete;
    ~parks() = default;
    rt0::chan<int> c;
};
void parks_in_move() {
    const rt0::chan<int> c(0);
    rt0::go([&] {
        for (;;) {
            c.send(1);
        }
    });
    const rt0::chan<parks> values(1);
    values.send(parks(c));
    check(false);
}
constexpr test tests[] = {
    {"every_kind", every_kind},
    {"odd_types", odd_types},
    {"table", table},
    {"lengths", lengths},
    {"zero_size", zero_size},
    {"nonblocking_race", nonblocking_race},
    {"fifo", fifo},
    {"chain", chain},
    {"sieve", sieve},
    {"multi_consumer", multi_consumer},
    {"power_series", power_series},
    {"handles", handles},
    {"gone_at_once", gone_at_once},
    {"channels_of_channels", channels_of_channels},
    {"range_for", range_for},
    {"kept_values", kept_values},
    {"copies", copies},
    {"tied", tied},
    {"owners_change", owners_change},
    {"globals", globals},
    {"preemption", preemption},
    {"deep", deep},
    {"growing_moves", growing_moves},
    {"slow_moves", slow_moves},
    {"send_on_closed", send_on_closed, true},
    {"send_on_closed_buffer", send_on_closed_buffer, true},
    {"try_send_on_closed", try_send_on_closed, true},
    {"closed_while_sending", closed_while_sending, true},
    {"close_of_closed", close_of_closed, true},
    {"close_of_null", close_of_null, true},
    {"negative_capacity", negative_capacity, true},
    {"capacity_too_large", capacity_too_large, true},
    {"buffer_too_large", buffer_too_large, true},
    {"waits_to_receive", waits_to_receive, true},
    {"waits_to_send", waits_to_send, true},
    {"waits_to_receive_from_null", waits_to_receive_from_null, true},
    {"waits_to_send_to_null", waits_to_send_to_null, true},
    {"waits_for_each_other", waits_for_each_other, true},
    {"parks_in_move", parks_in_move, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
