// Goroutines that belong together, work that is done once, and what a goroutine has of its own:
// what Go's tests ask of errgroup and singleflight (docs/conformance.md), and what C++ adds.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rt0/singleflight.h>

#include "run.h"

namespace {

constexpr rt0::error first_error = rt0::error::io_error;
constexpr rt0::error other_error = rt0::error::broken_pipe;

// TestZeroGroup: each list of results gives its first error, however often one waits.
void first_of_errors() {
    const std::vector<std::vector<rt0::error>> lists = {
        {}, {{}}, {first_error}, {first_error, {}}, {first_error, {}, other_error}, {{}, {}, {}},
    };
    for (const auto& list : lists) {
        rt0::task_group group;
        rt0::error first;
        check(!group.failed());
        for (const rt0::error e : list) {
            group.go([e] { return e; });
            if (!first) {
                first = e;
            }
            check(group.wait() == first);
            check(group.wait() == first);
            check(group.failed() == static_cast<bool>(first));
        }
        check(group.wait() == first);
    }
}

// The first in time, not in order.
void first_in_time() {
    rt0::task_group group;
    std::atomic<bool> go_on = false;
    group.go([&] {
        until([&] { return go_on.load(); });
        return other_error;
    });
    group.go([] {}); // has no error
    group.go([&] { return first_error; });
    until([&] { return group.failed(); });
    go_on = true;
    check(group.wait() == first_error);
}

// TestTryGo.
void try_go() {
    rt0::task_group group;
    constexpr int limit = 42;
    const rt0::chan<int> go_on(0);
    const auto waits = [go_on] { (void)go_on.recv(); };
    group.set_limit(limit);
    for (int i = 0; i < limit; ++i) {
        check(group.try_go(waits));
    }
    check(!group.try_go(waits));
    rt0::go([&] {
        for (int i = 0; i < limit; ++i) {
            go_on.send(0);
        }
    });
    check(!group.wait());
    // All permits are back.
    for (int i = 0; i < limit; ++i) {
        check(group.try_go(waits));
    }
    check(!group.try_go(waits));
    for (int i = 0; i < limit; ++i) {
        go_on.send(0);
    }
    check(!group.wait());
    group.set_limit(0);
    check(!group.try_go(waits));
    group.set_limit(-1);
    for (int i = 0; i < 100; ++i) {
        check(group.try_go([] {}));
    }
    check(!group.wait());
    group.set_limit(1); // and again
    check(group.try_go([] {}));
    check(!group.wait());
}

// TestGoLimit.
void go_limit() {
    constexpr int limit = 10;
    rt0::task_group group;
    group.set_limit(limit);
    std::atomic<int> active = 0;
    std::atomic<int> most = 0;
    for (int i = 0; i <= 1 << 10; ++i) {
        group.go([&] {
            const int now = ++active;
            int seen = most;
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
            rt0::yield();
            --active;
        });
    }
    check(!group.wait());
    check(most <= limit && most > 0);
}

// The group's context ends with the first error, or when all have been waited for.
void with_context() {
    const rt0::task_group without;
    check(without.ctx() == rt0::context());
    auto [parent, cancel_parent] = rt0::with_cancel(rt0::context());
    {
        rt0::task_group group(parent);
        const rt0::context ctx = group.ctx();
        check(!ctx.err());
        group.go([&] {
            ctx.done().recv();
            return ctx.cause();
        });
        group.go([] { return rt0::error(7); });
        group.go([] {});
        check(group.wait() == rt0::error(7));
        check(ctx.err() == rt0::error::operation_canceled && ctx.cause() == rt0::error(7));
    }
    check(!parent.err());
    rt0::context of_one_that_succeeds;
    {
        rt0::task_group group(parent);
        of_one_that_succeeds = group.ctx();
        group.go([] {});
        check(!group.wait() && of_one_that_succeeds.err() == rt0::error::operation_canceled);
        check(of_one_that_succeeds.cause() == rt0::error::operation_canceled);
    }
    // Its tasks hear of what ends its parent.
    rt0::task_group<bool> group(parent);
    group.go([&group] { return !group.ctx().done().recv().has_value(); });
    cancel_parent(rt0::error(9));
    check(group.wait() && group.ctx().cause() == rt0::error(9));
    rt0::context of_one_that_goes;
    {
        const rt0::task_group other((rt0::context()));
        of_one_that_goes = other.ctx();
        check(!of_one_that_goes.err());
    }
    check(!!of_one_that_goes.err());
}

void limit_while_active() {
    rt0::task_group group;
    const rt0::chan<int> never(0);
    group.go([never] { (void)never.recv(); });
    group.go([never] { (void)never.recv(); });
    group.set_limit(1);
}

// Errors of other types; what a task holds is gone when wait returns.
void tasks() {
    rt0::task_group<std::optional<std::string>> texts;
    texts.go([]() -> std::optional<std::string> { return std::nullopt; });
    check(!texts.wait());
    texts.go([] { return std::string("bad"); });
    check(texts.wait() == "bad");

    std::atomic<int> gone = 0;
    struct counts {
        std::atomic<int>* gone;
        explicit counts(std::atomic<int>* of)
            : gone(of) {}
        counts(counts&& other) noexcept
            : gone(std::exchange(other.gone, nullptr)) {}
        counts& operator=(counts&&) = delete;
        ~counts() {
            if (gone != nullptr) {
                rt0::yield(); // time for others to see that it is not
                ++*gone;
            }
        }
    };
    for (int i = 1; i <= 100; ++i) {
        rt0::task_group group;
        group.go([held = counts(&gone)] { check(held.gone != nullptr); });
        check(!group.wait());
        check(gone == i);
    }
    gone = 0;
    for (int i = 1; i <= 100; ++i) {
        rt0::wait_group group;
        group.go(
            [held = counts(&gone)](const counts& argument) { check(argument.gone != nullptr); },
            counts(&gone));
        group.wait();
        check(gone == 2 * i);
    }
    // The destructor waits.
    std::atomic<int> done = 0;
    {
        rt0::task_group group;
        for (int i = 0; i < 10; ++i) {
            group.go([&done] {
                for_a_while();
                ++done;
                return first_error;
            });
        }
    }
    check(done == 10);
}

// Singleflight.

using flights = rt0::singleflight<std::string, int>;

// TestDo, TestDoErr.
void one_call() {
    flights group;
    int calls = 0;
    for (int i = 1; i <= 3; ++i) { // nothing is kept
        const auto [value, shared] = group.call("key", [&] { return ++calls; });
        check(value == i && !shared);
    }
    rt0::singleflight<int, std::pair<int, rt0::error>> fails;
    const auto failed = fails.call(1, [] { return std::pair(0, first_error); });
    check(failed.value.second == first_error && !failed.shared);
    // What is not shared is not copied.
    struct once_copied {
        std::unique_ptr<int> held;
        explicit once_copied(int i)
            : held(std::make_unique<int>(i)) {}
        once_copied(once_copied&&) noexcept = default;
        once_copied(const once_copied& /*other*/) { check(false); }
        once_copied& operator=(once_copied&&) = delete;
        once_copied& operator=(const once_copied&) = delete;
        ~once_copied() = default;
    };
    rt0::singleflight<int, once_copied> moved;
    check(*moved.call(1, [] { return once_copied(7); }).value.held == 7);
}

// TestDoDupSuppress.
void many_at_once() {
    flights group;
    std::atomic<int> calls = 0;
    std::atomic<int> shared = 0;
    constexpr int rounds = 20;
    constexpr int askers = 10;
    for (int round = 0; round < rounds; ++round) {
        std::atomic<int> came = 0;
        const rt0::chan<int> value(0);
        rt0::wait_group all;
        for (int i = 0; i < askers; ++i) {
            all.go([&] {
                ++came;
                const auto got = group.call("key", [&] {
                    ++calls;
                    return value.recv().value_or(round);
                });
                check(got.value == round);
                shared += got.shared ? 1 : 0;
            });
        }
        // Another key does not wait.
        check(group.call("other", [] { return 5; }).value == 5);
        until([&] { return came == askers; });
        for_a_while();
        value.send(round);
        value.close(); // who came late calls again
        all.wait();
    }
    check(calls >= rounds && calls < rounds * askers);
    check(shared >= 2);
}

int value_of(const rt0::recv_only<flights::result>& from) {
    const auto got = from.recv();
    return got ? got->value : -1;
}

// TestForget, TestForgetUnshared.
void forgotten() {
    flights group;
    const rt0::chan<int> first_value(0);
    const rt0::chan<int> second_value(0);
    const auto first =
        group.start("key", [first_value] { return first_value.recv().value_or(-1); });
    const auto with_first = group.start("key", [] { return -2; });
    group.forget("key");
    group.forget("no such key");
    const auto second =
        group.start("key", [second_value] { return second_value.recv().value_or(-1); });
    const auto with_second = group.start("key", [] { return -3; });
    first_value.send(1);
    const auto got = first.recv();
    check(got.has_value() && got->value == 1 && got->shared);
    check(value_of(with_first) == 1);
    // The first one's end has not taken the second away.
    const auto third = group.start("key", [] { return -4; });
    second_value.send(2);
    check(value_of(second) == 2);
    check(value_of(with_second) == 2);
    check(value_of(third) == 2);
    check(group.call("key", [] { return 3; }).value == 3);
}

// TestDoChan.
void started() {
    flights group;
    const auto result = group.start("key", [] { return 4; });
    const auto got = result.recv();
    check(got.has_value() && got->value == 4 && !got->shared);
    check(result.cap() == 1);
    // Nobody takes it.
    std::atomic<bool> called = false;
    (void)group.start("key", [&] {
        called = true;
        return 5;
    });
    until([&] { return called && group.call("key", [] { return 6; }).value == 6; });
    until([] { return rt0::num_goroutine() == 1; }); // it still had to send
}

// Keys of many goroutines; each result is that of a call that began before the asker had ended, and
// no two calls for a key are under way at once.
void race() {
    rt0::singleflight<int, int> group;
    std::array<std::atomic<int>, 4> flying{};
    std::atomic<int> calls = 0;
    rt0::wait_group all;
    for (int i = 0; i < 16; ++i) {
        all.go([&, i] {
            for (int n = 0; n < 200; ++n) {
                const int key = (i + n) % 4;
                const auto got = group.call(key, [&] {
                    auto& under_way = flying.at(static_cast<size_t>(key));
                    check(++under_way == 1);
                    ++calls;
                    rt0::yield();
                    --under_way;
                    return key * 10;
                });
                check(got.value == key * 10);
            }
        });
    }
    all.wait();
    check(calls >= 4 && calls <= 3200);
}

// Locals.

constinit rt0::goroutine_local<int> number;
constinit rt0::goroutine_local<std::string> text([] { return std::string("made"); });

void own_values() {
    *number = 1;
    check(*text == "made");
    text->append(" by main");
    rt0::wait_group group;
    for (int i = 0; i < 100; ++i) {
        group.go([i] {
            check(*number == 0);
            check(*text == "made");
            *number = i;
            text->append(std::to_string(i));
            for (int n = 0; n < 20; ++n) {
                rt0::yield(); // to another thread, perhaps
                check(*number == i);
                check(text.get() == "made" + std::to_string(i));
            }
        });
    }
    group.wait();
    check(*number == 1 && *text == "made by main");
}

std::atomic<int> alive;
std::vector<int> order; // of destruction, by one goroutine at a time
template <int N>
struct traced {
    int id = N;
    traced() { ++alive; }
    traced(const traced&) = delete;
    traced& operator=(const traced&) = delete;
    ~traced() {
        order.push_back(id);
        --alive;
    }
};
rt0::goroutine_local<traced<1>> one;
rt0::goroutine_local<traced<2>> two;

// Another is used in its destruction.
struct looks_back {
    ~looks_back() {
        order.push_back(100 + one->id);
        order.push_back(200 + *number);
    }
};
rt0::goroutine_local<looks_back> three;

// A thread's end uses one after the goroutine's own are gone.
struct uses_two {
    bool used = false;
    ~uses_two() { order.push_back(used ? 10 + two->id : 0); }
};
thread_local uses_two of_thread;

void destroyed() {
    const auto in_goroutine = [](auto f) {
        rt0::wait_group group;
        group.go(f);
        group.wait();
        until([] { return rt0::num_goroutine() == 1; }); // destroyed behind done
        check(alive == 0);
    };
    order.clear();
    in_goroutine([] {
        check(one->id == 1);
        check(two->id == 2);
        check(alive == 2);
    });
    check(order == std::vector({2, 1}));
    order.clear();
    in_goroutine([] { check(two->id + one->id == 3); });
    check(order == std::vector({1, 2}));
    // It is made anew where another has used it, and destroyed again.
    order.clear();
    in_goroutine([] {
        (void)three.get();
        *number = 7;
        check(one->id == 1);
    });
    check(order == std::vector({1, 101, 200, 1}));
    // A thread's end, and locals: the goroutine's first.
    order.clear();
    in_goroutine([] {
        rt0::lock_os_thread();
        check(two->id == 2);
    });
    check(order == std::vector({2}));
    order.clear();
    in_goroutine([] {
        rt0::lock_os_thread();
        of_thread.used = true;
    });
    check(order == std::vector({12, 2}));
}

// Variables that come and go: a new one has nothing of the old one's.
void variables_end() {
    rt0::wait_group group;
    group.go([] {
        for (int i = 1; i < 100; ++i) {
            rt0::goroutine_local<int> here;
            check(*here == 0);
            *here = i;
            check(*here == i);
            rt0::goroutine_local<std::unique_ptr<int>> moved;
            check(*moved == nullptr);
            *moved = std::make_unique<int>(i);
        }
    });
    group.wait();
    struct alignas(64) wide {
        std::array<char, 64> bytes{};
    };
    rt0::goroutine_local<wide> aligned;
    check(reinterpret_cast<std::uintptr_t>(&*aligned) % 64 == 0);
    // The first use, by many at once.
    for (int round = 0; round < 50; ++round) {
        rt0::goroutine_local<int> fresh;
        rt0::wait_group all;
        for (int i = 0; i < 8; ++i) {
            all.go([&fresh, i] {
                *fresh = i;
                rt0::yield();
                check(*fresh == i);
            });
        }
        all.wait();
    }
}

// main's: destroyed at exit, before what is static.
struct says_bye {
    const char* text = "";
    ~says_bye() { rt0::println("{}", text); }
};
says_bye last{.text = "static"};
rt0::goroutine_local<says_bye> mains;
void at_exit() {
    mains->text = "local";
}

constexpr test tests[] = {
    {"first_of_errors", first_of_errors},
    {"first_in_time", first_in_time},
    {"try_go", try_go},
    {"go_limit", go_limit},
    {"with_context", with_context},
    {"limit_while_active", limit_while_active, true},
    {"tasks", tasks},
    {"one_call", one_call},
    {"many_at_once", many_at_once},
    {"forgotten", forgotten},
    {"started", started},
    {"race", race},
    {"own_values", own_values},
    {"destroyed", destroyed},
    {"variables_end", variables_end},
    {"at_exit", at_exit, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
