// Random small histories of two channels: each must be one that channels could have had which do
// one thing at a time. What a goroutine asks for and what it gets is written down with when it
// began and when it ended; then every order is tried that these allow (Wing and Gong).
//
//      linear [SEED [HISTORIES]]
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <unordered_set>
#include <vector>

#include "channels.h"
#include "run.h"

namespace {

using channel = rt0::chan<int>;
constexpr size_t most_values = 2; // in a buffer

enum class happened : uint8_t {
    sent,
    received,
    found_closed,
    could_not_send,    // to any of its channels
    could_not_receive, // from any of them
    closed,
};

struct operation {
    happened what;
    unsigned channels; // a bit for each
    int value;
    uint32_t begin;
    uint32_t end;
};

// A channel that does one thing at a time.
struct model {
    size_t capacity = 0;
    size_t count = 0;
    std::array<int, most_values> values{};
    bool closed = false;
};

class search {
public:
    search(const std::vector<operation>& history, std::array<size_t, 2> capacities)
        : history_(history) {
        models_[0].capacity = capacities[0];
        models_[1].capacity = capacities[1];
    }

    // Is there an order for all that has not been done yet?
    bool goes_on(uint32_t done) {
        if (done == (1U << history_.size()) - 1) {
            return true;
        }
        if (!seen_.insert(key(done)).second) {
            return false;
        }
        uint32_t first_end = UINT32_MAX;
        for (size_t i = 0; i < history_.size(); ++i) {
            if ((done >> i & 1U) == 0 && history_[i].end < first_end) {
                first_end = history_[i].end;
            }
        }
        const auto may_be_next = [&](size_t i) {
            return (done >> i & 1U) == 0 && history_[i].begin < first_end;
        };
        for (size_t i = 0; i < history_.size(); ++i) {
            if (!may_be_next(i)) {
                continue;
            }
            const operation& one = history_[i];
            const std::array<model, 2> before = models_;
            if (one.what == happened::sent && of(one).capacity == 0) {
                // With who receives, at the same time.
                for (size_t k = 0; k < history_.size(); ++k) {
                    const operation& other = history_[k];
                    if (may_be_next(k) && other.what == happened::received &&
                        other.channels == one.channels && other.value == one.value &&
                        !of(one).closed && goes_on(done | 1U << i | 1U << k)) {
                        return true;
                    }
                }
            } else if (apply(one) && goes_on(done | 1U << i)) {
                return true;
            }
            models_ = before;
        }
        return false;
    }

private:
    model& of(const operation& one) { return models_.at(one.channels >> 1); }

