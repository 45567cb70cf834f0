// Select: what Go's tests ask of it (docs/conformance.md), and what C++ adds.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "channels.h"
#include "run.h"

namespace {

using channel = rt0::chan<int>;

// Of what a test does not want to be called.
void never() {
    check(false);
}
void nothing() {}

// doubleselect: of a value that several cases could send one does.
void double_select() {
    const channel c1(0);
    const channel c2(0);
    const channel c3(0);
    const channel c4(0);
    const channel all(0);
    constexpr int count = 3000;
    rt0::go([&] {
        for (int i = 0; i < count; ++i) {
            rt0::select(rt0::send(c1, i, nothing), rt0::send(c2, i, nothing),
                        rt0::send(c3, i, nothing), rt0::send(c4, i, nothing));
        }
        for (const channel* const c : {&c1, &c2, &c3, &c4}) {
            c->close();
        }
    });
    rt0::wait_group group;
    for (const channel* const c : {&c1, &c2, &c3, &c4}) {
        group.go([&all, c] {
            for (const int i : *c) {
                all.send(i);
            }
        });
    }
    rt0::go([&] {
        group.wait();
        all.close();
    });
    std::vector<int> seen(count);
    for (const int i : all) {
        ++seen.at(static_cast<size_t>(i));
    }
    check(std::ranges::all_of(seen, [](int n) { return n == 1; }));
}

// select: each case is taken, by a loop that goes on until all are done; null ones are not there.
void both_sent() {
    const channel a(1);
    const channel b(1);
    channel to_a = a;
    channel to_b = b;
    int shift = 0;
    while (to_a || to_b) {
        ++shift;
        rt0::select(rt0::send(to_a, shift, [&] { to_a = {}; }),
                    rt0::send(to_b, shift, [&] { to_b = {}; }));
    }
    const int first = a.recv().value_or(-1);
    const int second = b.recv().value_or(-1);
    check(shift == 2 && first + second == 3 && first != second);
}

// /proc/self/statm's second number: the pages that are there.
long pages() {
    auto file = rt0::file::open("/proc/self/statm");
    check(file.has_value());
    std::array<char, 200> text{};
    (void)file->read(std::as_writable_bytes(std::span(text)));
    const char* at = std::ranges::find(text, ' ') + 1;
    long number = 0;
    for (; *at >= '0' && *at <= '9'; ++at) {
        number = number * 10 + (*at - '0');
    }
    check(number > 0);
    return number;
}

// select2: it keeps nothing of cases that were not taken.
void leaks_nothing() {
    const channel c(0);
    const channel other(0);
    rt0::wait_group group;
    constexpr int warm = 5'000;
    constexpr int count = 50'000; // Go: 100,000
    group.go([&] {
        for (int i = 0; i < warm + count; ++i) {
            c.send(i);
        }
    });
    long before = 0;
    for (int i = 0; i < warm + count; ++i) {
        if (i == warm) {
            before = pages();
        }
        rt0::select(rt0::recv(c, [i](std::optional<int> v) { check(v == i); }),
                    rt0::recv(other, never));
    }
    group.wait();
    check(pages() - before < 64);
    check(!receiver_waits(other));
}

// select3: for every state of a channel and every form, whether it waits. Those that do are told
// by an otherwise, and by being left alone with a case that somebody takes after a while.
struct state {
    channel c;
    bool receives;
    bool sends;
};

void matrix() {
    const auto make = [] {
        std::vector<state> states;
        states.push_back({channel(), false, false});  // null
        states.push_back({channel(0), false, false}); // nobody there
        states.push_back({channel(10), false, true}); // empty
        states.push_back({channel(1), true, false});  // full
        states.back().c.send(1);
        states.push_back({channel(2), true, true}); // half full
        states.back().c.send(1);
        states.push_back({channel(0), true, false}); // closed: sends panic
        states.back().c.close();
        states.push_back({channel(1), true, false}); // closed, with a value
        states.back().c.send(1);
        states.back().c.close();
        return states;
    };
    const size_t kinds = make().size();
    const auto goes_on = [](bool should, const std::function<void()>& f) {
        const auto done = std::make_shared<std::atomic<bool>>(false);
        rt0::go([done, f] {
            f();
            *done = true;
        });
        if (should) {
            until([&] { return done->load(); });
        } else {
            for_a_while();
            check(!*done); // and stays there
        }
    };
    for (size_t kind = 0; kind < kinds; ++kind) {
        const auto fresh = [&] { return make().at(kind); };
        const state expected = fresh();
        const bool open = kind < 5;
        // On its own.
        goes_on(expected.receives, [c = fresh().c] { c.recv(); });
        goes_on(expected.receives, [c = fresh().c] { rt0::select(rt0::recv(c, nothing)); });
        check(fresh().c.try_recv().has_value() == (expected.receives && fresh().c.len() != 0));
        if (open) {
            goes_on(expected.sends, [c = fresh().c] { c.send(1); });
            goes_on(expected.sends, [c = fresh().c] { rt0::select(rt0::send(c, 1, nothing)); });
            check(fresh().c.try_send(1) == expected.sends);
        }
        // With an otherwise, with another that is null, with two.
        for (const bool in_order : {false, true}) {
            const auto with = [&](auto&&... cases) {
                return in_order ? rt0::select_in_order(cases...) : rt0::select(cases...);
            };
            const channel null;
            check(with(rt0::recv(fresh().c, nothing), rt0::otherwise(nothing)) ==
                  (expected.receives ? 0 : 1));
            check(with(rt0::otherwise(nothing), rt0::recv(null, never),
                       rt0::recv(fresh().c, nothing)) == (expected.receives ? 2 : 0));
            if (open) {
                check(with(rt0::otherwise(nothing), rt0::send(fresh().c, 1, nothing)) ==
                      (expected.sends ? 1 : 0));
                const channel c = fresh().c;
                const size_t taken =
                    with(rt0::send(c, 1, nothing), rt0::recv(c, nothing), rt0::otherwise(nothing));
                check(expected.sends || expected.receives
                          ? (expected.sends && taken == 0) || (expected.receives && taken == 1)
                          : taken == 2);
                check(!in_order || !expected.sends || taken == 0);
            }
        }
        goes_on(expected.receives, [c = fresh().c] {
            const channel null;
            rt0::select(rt0::recv(c, nothing), rt0::send(null, 1, never));
        });
    }
    goes_on(false, [] { rt0::select(); });
    goes_on(false, [] {
        const channel null;
        rt0::select(rt0::recv(null, never), rt0::send(null, 1, never), rt0::recv(null, never));
    });
}

// select4, 4313, 8336: the channels and the values are asked for once each, before anything is
// chosen; what is to be done is done for the one that was chosen, and for no other.
void evaluated_once() {
    int channels = 0;
    int values = 0;
    const channel c(1);
    const channel null;
    const auto of = [&](const channel& which) {
        ++channels;
        return which;
    };
    const auto value = [&](int v) {
        ++values;
        return v;
    };
    c.send(42);
    int got = 0;
    rt0::select(rt0::recv(of(c), [&](std::optional<int> v) { got = v.value_or(0); }),
                rt0::recv(of(null), never), rt0::send(of(null), value(1), never));
    check(got == 42 && channels == 3 && values == 1);
    rt0::select(rt0::send(of(null), value(1), never), rt0::otherwise([&] { got = 1; }));
    check(got == 1 && channels == 4 && values == 2);
    // Where the handler changes what the case was made of.
    channel mine(1);
    const channel was = mine;
    rt0::select(rt0::send(mine, 5, [&] { mine = {}; }));
    check(!mine && was.recv() == 5);
}

// select5: every number of cases up to some, each of them to receive or to send, with an otherwise
// and without, written and at run time: whichever can be taken is, and if none can, the otherwise.
template <size_t count, unsigned receives, bool has_otherwise>
struct form {
    static constexpr bool is_receive(size_t i) { return (receives >> i & 1U) != 0; }
    template <size_t i>
    static auto one(const channel& c, size_t& called) {
        if constexpr (is_receive(i)) {
            return rt0::recv(c, [&called](std::optional<int> v) {
                check(v == 7);
                called = i;
            });
        } else {
            return rt0::send(c, static_cast<int>(i), [&called] { called = i; });
        }
    }
    template <size_t... i>
    static void run(std::index_sequence<i...> /*places*/) {
        // Of those of which the bit is set something can be done.
        for (unsigned ready = has_otherwise ? 0 : 1; ready < 1U << count; ++ready) {
            const std::array<channel, count> c{
                channel(is_receive(i) || (ready >> i & 1U) ? 1U : 0U)...};
            for (size_t n = 0; n < count; ++n) {
                if (is_receive(n) && (ready >> n & 1U) != 0) {
                    c.at(n).send(7);
                }
            }
            size_t called = 99;
            size_t taken = 99;
            if constexpr (has_otherwise) {
                taken =
                    rt0::select(one<i>(c[i], called)..., rt0::otherwise([&] { called = count; }));
            } else {
                taken = rt0::select(one<i>(c[i], called)...);
            }
            check(taken == called);
            check(ready == 0 ? taken == count : taken < count && (ready >> taken & 1U) != 0);
            for (size_t n = 0; n < count; ++n) {
                const bool can = (ready >> n & 1U) != 0;
                check(c.at(n).len() ==
                      (is_receive(n) ? (can && n != taken ? 1U : 0U) : (n == taken ? 1U : 0U)));
            }
            // The same at run time.
            at_run_time(c, ready);
        }
    }
    static void at_run_time(const std::array<channel, count>& c, unsigned ready) {
        std::array<rt0::received<int>, count> to;
        std::array<int, count> values{};
        std::vector<rt0::select_case> cases;
        for (size_t n = 0; n < count; ++n) {
            (void)c.at(n).try_recv();
            if (is_receive(n)) {
                if ((ready >> n & 1U) != 0) {
                    c.at(n).send(7);
                }
                cases.emplace_back(c.at(n), to.at(n));
            } else {
                values.at(n) = static_cast<int>(n);
                cases.emplace_back(c.at(n), values.at(n));
            }
        }
        const std::optional<size_t> taken =
            has_otherwise ? rt0::try_select(cases) : std::optional(rt0::select(cases));
        check(taken.has_value() == (ready != 0));
        for (size_t n = 0; n < count; ++n) {
            check(to.at(n).take() ==
                  (taken == n && is_receive(n) ? std::optional(7) : std::nullopt));
            check(!to.at(n).take().has_value());
        }
    }
};

template <size_t count, unsigned... receives>
void forms(std::integer_sequence<unsigned, receives...> /*masks*/) {
    constexpr std::make_index_sequence<count> places;
    (form<count, receives, false>::run(places), ...);
    (form<count, receives, true>::run(places), ...);
}

void every_form() {
    forms<1>(std::make_integer_sequence<unsigned, 2>());
    forms<2>(std::make_integer_sequence<unsigned, 4>());
    forms<3>(std::integer_sequence<unsigned, 2, 5>());
}

// select6, TestSelectDuplicateChannel: a case that was not taken is out of its queue, wherever it
// was in it.
void losers_leave() {
    for (int place = 0; place < 3; ++place) {
        const channel c(0);
        const channel other(0);
        rt0::wait_group group;
        std::atomic<int> waiting = 0;
        std::array<std::atomic<int>, 3> got{};
        for (int i = 0; i < 3; ++i) {
            group.go([&, i] {
                if (i == place) {
                    ++waiting;
                    rt0::select(rt0::recv(c, never), rt0::recv(other, nothing),
                                rt0::recv(c, never));
                } else {
                    ++waiting;
                    got.at(static_cast<size_t>(i)) = c.recv().value_or(-1);
                }
            });
            until([&] { return waiting == i + 1; });
            for_a_while();
        }
        until([&] { return receiver_waits(other); });
        other.send(1);
        for_a_while();
        c.send(1);
        c.send(2);
        group.wait();
        check(!receiver_waits(c) && !receiver_waits(other));
        check(got[0] + got[1] + got[2] == 3);
    }
    // In a select that is taken again and again.
    const channel c1(0);
    const channel c2(0);
    const channel c3(0);
    rt0::wait_group group;
    constexpr int count = 1000;
    group.go([&] {
        for (int i = 0; i < count; ++i) {
            rt0::select(rt0::recv(c1, nothing), rt0::recv(c2, nothing), rt0::recv(c3, never));
        }
    });
    group.go([&] {
        for (int i = 0; i < count / 2; ++i) {
            c1.send(i);
        }
    });
    group.go([&] {
        for (int i = 0; i < count / 2; ++i) {
            c2.send(i);
        }
    });
    group.wait();
    check(!receiver_waits(c1) && !receiver_waits(c2) && !receiver_waits(c3));
}

// select7: every form of a sender with every form of a receiver, whoever comes first.
void sender_and_receiver() {
    const std::array<void (*)(const channel&), 6> receivers{
        [](const channel& c) { check(c.recv() == 1); },
        [](const channel& c) { until([&] { return c.try_recv() == 1; }); },
        [](const channel& c) {
            rt0::select(rt0::recv(c, [](std::optional<int> v) { check(v == 1); }));
        },
        [](const channel& c) {
            const channel other(0);
            rt0::select(rt0::recv(other, never),
                        rt0::recv(c, [](std::optional<int> v) { check(v == 1); }));
        },
        [](const channel& c) {
            for (bool got = false; !got;) {
                rt0::select(rt0::recv(c, [&](std::optional<int> v) { got = v == 1; }),
                            rt0::otherwise([] { rt0::yield(); }));
            }
        },
        [](const channel& c) {
            const channel other(0);
            rt0::received<int> to;
            rt0::received<int> none;
            std::array<rt0::select_case, 2> cases{{{other, none}, {c, to}}};
            check(rt0::select_in_order(cases) == 1 && to.take() == 1);
        },
    };
    const std::array<void (*)(const channel&), 6> senders{
        [](const channel& c) { c.send(1); },
        [](const channel& c) { until([&] { return c.try_send(1); }); },
        [](const channel& c) { rt0::select(rt0::send(c, 1, nothing)); },
        [](const channel& c) {
            const channel other(0);
            rt0::select(rt0::send(c, 1, nothing), rt0::send(other, 2, never));
        },
        [](const channel& c) {
            for (bool sent = false; !sent;) {
                rt0::select(rt0::send(c, 1, [&] { sent = true; }),
                            rt0::otherwise([] { rt0::yield(); }));
            }
        },
        [](const channel& c) {
            const channel other(0);
            int one = 1;
            int two = 2;
            std::array<rt0::select_case, 2> cases{{{c, one}, {other, two}}};
            check(rt0::select(cases) == 0);
        },
    };
    for (const auto receiver : receivers) {
        for (const auto sender : senders) {
            for (int order = 0; order < 3; ++order) {
                // Two that only look never see each other where there is no room.
                const bool both_look = (receiver == receivers[1] || receiver == receivers[4]) &&
                                       (sender == senders[1] || sender == senders[4]);
                const channel c(order == 2 || both_look ? 1U : 0U);
                rt0::wait_group group;
                group.go([&] { (order == 0 ? receiver : sender)(c); });
                for (int i = 0; i < 3; ++i) {
                    rt0::yield();
                }
                (order == 0 ? sender : receiver)(c);
                group.wait();
                check(c.len() == 0 && !sender_waits(c) && !receiver_waits(c));
            }
        }
    }
}

// select8: out of the middle of a case.
int out_of_a_case() {
    const channel c(1);
    c.send(1);
    for (;;) {
        int got = 0;
        rt0::select(rt0::recv(c, [&](std::optional<int> v) {
            if (v == 1) {
                return;
            }
            got = 1;
        }));
        return got;
    }
}

// TestNonblockSelectRace, and the second: none can be taken is so at one instant, and there is
// always one that can.
void one_instant() {
    for (const bool close : {false, true}) {
        for (int i = 0; i < 1500; ++i) {
            const channel c1(1);
            const channel c2(close ? 0U : 1U);
            c1.send(1);
            rt0::wait_group group;
            group.go([&] {
                rt0::select(rt0::recv(c1, nothing), rt0::recv(c2, nothing), rt0::otherwise(never));
            });
            if (close) {
                c2.close();
            } else {
                c2.send(1);
            }
            (void)c1.try_recv();
            group.wait();
        }
    }
}

// TestSelfSelect: both ends in one select. Without a buffer nobody gets what he has sent.
void self_select() {
    for (const size_t capacity : {0U, 10U}) {
        const channel c(capacity);
        rt0::wait_group group;
        for (int p = 0; p < 2; ++p) {
            group.go([&, p] {
                for (int i = 0; i < 1000; ++i) {
                    const auto on_receive = [&](std::optional<int> v) {
                        check(v.has_value() && (capacity != 0 || v != p));
                    };
                    // The last of the other's may be gone.
                    if (p == 0 || i % 2 == 0) {
                        rt0::select(rt0::send(c, p, nothing), rt0::recv(c, on_receive),
                                    rt0::otherwise([] { rt0::yield(); }));
                    } else {
                        rt0::select(rt0::recv(c, on_receive), rt0::send(c, p, nothing),
                                    rt0::otherwise([] { rt0::yield(); }));
                    }
                }
            });
        }
        group.wait();
    }
    // And waits, with nobody else to take what it sends.
    const channel c(0);
    rt0::wait_group group;
    for (int p = 0; p < 2; ++p) {
        group.go([&, p] {
            rt0::select(rt0::send(c, p, nothing),
                        rt0::recv(c, [&](std::optional<int> v) { check(v == 1 - p); }));
        });
    }
    group.wait();
}

// TestSelectStress: four channels, with and without buffers; senders and receivers, each of its
// own and all of them by selects.
void stress() {
    constexpr int count = 4000; // Go: 10,000
    const std::array<channel, 4> c{channel(0), channel(0), channel(2), channel(3)};
    rt0::wait_group group;
    std::atomic<int> received = 0;
    for (const channel& one : c) {
        group.go([&one] {
            for (int i = 0; i < count; ++i) {
                one.send(i);
                if (i % 64 == 0) {
                    rt0::yield();
                }
            }
        });
        group.go([&one, &received] {
            for (int i = 0; i < count; ++i) {
                received += one.recv().has_value() ? 1 : 0;
            }
        });
    }
    group.go([&] {
        std::array<int, 4> left{count, count, count, count};
        std::array<channel, 4> to = c;
        const auto sent = [&](size_t i) {
            if (--left.at(i) == 0) {
                to.at(i) = {};
            }
        };
        for (int i = 0; i < 4 * count; ++i) {
            rt0::select(
                rt0::send(to[3], 0, [&] { sent(3); }), rt0::send(to[2], 0, [&] { sent(2); }),
                rt0::send(to[0], 0, [&] { sent(0); }), rt0::send(to[1], 0, [&] { sent(1); }));
        }
    });
    group.go([&] {
        std::array<int, 4> left{count, count, count, count};
        std::array<channel, 4> from = c;
        const auto got = [&](size_t i) {
            ++received;
            if (--left.at(i) == 0) {
                from.at(i) = {};
            }
        };
        for (int i = 0; i < 4 * count; ++i) {
            rt0::select(rt0::recv(from[0], [&] { got(0); }), rt0::recv(from[1], [&] { got(1); }),
                        rt0::recv(from[2], [&] { got(2); }), rt0::recv(from[3], [&] { got(3); }));
        }
    });
    group.wait();
    check(received == 8 * count);
}

// TestSelectFairness, TestPseudoRandomSend: within 10 sigma of even, of two, of four, of many.
void fairness() {
    constexpr int trials = 10'000;
    const channel a(trials + 1);
    const channel b(trials + 1);
    for (int i = 0; i <= trials; ++i) {
        a.send(0);
        b.send(1);
    }
    std::array<int, 2> of_two{};
    for (int i = 0; i < trials; ++i) {
        rt0::select(rt0::recv(a, [&] { ++of_two[0]; }), rt0::recv(b, [&] { ++of_two[1]; }));
    }
    check(std::abs(of_two[0] - of_two[1]) < 10 * 100);
    for (const size_t capacity : {0U, 50'000U}) {
        const channel c(capacity);
        std::array<int, 4> of_four{};
        rt0::wait_group group;
        group.go([&] {
            for (int i = 0; i < 2000; ++i) {
                rt0::select(rt0::send(c, 0, nothing), rt0::send(c, 1, nothing),
                            rt0::send(c, 2, nothing), rt0::send(c, 3, nothing));
            }
        });
        for (int i = 0; i < 2000; ++i) {
            ++of_four.at(static_cast<size_t>(c.recv().value_or(0)));
        }
        group.wait();
        check(*std::ranges::min_element(of_four) > 200);
    }
    // Of those that wait for the same channel; in order, the first.
    for (const bool in_order : {false, true}) {
        const channel c(0);
        std::array<int, 3> of_three{};
        std::atomic<int> begun = 0;
        rt0::wait_group group;
        group.go([&] {
            for (int i = 0; i < 300; ++i) {
                ++begun; // nothing of the one before is in the queue
                if (in_order) {
                    rt0::select_in_order(rt0::send(c, 0, nothing), rt0::send(c, 1, nothing),
                                         rt0::send(c, 2, nothing));
                } else {
                    rt0::select(rt0::send(c, 0, nothing), rt0::send(c, 1, nothing),
                                rt0::send(c, 2, nothing));
                }
            }
        });
        for (int i = 0; i < 300; ++i) {
            until([&] { return begun == i + 1 && sender_waits(c); });
            ++of_three.at(static_cast<size_t>(c.recv().value_or(0)));
        }
        group.wait();
        check(in_order ? of_three[0] == 300 : *std::ranges::min_element(of_three) > 50);
    }
    // Those that cannot be taken take nothing from the others' chances. At run time.
    constexpr size_t many = 100;
    std::vector<channel> channels;
    std::vector<rt0::received<int>> to(many);
    std::vector<rt0::select_case> cases;
    for (size_t i = 0; i < many; ++i) {
        channels.emplace_back(i % 4 == 0 ? 200U : 0U);
        for (int n = 0; i % 4 == 0 && n < 200; ++n) {
            channels.back().send(n);
        }
        cases.emplace_back(channels.back(), to.at(i));
    }
    std::array<int, many> seen{};
    for (int i = 0; i < 1000; ++i) {
        const size_t taken = rt0::select(cases);
        check(to.at(taken).take().has_value());
        ++seen.at(taken);
    }
    for (size_t i = 0; i < many; ++i) {
        check(i % 4 == 0 ? seen.at(i) > 5 && seen.at(i) < 120 : seen.at(i) == 0);
    }
}

// chanlinear: who waits in many selects for the same is out of its queue at once. With a look at
// all of those who wait it would take a minute.
void long_queues() {
    constexpr int count = 20'000;
    const channel shared(0);
    std::vector<channel> own;
    rt0::wait_group group;
    for (int i = 0; i < count; ++i) {
        own.emplace_back(0U);
        group.go([&shared, c = own.back()] {
            rt0::select(rt0::recv(shared, never), rt0::recv(c, nothing));
        });
    }
    for (int i = 0; i < count; ++i) {
        own.at(static_cast<size_t>(i) * 7919 % count).send(1);
    }
    group.wait();
    check(!receiver_waits(shared));
}

// TestChanSendInterface: values of several types, in sends that may all be taken. (Not
// std::variant: Clang does not compile its visits with segmented stacks where it does not
// optimise.)
struct one_of {
    one_of(int i) // NOLINT(google-explicit-constructor): as a variant is made
        : number(i) {}
    one_of(const char* s) // NOLINT(google-explicit-constructor)
        : text(s) {}
    one_of(std::unique_ptr<int> p) // NOLINT(google-explicit-constructor)
        : pointer(std::move(p)) {}
    int number = 0;
    std::string text;
    std::unique_ptr<int> pointer;
};

void several_types() {
    const rt0::chan<one_of> c(1);
    for (int i = 0; i < 20; ++i) {
        rt0::select(rt0::send(c, 1, nothing), rt0::send(c, "text", nothing),
                    rt0::send(c, std::make_unique<int>(2), nothing));
        rt0::select(rt0::recv(c, [](std::optional<one_of> v) {
            check(v.has_value());
            const int kinds = (v->number == 1 ? 1 : 0) + (v->text == "text" ? 1 : 0) +
                              (v->pointer != nullptr && *v->pointer == 2 ? 1 : 0);
            check(kinds == 1);
        }));
    }
}

// C++'s.

std::atomic<int> alive;
struct counted {
    explicit counted(int i)
        : number(i) {
        ++alive;
    }
    counted(counted&& other) noexcept
        : number(std::exchange(other.number, -1)) {
        check(other.place == &other);
        ++alive;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() {
        check(place == this);
        place = nullptr;
        --alive;
    }
    int number;
    const counted* place = this;
};

// What a case that is not taken was to send stays with the caller; what one has received is
// destroyed, whoever takes it or does not.
void values_stay() {
    {
        const rt0::chan<counted> c(1);
        const rt0::chan<counted> full(0);
        counted a(1);
        counted b(2);
        check(rt0::select(rt0::send(full, std::move(b), never),
                          rt0::send(c, std::move(a), nothing)) == 1);
        check(a.number == -1 && b.number == 2); // NOLINT(bugprone-use-after-move)
        check(rt0::select(rt0::send(full, std::move(b), never), rt0::otherwise(nothing)) == 1);
        check(b.number == 2); // NOLINT(bugprone-use-after-move)
        rt0::select(rt0::recv(c, nothing), rt0::recv(full, never)); // nobody wants it
        check(alive == 2);
        // In several queues, and then in none.
        rt0::wait_group group;
        counted d(4);
        group.go([&] {
            rt0::select(rt0::send(full, std::move(b), nothing),
                        rt0::send(rt0::chan<counted>(0), std::move(d), never));
        });
        until([&] { return sender_waits(full); });
        check(full.recv().has_value());
        group.wait();
        check(b.number == -1 && d.number == 4); // NOLINT(bugprone-use-after-move)
    }
    check(alive == 0);
    // An lvalue is copied.
    const rt0::chan<std::string> c(1);
    const std::string text(50, 'x');
    rt0::select(rt0::send(c, text, nothing));
    check(c.recv() == text);
    // What is not of the type is converted, as by an argument.
    const int i = 5;
    const rt0::chan<size_t> sizes(1);
    rt0::select(rt0::send(sizes, i, nothing));
    check(sizes.recv() == 5);
}

// Cases that are written once and used many times.
void used_again() {
    {
        const rt0::chan<counted> c(1);
        const channel stop(1);
        int sum = 0;
        auto next = rt0::recv(c, [&](std::optional<counted> v) { sum += v ? v->number : 0; });
        auto dropped = rt0::recv(c, [&] { ++sum; });
        auto end = rt0::recv(stop, nothing);
        for (int i = 1; i <= 5; ++i) {
            c.send(counted(i));
            check(rt0::select(next, end) == 0);
            c.send(counted(i));
            check(rt0::select_in_order(dropped, end) == 0);
        }
        check(sum == 15 + 5);
        stop.send(1);
        check(rt0::select(next, end) == 1);
        check(alive == 1); // what nobody has wanted
        // At run time.
        rt0::received<counted> to;
        rt0::received<int> stopped;
        std::array<rt0::select_case, 2> cases{{{c, to}, {stop, stopped}}};
        for (int i = 1; i <= 5; ++i) {
            c.send(counted(i));
            check(rt0::select(cases) == 0);
            const std::optional<counted> got = to.take();
            check(got.has_value() && got->number == i && !to.take().has_value());
        }
        c.close();
        check(rt0::select(cases) == 0 && !to.take().has_value());
    }
    check(alive == 0);
}

void in_order() {
    const channel a(3);
    const channel b(3);
    for (int i = 0; i < 3; ++i) {
        a.send(i);
        b.send(i);
    }
    for (int i = 0; i < 3; ++i) {
        check(rt0::select_in_order(rt0::recv(a, nothing), rt0::recv(b, never)) == 0);
    }
    check(rt0::select_in_order(rt0::recv(a, never), rt0::recv(b, nothing)) == 1);
    rt0::received<int> from_a;
    rt0::received<int> from_b;
    std::array<rt0::select_case, 2> cases{{{a, from_a}, {b, from_b}}};
    a.send(9);
    check(rt0::select_in_order(cases) == 0 && from_a.take() == 9);
    check(rt0::try_select_in_order(cases) == 1 && from_b.take() == 1);
    check(rt0::try_select_in_order(cases) == 1 && from_b.take() == 2);
    check(!rt0::try_select_in_order(cases).has_value());
    check(!rt0::try_select({}).has_value());
    // It waits where none can be taken.
    rt0::wait_group group;
    group.go([&] { check(rt0::select_in_order(cases) == 1); });
    until([&] { return receiver_waits(b); });
    b.send(1);
    group.wait();
}

// As many as there may be: each of another channel, and then all of one.
void most_cases() {
    constexpr size_t most = 65536;
    std::vector<channel> channels;
    std::vector<rt0::received<int>> to(most);
    std::vector<rt0::select_case> cases;
    channels.reserve(most);
    cases.reserve(most);
    for (size_t i = 0; i < most; ++i) {
        channels.emplace_back(0U);
        cases.emplace_back(channels.back(), to.at(i));
    }
    check(!rt0::try_select(cases).has_value());
    rt0::wait_group group;
    for (const size_t wanted : {most - 1, size_t{0}}) {
        group.go([&] {
            until([&] { return receiver_waits(channels.at(wanted)); });
            channels.at(wanted).send(static_cast<int>(wanted));
        });
        check(rt0::select(cases) == wanted && to.at(wanted).take() == static_cast<int>(wanted));
        group.wait();
    }
    const channel one(0);
    cases.clear();
    for (size_t i = 0; i < most; ++i) {
        cases.emplace_back(one, to.at(i));
    }
    group.go([&] {
        until([&] { return receiver_waits(one); });
        one.send(5);
    });
    check(to.at(rt0::select(cases)).take() == 5);
    group.wait();
    check(!receiver_waits(one));
}

// Handlers of every kind.
struct twice {
    explicit twice(int& n)
        : to(n) {}
    twice(const twice&) = delete;
    twice& operator=(const twice&) = delete;
    ~twice() = default;
    void operator()(std::optional<int> v) const { to = 2 * v.value_or(0); }
    int& to; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
};

void handlers() {
    const channel c(3);
    for (int i = 1; i <= 3; ++i) {
        c.send(i);
    }
    int got = 0;
    const twice doubles(got);
    rt0::select(rt0::recv(c, doubles));
    check(got == 2);
    rt0::select(rt0::recv(c, [p = std::make_unique<int>(5), &got](std::optional<int> v) mutable {
        got = *std::exchange(p, nullptr) + v.value_or(0);
        return got; // nobody wants it
    }));
    check(got == 7);
    const std::function<void(std::optional<int>)> f = [&](std::optional<int> v) {
        got = v.value_or(0);
    };
    rt0::select(rt0::recv(rt0::recv_only<int>(c), f));
    check(got == 3);
    // From a case into another select, on the same channels.
    rt0::select(rt0::send(rt0::send_only<int>(c), 4, [&] {
        rt0::select(rt0::recv(c, [&](std::optional<int> v) { c.send(v.value_or(0) + 1); }));
    }));
    check(c.recv() == 5);
}

// What ends the program.

void send_on_closed() {
    const channel c(0);
    const channel other(0);
    c.close();
    rt0::select(rt0::send(c, 1, never), rt0::recv(other, never), rt0::otherwise(never));
}
void one_send_on_closed() {
    const rt0::chan<std::string> c(3);
    c.close();
    rt0::select(rt0::send(c, "x", never), rt0::otherwise(never));
}
void closed_while_sending() {
    const channel c(0);
    const channel other(0);
    rt0::go([&] {
        until([&] { return sender_waits(c); });
        c.close();
    });
    rt0::select(rt0::recv(other, never), rt0::send(c, 1, never));
}
void run_time_send_on_closed() {
    const rt0::chan<std::string> c(3);
    const channel other(0);
    c.close();
    std::string text;
    rt0::received<int> none;
    std::array<rt0::select_case, 2> cases{{{c, text}, {other, none}}};
    (void)rt0::try_select_in_order(cases);
}
void too_many_cases() {
    const channel c(1);
    rt0::received<int> to;
    std::vector<rt0::select_case> cases(65537, {c, to});
    (void)rt0::try_select(cases);
}
void waits() {
    const channel c(0);
    const channel d(1);
    d.send(1);
    rt0::select(rt0::recv(c, never), rt0::send(d, 1, never));
}
void waits_for_one() {
    const channel c(0);
    rt0::select(rt0::recv(c, never));
}
void waits_for_none() {
    rt0::select();
}
void waits_for_null() {
    const channel null;
    rt0::select(rt0::send(null, 1, never), rt0::recv(null, never));
}
void waits_at_run_time() {
    const channel c(0);
    rt0::received<int> to;
    std::vector<rt0::select_case> cases(70, {c, to});
    (void)rt0::select(cases);
}

constexpr test tests[] = {
    {"double_select", double_select},
    {"both_sent", both_sent},
    {"leaks_nothing", leaks_nothing},
    {"matrix", matrix},
    {"evaluated_once", evaluated_once},
    {"every_form", every_form},
    {"losers_leave", losers_leave},
    {"sender_and_receiver", sender_and_receiver},
    {"out_of_a_case", [] { check(out_of_a_case() == 0); }},
    {"one_instant", one_instant},
    {"self_select", self_select},
    {"stress", stress},
    {"fairness", fairness},
    {"long_queues", long_queues},
    {"several_types", several_types},
    {"values_stay", values_stay},
    {"used_again", used_again},
    {"in_order", in_order},
    {"most_cases", most_cases},
    {"handlers", handlers},
    {"send_on_closed", send_on_closed, true},
    {"one_send_on_closed", one_send_on_closed, true},
    {"closed_while_sending", closed_while_sending, true},
    {"run_time_send_on_closed", run_time_send_on_closed, true},
    {"too_many_cases", too_many_cases, true},
    {"waits", waits, true},
    {"waits_for_one", waits_for_one, true},
    {"waits_for_none", waits_for_none, true},
    {"waits_for_null", waits_for_null, true},
    {"waits_at_run_time", waits_at_run_time, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
