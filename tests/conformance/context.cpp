// Contexts, as Go's tests of package context have it, and what C++ adds. GOMAXPROCS says on how
// many processors.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rt0/rt0.h>

#include "run.h"

namespace {

using namespace std::chrono_literals;
using rt0::context;
using rt0::error;
using clock = std::chrono::steady_clock;

constexpr rt0::context_key<int> number;
constexpr rt0::context_key<int> other_number;
constexpr rt0::context_key<std::string> name;

bool is_done(const context& ctx) {
    bool done = false;
    rt0::select(rt0::recv(ctx.done(), [&done] { done = true; }), rt0::otherwise([] {}));
    return done;
}

void check_alive(const context& ctx) {
    check(!is_done(ctx));
    check(!ctx.err());
    check(!ctx.cause());
}

void check_ended(const context& ctx, error why, error cause) {
    check(is_done(ctx));
    check(ctx.err() == why);
    check(ctx.cause() == cause);
}
void check_ended(const context& ctx, error why) {
    check_ended(ctx, why, why);
}

void background() {
    const context none;
    check_alive(none);
    check(!none.done());
    check(!none.deadline().has_value());
    check(none.value(number) == nullptr);
    check(none == context());
    check(rt0::without_cancel(none) == none);
}

void cancel() {
    auto [ctx, cancel] = rt0::with_cancel(context());
    check_alive(ctx);
    const auto done = ctx.done();
    check(done == ctx.done());
    cancel();
    check_ended(ctx, error::operation_canceled);
    check(!done.recv().has_value());
    cancel(error::broken_pipe); // the first one counts
    check_ended(ctx, error::operation_canceled);
    // One that nobody had a channel of.
    auto [late, cancel_late] = rt0::with_cancel(context());
    cancel_late();
    check(is_done(late));
}

// It goes when its canceller does, unless that has been released.
void cancelled_at_the_end() {
    context outer;
    context kept;
    {
        auto [ctx, cancel] = rt0::with_cancel(context());
        outer = ctx;
        check_alive(outer);
        auto [released, cancel_not] = rt0::with_cancel(context());
        kept = released;
        cancel_not.release();
        const rt0::canceller moved = std::move(cancel);
        check_alive(outer);
    }
    check_ended(outer, error::operation_canceled);
    check_alive(kept);
}

void children() {
    auto [root, cancel_root] = rt0::with_cancel(context());
    auto [a, cancel_a] = rt0::with_cancel(root);
    const context value = rt0::with_value(a, number, 1);
    auto [b, cancel_b] = rt0::with_cancel(value);
    auto [c, cancel_c] = rt0::with_timeout(b, 1h);
    const context apart = rt0::without_cancel(c);
    check(apart.value(number) != nullptr && *apart.value(number) == 1);
    check(!apart.deadline().has_value());
    cancel_b();
    check_alive(root);
    check_alive(a);
    check_alive(value);
    check_ended(b, error::operation_canceled);
    check_ended(c, error::operation_canceled);
    cancel_root(error::io_error);
    check_ended(a, error::operation_canceled, error::io_error);
    check_ended(value, error::operation_canceled, error::io_error);
    check_ended(b, error::operation_canceled);
    check_alive(apart);
    // Of one that is over already.
    auto [late, cancel_late] = rt0::with_timeout(value, 1h);
    check_ended(late, error::operation_canceled, error::io_error);
}

// A parent whose handles are gone lives as long as its children.
void only_the_child_is_left() {
    std::optional<rt0::canceller> cancel;
    context leaf;
    std::vector<rt0::canceller> kept;
    {
        auto root = rt0::with_cancel(context());
        context above = root.ctx;
        cancel = std::move(root.cancel);
        for (int i = 0; i < 1000; ++i) {
            auto one = rt0::with_cancel(rt0::with_value(above, number, i));
            above = one.ctx;
            kept.push_back(std::move(one.cancel));
            kept.back().release();
        }
        leaf = above;
    }
    check_alive(leaf);
    check(*leaf.value(number) == 999);
    (*cancel)();
    check_ended(leaf, error::operation_canceled);
}

void values() {
    const context a = rt0::with_value(context(), number, 1);
    const context b = rt0::with_value(a, name, "somebody");
    const context c = rt0::with_value(b, number, 2);
    auto [d, cancel] = rt0::with_cancel(c);
    check(*a.value(number) == 1 && a.value(name) == nullptr);
    check(*b.value(number) == 1 && *b.value(name) == "somebody");
    check(*c.value(number) == 2 && *d.value(number) == 2 && *d.value(name) == "somebody");
    check(d.value(other_number) == nullptr);
    check(!a.done());
    const auto held = std::make_shared<int>(1);
    static constexpr rt0::context_key<std::shared_ptr<int>> shared;
    {
        const context e = rt0::with_value(d, shared, held);
        const context f = rt0::without_cancel(e);
        check(held.use_count() == 2 && *f.value(shared) == held);
    }
    check(held.use_count() == 1);
}

void deadlines() {
    const auto start = clock::now();
    auto [ctx, cancel] = rt0::with_timeout(context(), 100ms);
    check(ctx.deadline() >= start + 100ms);
    auto [later, cancel_later] = rt0::with_timeout(ctx, 1h);
    check(later.deadline() == ctx.deadline());
    auto [sooner, cancel_sooner] = rt0::with_deadline(ctx, start + 1ms, error::io_error);
    sooner.done().recv();
    check_ended(sooner, error::timed_out, error::io_error);
    later.done().recv();
    check(clock::now() - start >= 100ms);
    check_ended(ctx, error::timed_out);
    check_ended(later, error::timed_out);
    // At once.
    check_ended(rt0::with_timeout(context(), 0ns).ctx, error::timed_out);
    check_ended(rt0::with_timeout(context(), -1h).ctx, error::timed_out);
    check_ended(rt0::with_deadline(context(), clock::time_point()).ctx, error::timed_out);
    auto [never, cancel_never] = rt0::with_timeout(context(), std::chrono::hours::max());
    check_alive(never);
    check(never.deadline() > clock::now() + 24h * 365 * 100);
    const auto end = rt0::with_deadline(never, clock::time_point::max());
    check(end.ctx.deadline() == never.deadline());
    // Cancelled before it comes.
    auto [stopped, stop] = rt0::with_timeout(context(), 100ms);
    stop();
    rt0::sleep_for(110ms);
    check_ended(stopped, error::operation_canceled);
}

void many_at_once() {
    constexpr int trees = 100;
    auto root = rt0::with_cancel(context());
    rt0::wait_group all;
    std::vector<rt0::cancellable> nodes;
    nodes.reserve(trees);
    for (int i = 0; i < trees; ++i) {
        nodes.push_back(
            rt0::with_cancel(i == 0 ? root.ctx : nodes[static_cast<std::size_t>(i) / 2].ctx));
    }
    for (auto& node : nodes) {
        all.go([&node] { node.cancel(); });
        all.go([&node] { node.ctx.done().recv(); });
    }
    all.wait();
    check_alive(root.ctx);
    for (const auto& node : nodes) {
        check_ended(node.ctx, error::operation_canceled);
    }
}

// The child is cancelled from a goroutine that waits for the parent, while that cancels it.
void interlocked() {
    for (int i = 0; i < 200; ++i) {
        auto parent = rt0::with_cancel(context());
        auto child = rt0::with_cancel(parent.ctx);
        rt0::latch ended(1);
        rt0::go([&] {
            parent.ctx.done().recv();
            child.cancel();
            ended.count_down();
        });
        rt0::yield();
        parent.cancel();
        child.ctx.done().recv();
        ended.wait();
    }
    // Nobody has it any more but the timer of its deadline.
    auto [parent, cancel] = rt0::with_cancel(context());
    {
        rt0::cancellable left = rt0::with_timeout(parent, 1h);
        left.cancel.release();
    }
    cancel();
    check_ended(parent, error::operation_canceled);
}

// Trees that are made, used, cancelled and dropped by several at once.
void layers() {
    std::atomic<int> wrong = 0;
    auto root = rt0::with_timeout(context(), 1h);
    rt0::wait_group all;
    for (std::uint32_t who = 0; who < 8; ++who) {
        all.go([&, x = who + 1]() mutable {
            const auto random = [&x](std::uint32_t below) {
                x = x * 1664525 + 1013904223;
                return (x >> 8) % below;
            };
            for (int round = 0; round < 100; ++round) {
                std::vector<rt0::cancellable> chain;
                context last = root.ctx;
                for (std::uint32_t depth = 1 + random(10); depth > 0; --depth) {
                    if (random(3) == 0) {
                        last = rt0::with_value(last, number, static_cast<int>(depth));
                    }
                    chain.push_back(
                        random(4) == 0
                            ? rt0::with_timeout(last, std::chrono::microseconds(random(300)))
                            : rt0::with_cancel(last));
                    last = chain.back().ctx;
                }
                const std::size_t which = random(static_cast<std::uint32_t>(chain.size()));
                chain[which].cancel();
                for (std::size_t i = which; i < chain.size(); ++i) {
                    wrong += chain[i].ctx.err() ? 0 : 1;
                    wrong += chain[i].ctx.done().recv().has_value() ? 1 : 0;
                }
                if (random(2) == 0) {
                    chain.clear();
                }
            }
        });
    }
    all.wait();
    check(wrong == 0);
    check_alive(root.ctx);
}

void calls() {
    auto [ctx, cancel] = rt0::with_cancel(context());
    std::atomic<int> called = 0;
    const rt0::chan<int> may_go_on(0);
    rt0::context_stop first = rt0::after_func(ctx, [&] {
        may_go_on.recv(); // on a goroutine of its own: cancel does not wait for it
        ++called;
    });
    rt0::context_stop second = rt0::after_func(ctx, [&called] { called += 100; });
    (void)rt0::after_func(rt0::with_value(ctx, number, 1), [&called] { called += 10; });
    check(second());
    check(!second());
    cancel();
    check(!first());
    may_go_on.send(1);
    until([&called] { return called == 11; });
    for_a_while();
    check(called == 11);
    // At once, and never.
    const auto now = rt0::after_func(ctx, [&called] { ++called; });
    auto never = rt0::after_func(context(), [&called] { called += 100; });
    until([&called] { return called == 12; });
    check(never() && !never());
    check(rt0::after_func(rt0::with_value(context(), number, 1), [] {})());
    check(!rt0::context_stop()());
    // By a deadline.
    auto [soon, cancel_soon] = rt0::with_timeout(context(), 1ms);
    const auto then = rt0::after_func(soon, [&called] { ++called; });
    until([&called] { return called == 13; });
}

// What a call holds goes when it cannot happen any more.
void calls_that_never_come() {
    const auto held = std::make_shared<int>(1);
    {
        auto ctx = rt0::with_cancel(context());
        ctx.cancel.release();
        (void)rt0::after_func(ctx.ctx, [held] {});
        check(held.use_count() == 2);
        auto stop = rt0::after_func(ctx.ctx, [held] {});
        check(stop());
    }
    check(held.use_count() == 1);
}

// A context that nobody has a handle of any more, and somebody waits for.
void left_ones() {
    std::atomic<int> called = 0;
    const auto held = std::make_shared<int>(1);
    auto [all, cancel] = rt0::with_cancel(context());
    auto [soon, cancel_soon] = rt0::with_timeout(all, 5ms);
    rt0::recv_only<rt0::detail::done_token> done;
    const auto leave = [&](const context& parent) {
        auto released = rt0::with_cancel(parent);
        released.cancel.release();
        (void)rt0::after_func(rt0::with_value(released.ctx, number, 1),
                              [&called, held] { ++called; });
        done = released.ctx.done();
    };
    // By a deadline above, though it would have an own one.
    {
        auto later = rt0::with_timeout(soon, 1h);
        later.cancel.release();
        leave(later.ctx);
    }
    check(!done.recv());
    until([&called] { return called == 1; });
    check_ended(soon, error::timed_out);
    // By the one above.
    leave(all);
    leave(rt0::with_value(all, number, 2));
    check(held.use_count() == 3 && called == 1);
    auto forgotten = all.done(); // shared by nobody who is left
    cancel();
    check(!done.recv());
    until([&called] { return called == 3; });
    until([&held] { return held.use_count() == 1; });
    // A long chain, of which each is left to the one above; nothing ever cancels it.
    {
        auto root = rt0::with_cancel(context());
        root.cancel.release();
        std::vector<context> chain{root.ctx};
        for (int i = 0; i < 1000; ++i) {
            auto below = rt0::with_cancel(chain.back());
            below.cancel.release();
            (void)rt0::after_func(below.ctx, [&called, held] { called += 100; });
            chain.push_back(below.ctx);
        }
        while (!chain.empty()) {
            chain.pop_back();
        }
        check(held.use_count() == 1001);
    }
    check(held.use_count() == 1 && called == 3);
    // A chain that is cancelled at its root.
    {
        auto root = rt0::with_cancel(context());
        std::vector<context> chain{root.ctx};
        for (int i = 0; i < 1000; ++i) {
            auto below = rt0::with_cancel(chain.back());
            below.cancel.release();
            (void)rt0::after_func(below.ctx, [&called, held] { ++called; });
            chain.push_back(below.ctx);
        }
        while (chain.size() > 1) {
            chain.pop_back();
        }
    }
    until([&called] { return called == 1003; });
    until([&held] { return held.use_count() == 1; });
}

constexpr test tests[] = {
    {"background", background},
    {"cancel", cancel},
    {"cancelled_at_the_end", cancelled_at_the_end},
    {"children", children},
    {"only_the_child_is_left", only_the_child_is_left},
    {"values", values},
    {"deadlines", deadlines},
    {"many_at_once", many_at_once},
    {"interlocked", interlocked},
    {"layers", layers},
    {"calls", calls},
    {"calls_that_never_come", calls_that_never_come},
    {"left_ones", left_ones},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