    bool apply(const operation& one) {
        model& c = of(one);
        switch (one.what) {
        case happened::sent:
            if (c.closed || c.count == c.capacity) {
                return false;
            }
            c.values.at(c.count++) = one.value;
            return true;
        case happened::received:
            if (c.count == 0 || c.values[0] != one.value) {
                return false;
            }
            c.values[0] = c.values[1];
            --c.count;
            return true;
        case happened::found_closed:
            return c.closed && c.count == 0;
        case happened::closed:
            return !std::exchange(c.closed, true);
        case happened::could_not_send:
        case happened::could_not_receive:
            break;
        }
        // Without a buffer nobody knows whether the other one has been there already.
        for (size_t i = 0; i < 2; ++i) {
            const model& m = models_.at(i);
            const bool fits =
                one.what == happened::could_not_send ? m.count == m.capacity : m.count == 0;
            if ((one.channels >> i & 1U) != 0 && (m.closed || !fits)) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] uint64_t key(uint32_t done) const {
        uint64_t k = done;
        for (const model& m : models_) {
            k = k << 2 | m.count;
            k = k << 1 | (m.closed ? 1U : 0U);
            for (size_t i = 0; i < most_values; ++i) {
                k = k << 4 | (i < m.count ? static_cast<unsigned>(m.values.at(i)) : 0U);
            }
        }
        return k;
    }

    const std::vector<operation>& history_;
    std::array<model, 2> models_;
    std::unordered_set<uint64_t> seen_;
};

bool is_linear(const std::vector<operation>& history, std::array<size_t, 2> capacities) {
    check(history.size() < 32);
    return search(history, capacities).goes_on(0);
}

// The search finds what it is for.
void knows_wrong_from_right() {
    using enum happened;
    const operation first{sent, 1, 1, 0, 1};
    const operation second{sent, 1, 2, 2, 3};
    check(is_linear({first, second, {received, 1, 1, 4, 5}, {received, 1, 2, 6, 7}}, {2, 0}));
    check(!is_linear({first, second, {received, 1, 2, 4, 5}, {received, 1, 1, 6, 7}}, {2, 0}));
    // At the same time: either.
    check(is_linear({first, second, {received, 1, 2, 4, 7}, {received, 1, 1, 5, 6}}, {2, 0}));
    check(!is_linear({first, {could_not_receive, 1, 0, 2, 3}}, {1, 0}));
    check(!is_linear({first, {received, 1, 1, 2, 3}, {received, 1, 1, 4, 5}}, {1, 0}));
    check(!is_linear({first, {could_not_send, 1, 0, 2, 3}}, {2, 0}));
    check(!is_linear({first, {closed, 1, 0, 2, 3}, {found_closed, 1, 0, 4, 5}}, {1, 0}));
    check(!is_linear({first, second}, {1, 0}));
    // Without a buffer they meet.
    check(is_linear({{sent, 2, 1, 0, 3}, {received, 2, 1, 1, 2}}, {1, 0}));
    check(!is_linear({{sent, 2, 1, 0, 1}, {received, 2, 1, 2, 3}}, {1, 0}));
    // At one instant: one of them has a value all the time.
    check(!is_linear(
        {first, {sent, 2, 2, 2, 4}, {received, 1, 1, 5, 6}, {could_not_receive, 3, 0, 3, 7}},
        {1, 1}));
}

struct numbers {
    uint64_t state;
    uint32_t below(uint32_t limit) {
        state += 0x9e37'79b9'7f4a'7c15;
        uint64_t x = state;
        x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
        x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
        return static_cast<uint32_t>((x ^ x >> 31) >> 32) % limit;
    }
};

// What goroutines do at the same time.
struct run {
    std::array<channel, 2> c;
    std::atomic<uint32_t> clock = 0;
    std::atomic<int> senders = 0;
    std::array<std::vector<operation>, 5> written = {}; // by each of them

