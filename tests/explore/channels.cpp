// Channels and select, on goroutines that are threads of the explorer's.
#include <rt0/chan.h>
#include <rt0/select.h>

#include <array>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/chan.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/explore/plain.h"

namespace {

using explore::check;
using machine::go;
using rt0::chan;
using rt0::chan_error;
using rt0::otherwise;
using rt0::recv;
using rt0::select;
using rt0::send;

int alive = 0;

// A value that must be moved, and is watched.
class parcel {
public:
    explicit parcel(int n) {
        n_ = n;
        ++alive;
    }
    parcel(parcel&& other) noexcept {
        check(other.n_ != gone, "a value is moved twice");
        n_ = other.n_;
        other.n_ = gone;
        ++alive;
    }
    parcel(const parcel&) = delete;
    parcel& operator=(const parcel&) = delete;
    parcel& operator=(parcel&&) = delete;
    ~parcel() {
        n_ = gone;
        --alive;
    }
    [[nodiscard]] int number() const { return n_; }

private:
    static constexpr int gone = -1;
    explore::plain<int> n_;
};

int number(const parcel& of) {
    return of.number();
}
int number(int of) {
    return of;
}

// Of a size that has no copy of its own.
struct large {
    explicit large(int n)
        : number(n) {}
    int number;
    std::array<std::byte, 12> more{};
};
int number(const large& of) {
    return of.number;
}

// What a call had on its stack is gone now.
[[gnu::noinline]] void after() {
    std::array<std::byte, 2048> room;
    std::memset(room.data(), 0xee, room.size());
    asm volatile("" : : "r"(room.data()) : "memory");
    check(!runtime::get_tcb()->in_runtime(), "a lock is left");
}

template <class F>
auto then(F call) {
    struct at_end {
        at_end() = default;
        at_end(const at_end&) = delete;
        at_end& operator=(const at_end&) = delete;
        ~at_end() { after(); }
    } const here;
    return call();
}

constexpr int closed = -2;
constexpr int nothing = -3;

template <class T>
void give(const chan<T>& c, int n) {
    then([&] { c.send(T(n)); });
}
template <class T>
int take(const chan<T>& c) {
    const std::optional<T> got = then([&] { return c.recv(); });
    return got ? number(*got) : closed;
}
template <class T>
bool try_give(const chan<T>& c, int n) {
    return then([&] { return c.try_send(T(n)); });
}
template <class T>
int try_take(const chan<T>& c) {
    const std::expected<T, chan_error> got = then([&] { return c.try_recv(); });
    return got ? number(*got) : got.error() == chan_error::closed ? closed : nothing;
}
// Whether it panics with that.
template <class F>
bool panics(const char* text, F call) {
    try {
        then(call);
    } catch (const std::string& got) {
        check(got == text, "another panic than that one");
        return true;
    }
    return false;
}

// main is the first goroutine. What the models' own words are: plain where something orders them.
template <class F>
void run(F main) {
    alive = 0;
    machine::run(1, main);
    check(alive == 0, "a value is lost, or destroyed twice");
}

// Until so many wait there, one or two.
template <class T>
void until_wait(const chan<T>& c, bool sends, int count) {
    const rt0::detail::waiter_queue& queue =
        sends ? c.internal()->senders : c.internal()->receivers;
    for (;;) {
        const rt0::detail::waiter* const last = queue.last.load(std::memory_order_acquire);
        if (last != nullptr && (count == 1 || last->next != last)) {
            return;
        }
        explore::pause();
    }
}

// The lock of c is the calling goroutine's thread's.
template <class T>
void own(const chan<T>& c) {
    give(c, 1);
    check(take(c) == 1, "another value");
}

template <class T, int capacity>
void one_to_one() {
    run([] {
        const chan<T> c(capacity);
        go([&c] {
            for (int i = 1; i <= capacity + 2; ++i) {
                give(c, i);
            }
        });
        for (int i = 1; i <= capacity + 2; ++i) {
            check(take(c) == i, "a value is lost, or comes before its time");
        }
        explore::join();
    });
}

template <class T, int capacity>
void two_to_one() {
    run([] {
        const chan<T> c(capacity);
        for (int i = 1; i <= 2; ++i) {
            go([&c, i] { give(c, i); });
        }
        const int first = take(c);
        check(first + take(c) == 3 && (first == 1 || first == 2), "a value is lost or there twice");
        explore::join();
    });
}

template <class T, int capacity>
void one_to_two() {
    run([] {
        const chan<T> c(capacity);
        runtime::atomic<int> sum{0};
        for (int i = 1; i <= 2; ++i) {
            go([&] { sum.fetch_add(take(c), std::memory_order_relaxed); });
        }
        give(c, 1);
        give(c, 2);
        explore::join();
        check(sum.load(std::memory_order_relaxed) == 3, "a value is lost or there twice");
    });
}

// Its lock's owner, and another.
template <class T>
void one_has_had_it_alone() {
    run([] {
        const chan<T> c(1);
        own(c);
        go([&c] {
            give(c, 1);
            give(c, 2);
        });
        check(take(c) == 1, "another value");
        check(take(c) == 2, "another value");
        explore::join();
    });
}

// There is always something to be had: a value in the buffer, or somebody who waits.
template <class T, int capacity, int waiting>
void never_empty() {
    run([] {
        const chan<T> c(capacity);
        for (int i = 0; i < capacity; ++i) {
            give(c, 1);
        }
        for (int i = 0; i < waiting; ++i) {
            go([&c] { give(c, 1); });
        }
        if (waiting != 0) {
            until_wait(c, true, waiting);
        }
        go([&c] { check(take(c) == 1, "another value"); });
        check(try_take(c) == 1, "there is something, and try_recv does not say so");
        for (int i = 2; i < capacity + waiting; ++i) {
            (void)take(c);
        }
        explore::join();
    });
}

template <class T>
void never_full() {
    run([] {
        const chan<T> c(2);
        go([&c] { give(c, 1); });
        check(try_give(c, 2), "there is room, and try_send does not say so");
        explore::join();
    });
}

// Somebody waits for a value until the channel is closed.
template <class T>
void received_or_closed() {
    run([] {
        const chan<T> c(0);
        go([&c] { (void)take(c); });
        until_wait(c, false, 1);
        go([&c] { c.close(); });
        bool sent = false;
        const bool panicked = panics("send on closed channel", [&] { sent = c.try_send(T(1)); });
        check(sent || panicked, "try_send says that nobody waits, on an open channel");
        explore::join();
    });
}

// There is a value until the channel is closed.
template <class T>
void value_or_closed() {
    run([] {
        const chan<T> c(1);
        give(c, 1);
        go([&c] {
            c.close();
            (void)take(c);
        });
        check(try_take(c) != nothing, "try_recv says that an open channel has nothing");
        explore::join();
    });
}

template <class T, int capacity>
void tries_to_send() {
    run([] {
        const chan<T> c(capacity);
        go([&c] {
            for (int i = 1; i <= capacity + 1; ++i) {
                while (!try_give(c, i)) {
                    explore::pause();
                }
            }
        });
        for (int i = 1; i <= capacity + 1; ++i) {
            check(take(c) == i, "a value is lost, or comes before its time");
        }
        explore::join();
    });
}

template <class T, int capacity>
void tries_to_receive() {
    run([] {
        const chan<T> c(capacity);
        go([&c] {
            for (int i = 1; i <= capacity + 1; ++i) {
                give(c, i);
            }
            c.close();
        });
        for (int i = 1; i <= capacity + 1;) {
            if (const int got = try_take(c); got != nothing) {
                check(got == i++, "a value is lost, or comes before its time");
            } else {
                explore::pause();
            }
        }
        check(take(c) == closed, "a value more");
        explore::join();
    });
}

template <class T, int capacity>
void closed_for_receivers() {
    run([] {
        const chan<T> c(capacity);
        for (int i = 0; i < 2; ++i) {
            go([&c] { check(take(c) == closed, "a value that nobody has sent"); });
        }
        then([&c] { c.close(); });
        explore::join();
    });
}

// What has been sent is received, though the channel is closed meanwhile; nothing else is.
template <class T, int capacity>
void closed_for_senders() {
    run([] {
        const chan<T> c(capacity);
        runtime::atomic<int> sent{0};
        for (int i = 0; i < 2; ++i) {
            go([&] {
                if (!panics("send on closed channel", [&c] { c.send(T(1)); })) {
                    sent.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
        then([&c] { c.close(); });
        int got = 0;
        while (take(c) != closed) {
            ++got;
        }
        explore::join();
        check(got == sent.load(std::memory_order_relaxed), "a value is lost, or there twice");
    });
}

// And who waits with what he wants to send does not wait for ever.
template <class T, int capacity>
void closed_for_who_waits() {
    run([] {
        const chan<T> c(capacity);
        for (int i = 0; i <= capacity; ++i) {
            go([&c] { (void)panics("send on closed channel", [&c] { c.send(T(1)); }); });
        }
        until_wait(c, true, 1);
        c.close();
        explore::join();
    });
}

template <class T, int capacity>
void until_closed() {
    run([] {
        const chan<T> c(capacity);
        go([&c] {
            give(c, 1);
            give(c, 2);
            c.close();
        });
        int last = 0;
        for (const T& value : c) {
            check(number(value) == ++last, "a value is lost, or comes before its time");
        }
        check(last == 2, "a value is lost");
        explore::join();
    });
}

template <class T>
void closed_by_two() {
    run([] {
        const chan<T> c(0);
        runtime::atomic<int> panicked{0};
        for (int i = 0; i < 2; ++i) {
            go([&] {
                if (panics("close of closed channel", [&c] { c.close(); })) {
                    panicked.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
        check(take(c) == closed, "a value that nobody has sent");
        explore::join();
        check(panicked.load(std::memory_order_relaxed) == 1,
              "one has closed it, the other has not");
    });
}

// The last handle goes, and what is in the buffer with it.
template <class T>
void dropped_by_two() {
    run([] {
        {
            const chan<T> c(2);
            go([c] { give(c, 1); });
            give(c, 2);
        }
        explore::join();
    });
}

// What a select of two receives has received; from which of them.
template <class T>
std::pair<int, int> take_one(const chan<T>& c, const chan<T>& d) {
    std::pair<int, int> got{};
    then([&] {
        const auto seen = [&](std::optional<T> value) {
            got.second = value ? number(*value) : closed;
        };
        got.first = static_cast<int>(select(recv(c, seen), recv(d, seen)));
    });
    return got;
}

// Two selects, each of which could send to the other: one of the two does.
template <class T>
void select_against_select() {
    run([] {
        const chan<T> c(0);
        const chan<T> d(0);
        const auto either = [](const chan<T>& to, const chan<T>& from, int n) {
            int got = nothing;
            then([&] {
                select(send(to, T(n), [] {}), recv(from, [&](std::optional<T> value) {
                           got = value ? number(*value) : closed;
                       }));
            });
            return got;
        };
        int other = 0;
        go([&] { other = either(d, c, 2); });
        const int own_one = either(c, d, 1);
        explore::join();
        check((own_one == 2 && other == nothing) || (own_one == nothing && other == 1),
              "both have sent, or none");
    });
}

// The same channel in both cases.
template <class T>
void select_of_one_channel() {
    run([] {
        const chan<T> c(0);
        std::array<int, 2> got{nothing, nothing};
        for (int i = 0; i < 2; ++i) {
            go([&c, &mine = got.at(static_cast<std::size_t>(i)), i] {
                then([&] {
                    select(send(c, T(i), [] {}), recv(c, [&](std::optional<T> value) {
                               mine = value ? number(*value) : closed;
                           }));
                });
            });
        }
        explore::join();
        check((got[0] == 1 && got[1] == nothing) || (got[0] == nothing && got[1] == 0),
              "both have sent, or none");
    });
}

// Two come at the same time: one is first, the other is still to be had.
template <class T, int capacity>
void one_of_two() {
    run([] {
        const chan<T> c(capacity);
        const chan<T> d(capacity);
        go([&c] { give(c, 1); });
        go([&d] { give(d, 2); });
        const auto [which, got] = take_one(c, d);
        check(got == which + 1, "another value");
        check(take(which == 0 ? d : c) == 2 - which, "the one that has lost is lost");
        explore::join();
    });
}

// Two who have room for either.
template <class T>
void two_of_two() {
    run([] {
        const chan<T> c(0);
        const chan<T> d(0);
        int other = 0;
        go([&] { other = take_one(d, c).second; });
        go([&c] { give(c, 1); });
        go([&d] { give(d, 2); });
        const int mine = take_one(c, d).second;
        explore::join();
        check(mine + other == 3 && (mine == 1 || mine == 2), "a value is lost or there twice");
    });
}

// It waits at two, and one of those who come does not wait.
template <class T>
void one_comes_and_one_tries() {
    run([] {
        const chan<T> c(0);
        const chan<T> d(0);
        bool sent = false;
        go([&c] { (void)panics("send on closed channel", [&c] { c.send(T(1)); }); });
        go([&] { sent = try_give(d, 2); });
        const auto [which, got] = take_one(c, d);
        check(got == which + 1, "another value");
        if (which == 1) {
            c.close();
        }
        explore::join();
        check(sent == (which == 1), "try_send has sent to nobody, or has not sent");
    });
}

template <class T>
void one_comes_and_one_closes() {
    run([] {
        const chan<T> c(1);
        const chan<T> d(0);
        go([&c] { give(c, 1); });
        go([&d] { d.close(); });
        const auto [which, got] = take_one(c, d);
        check(got == (which == 0 ? 1 : closed), "another value");
        check(which == 0 ? take(d) == closed : take(c) == 1, "the one that has lost is lost");
        explore::join();
    });
}

// A select that sends, and the channel is closed.
template <class T>
void closed_for_a_select() {
    run([] {
        const chan<T> c(0);
        const chan<T> d(0);
        go([&c] { c.close(); });
        check(panics("send on closed channel",
                     [&] { select(send(c, T(1), [] {}), recv(d, [](std::optional<T>) {})); }),
              "it has sent to nobody");
        explore::join();
    });
}

// There is always a value in one of the two, though not always in the same: none in both at no
// instant.
template <class T>
void never_otherwise() {
    run([] {
        const chan<T> c(1);
        const chan<T> d(1);
        give(c, 1);
        go([&] {
            give(d, 2);
            (void)try_take(c);
        });
        bool none = false;
        then([&] {
            select(recv(d, [](std::optional<T>) {}), recv(c, [](std::optional<T>) {}),
                   otherwise([&] { none = true; }));
        });
        check(!none, "there is something at each instant, and a select finds nothing");
        explore::join();
    });
}

// What takes no second goroutine: what can be done at once, and what cannot.
template <class T, int capacity>
void alone() {
    run([] {
        const chan<T> none;
        check(!try_give(none, 1) && try_take(none) == nothing,
              "a channel that is not there takes or gives");
        check(none.len() == 0 && none.cap() == 0, "a channel that is not there has room");
        check(panics("close of nil channel", [&] { none.close(); }), "it is closed");

        const chan<T> c(capacity);
        for (int i = 1; i <= capacity; ++i) {
            check(try_give(c, i), "there is room, and it is not taken");
        }
        check(c.len() == capacity && c.cap() == capacity, "another length");
        check(!try_give(c, 9), "there is no room, and it is taken");
        for (int i = 1; i <= capacity; ++i) {
            check(try_take(c) == i, "another value");
        }
        check(try_take(c) == nothing, "there is a value that nobody sent");
        for (int i = 0; i < capacity; ++i) {
            check(try_give(c, i), "no room");
        }
        c.close();
        check(panics("send on closed channel", [&] { give(c, 1); }),
              "a closed channel takes a value");
        check(panics("send on closed channel", [&] { (void)try_give(c, 1); }),
              "a closed channel takes a value");
        check(panics("close of closed channel", [&] { c.close(); }), "it is closed twice");
        for (int i = 0; i < capacity; ++i) {
            check(take(c) == i, "what was sent before the end is lost");
        }
        check(take(c) == closed && try_take(c) == closed, "it is not closed");
    });
}

// Selects of no case, of one, of more than are sorted by insertion, and in order.
template <class T>
void selects_alone() {
    run([] {
        bool none = false;
        select(otherwise([&] { none = true; }));
        check(none, "something is chosen of nothing");

        const chan<T> c(2);
        const auto nobody = [](std::optional<T>) { check(false, "another case"); };
        none = false;
        then([&] { select(recv(c, nobody), otherwise([&] { none = true; })); });
        check(none, "something is chosen that is not there");
        then([&] { select(send(c, T(1), [] {})); });
        then([&] { rt0::select_in_order(send(c, T(2), [] {}), recv(c, nobody)); });
        int got = 0;
        const auto takes = [&](std::optional<T> value) { got = number(*value); };
        then([&] { select(recv(c, takes)); });
        check(got == 1, "another value");

        std::vector<chan<T>> many;
        std::array<rt0::received<T>, 20> places;
        std::vector<rt0::select_case> cases;
        many.reserve(places.size());
        cases.reserve(places.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            many.emplace_back(1);
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            cases.emplace_back(many[i * 7 % 20], places[i]);
        }
        const auto got_in = [&](std::size_t place) { return number(*places[place].take()); };
        check(!then([&] { return rt0::try_select(cases); }),
              "something is chosen of what is empty");
        give(many[3], 3);
        check(then([&] { return select(cases); }) == 9 && got_in(9) == 3, "another case");
        give(many[4], 4);
        give(many[7], 7);
        check(then([&] { return rt0::select_in_order(cases); }) == 1 && got_in(1) == 7,
              "not the first one");
        check(then([&] { return rt0::try_select_in_order(cases); }) == 12 && got_in(12) == 4,
              "another case");
    });
}

// One that waits in order, and another one for it.
template <class T>
void waits_in_order() {
    run([] {
        const chan<T> c(0);
        const chan<T> d(1);
        go([&] {
            give(d, 2);
            give(c, 1);
        });
        int sum = 0;
        for (int i = 0; i < 2; ++i) {
            const auto takes = [&](std::optional<T> value) { sum += number(*value); };
            then([&] { rt0::select_in_order(recv(c, takes), recv(d, takes)); });
        }
        check(sum == 3, "a value is lost or there twice");
        explore::join();
    });
}

void refused() {
    run([] {
        const char* const size = "makechan: size out of range";
        check(panics(size,
                     [] {
                         (void)rt0::detail::make_channel(std::size_t{INT32_MAX} + 1, 1, 1, nullptr);
                     }),
              "many");
        check(panics(size,
                     [] {
                         (void)rt0::detail::make_channel(1, std::size_t{UINT32_MAX} + 1, 1,
                                                         nullptr);
                     }),
              "large");
        check(panics(size,
                     [] { (void)rt0::detail::make_channel(1, 1, std::size_t{1} << 24, nullptr); }),
              "aligned");
        check(panics("select: too many cases (max 65536)", [] { rt0::detail::too_many_cases(); }),
              "too many");
    });
}

constexpr std::array<explore::model, 38> models{{
    {"unbuffered", one_to_one<parcel, 0>, {.preemptions = 3, .stale = 1}},
    {"unbuffered_plain", one_to_one<int, 0>, {.preemptions = 3, .stale = 1}},
    {"buffered", one_to_one<parcel, 1>, {.preemptions = 2, .stale = 1}},
    {"buffered_plain", one_to_one<int, 1>, {.preemptions = 2, .stale = 1}},
    {"two_senders", two_to_one<parcel, 0>, {.preemptions = 2, .stale = 0}},
    {"two_senders_buffered", two_to_one<int, 1>, {.preemptions = 2, .stale = 1}},
    {"two_receivers", one_to_two<int, 0>, {.preemptions = 2, .stale = 1}},
    {"two_receivers_buffered", one_to_two<parcel, 1>, {.preemptions = 2, .stale = 0}},
    {"an_owner", one_has_had_it_alone<parcel>, {.preemptions = 3, .stale = 1}},
    {"never_empty", never_empty<int, 2, 0>, {.preemptions = 3, .stale = 2}},
    {"never_empty_one_waits", never_empty<int, 1, 1>, {.preemptions = 2, .stale = 1}},
    {"never_empty_two_wait", never_empty<parcel, 0, 2>, {.preemptions = 1, .stale = 1}},
    {"never_full", never_full<int>, {.preemptions = 3, .stale = 2}},
    {"received_or_closed", received_or_closed<int>, {.preemptions = 2, .stale = 2}},
    {"value_or_closed", value_or_closed<int>, {.preemptions = 3, .stale = 2}},
    {"tries_to_send", tries_to_send<int, 0>, {.preemptions = 2, .stale = 1}},
    {"tries_to_receive", tries_to_receive<int, 0>, {.preemptions = 2, .stale = 1}},
    {"closed_for_receivers", closed_for_receivers<int, 0>, {.preemptions = 2, .stale = 1}},
    {"closed_for_senders", closed_for_senders<parcel, 1>, {.preemptions = 2, .stale = 1}},
    {"closed_for_who_waits", closed_for_who_waits<parcel, 1>, {.preemptions = 1, .stale = 1}},
    {"until_closed", until_closed<parcel, 1>, {.preemptions = 2, .stale = 1}},
    {"closed_by_two", closed_by_two<int>, {.preemptions = 2, .stale = 1}},
    {"dropped_by_two", dropped_by_two<parcel>, {.preemptions = 3, .stale = 1}},
    {"select_against_select", select_against_select<parcel>, {.preemptions = 2, .stale = 1}},
    {"select_of_one_channel", select_of_one_channel<int>, {.preemptions = 2, .stale = 1}},
    {"one_of_two", one_of_two<parcel, 0>, {.preemptions = 2, .stale = 0}},
    {"two_of_two", two_of_two<int>, {.preemptions = 1, .stale = 0}},
    {"one_comes_and_one_tries", one_comes_and_one_tries<int>, {.preemptions = 2, .stale = 1}},
    {"closed_for_a_select", closed_for_a_select<parcel>, {.preemptions = 3, .stale = 1}},
    {"one_comes_and_one_closes", one_comes_and_one_closes<parcel>, {.preemptions = 2, .stale = 0}},
    {"never_otherwise", never_otherwise<int>, {.preemptions = 3, .stale = 1}},
    {"alone", alone<parcel, 2>, {.preemptions = 1, .stale = 0}},
    {"alone_unbuffered", alone<parcel, 0>, {.preemptions = 1, .stale = 0}},
    {"alone_plain", alone<int, 2>, {.preemptions = 1, .stale = 0}},
    {"alone_large", alone<large, 1>, {.preemptions = 1, .stale = 0}},
    {"selects_alone", selects_alone<parcel>, {.preemptions = 1, .stale = 0}},
    {"waits_in_order", waits_in_order<int>, {.preemptions = 2, .stale = 1}},
    {"refused", refused, {.preemptions = 1, .stale = 0}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