    // f does it, and tells what has happened.
    template <class F>
    void note(size_t who, F f) {
        const uint32_t begin = clock++;
        operation done = f();
        done.begin = begin;
        done.end = clock++;
        written.at(who).push_back(done);
    }
    void close(size_t who) {
        for (unsigned i = 0; i < 2; ++i) {
            note(who, [&] {
                c.at(i).close();
                return operation{happened::closed, 1U << i, 0, 0, 0};
            });
        }
    }
    void send(size_t who, int value, uint32_t how) {
        const unsigned i = how & 1U;
        const operation sent{happened::sent, 1U << i, value, 0, 0};
        const operation not_sent{happened::could_not_send, 1U << i, value, 0, 0};
        note(who, [&] {
            operation done = sent;
            switch (how >> 1) {
            case 0:
                c.at(i).send(value);
                break;
            case 1:
                return c.at(i).try_send(value) ? sent : not_sent;
            case 2:
                done.channels =
                    1U << rt0::select(rt0::send(c[0], value, [] {}), rt0::send(c[1], value, [] {}));
                break;
            default:
                rt0::select(rt0::send(c[0], value, [&] { done.channels = 1; }),
                            rt0::send(c[1], value, [&] { done.channels = 2; }), rt0::otherwise([&] {
                                done = not_sent;
                                done.channels = 3;
                            }));
            }
            return done;
        });
    }
    void receive(size_t who, uint32_t how) {
        const unsigned i = how & 1U;
        note(who, [&] {
            operation done{happened::could_not_receive, 1U << i, 0, 0, 0};
            const auto got = [&](unsigned from) {
                return [&done, from](std::optional<int> v) {
                    done = {v.has_value() ? happened::received : happened::found_closed, from,
                            v.value_or(0), 0, 0};
                };
            };
            switch (how >> 1) {
            case 0:
                got(1U << i)(c.at(i).recv());
                break;
            case 1:
                if (const auto v = c.at(i).try_recv()) {
                    got(1U << i)(*v);
                } else if (v.error() == rt0::chan_error::closed) {
                    got(1U << i)(std::nullopt);
                }
                break;
            case 2:
                rt0::select(rt0::recv(c[0], got(1)), rt0::recv(c[1], got(2)));
                break;
            default:
                rt0::select_in_order(rt0::recv(c[1], got(2)), rt0::recv(c[0], got(1)),
                                     rt0::otherwise([&] { done.channels = 3; }));
            }
            return done;
        });
    }
};

void take_time(numbers& chance) {
    switch (chance.below(4)) {
    case 0:
        rt0::yield();
        break;
    case 1:
        for (uint32_t n = chance.below(200); n != 0; --n) {
            asm volatile("" ::: "memory");
        }
        break;
    default:
        break;
    }
}

void one_history(uint64_t seed) {
    numbers chance{seed};
    const std::array<size_t, 2> capacities{chance.below(3), chance.below(3)};
    run all{.c = {channel(capacities[0]), channel(capacities[1])}};
    const size_t senders = 1 + chance.below(2);
    const size_t receivers = 1 + chance.below(2);
    const bool sender_closes = chance.below(4) != 0;
    all.senders = static_cast<int>(senders);
    std::atomic<size_t> left = senders + receivers;
    for (size_t i = 0; i < senders + receivers; ++i) {
        const bool sends = i < senders;
        rt0::go(
            [&all, &left, i, sends, sender_closes, mine = numbers{seed ^ (i + 1) << 56}]() mutable {
                const uint32_t count = 1 + mine.below(3);
                for (uint32_t n = 0; n < count; ++n) {
                    take_time(mine);
                    if (sends) {
                        all.send(i, static_cast<int>(1 + i * 4 + n), mine.below(8));
                    } else {
                        all.receive(i, mine.below(8));
                    }
                }
                if (sends && --all.senders == 0 && sender_closes) {
                    all.close(i);
                }
                --left;
            });
    }
    // Whoever waits for nobody is helped: a receiver by a close, when all senders are done, a
    // sender by somebody who receives.
    constexpr size_t helper = 4;
    bool helped = sender_closes;
    uint32_t last = 0;
    for (int idle = 0; left != 0;) {
        rt0::yield();
        const uint32_t now = all.clock;
        idle = now == last ? idle + 1 : 0;
        last = now;
        if (!helped && all.senders == 0) {
            helped = true;
            all.close(helper);
        }
        for (uint32_t i = 0; i < 2 && idle > 20; ++i) {
            if (sender_waits(all.c.at(i))) {
                all.receive(helper, 2 + i);
                idle = 0;
            }
        }
    }
    std::vector<operation> history;
    for (const auto& part : all.written) {
        history.insert(history.end(), part.begin(), part.end());
    }
    if (!is_linear(history, capacities)) {
        ++failures;
        rt0::eprintln("not linear: seed {}, capacities {} and {}", seed, capacities[0],
                      capacities[1]);
        for (const operation& o : history) {
            constexpr std::array names{"sent",           "received",          "found closed",
                                       "could not send", "could not receive", "closed"};
            rt0::eprintln("  {} to {}: {}, channels {}, value {}", o.begin, o.end,
                          names.at(static_cast<size_t>(o.what)), o.channels, o.value);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    const uint64_t seed =
        argc > 1
            ? std::strtoull(argv[1], nullptr, 10)
            : static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    const uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000;
    rt0::println("seed {}, {} histories", seed, count);
    knows_wrong_from_right();
    for (uint64_t i = 0; i < count && failures == 0; ++i) {
        one_history(seed + i);
    }
    return failures;
}
