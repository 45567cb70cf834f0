// Contexts against each other: what is cancelled from several places, a child that comes or goes
// meanwhile, a deadline, calls. When a deadline comes the model says: time is a goroutine.
#include <rt0/context.h>
#include <rt0/go.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/fatal.h"
#include "sched/timer.h"
#include "tests/explore/explore.h"
#include "tests/explore/plain.h"
#include "tests/explore/procs.h"

namespace {

using explore::anew;
using explore::check;
using namespace std::chrono_literals;

// What waits for its time; one is enough.
runtime::atomic<rt0::detail::timed_call*> timed;

void time_passes() {
    if (rt0::detail::timed_call* const due = timed.exchange(nullptr, std::memory_order_acq_rel)) {
        due->run(due);
        rt0::detail::drop_call(due);
    }
}

// A goroutine that rt0::go starts; its room.
struct fresh {
    std::array<std::byte, rt0::detail::largest_closure> room;
};
std::array<fresh, 3> fresh_ones;
std::size_t used_fresh;

// Values in contexts that are there: what is left when all are gone is a leak. Nobody's step: one
// thread runs at a time.
int values;
struct counted {
    counted() { ++values; }
    counted(const counted& /*other*/)
        : counted() {}
    counted(counted&& /*other*/) noexcept
        : counted() {}
    counted& operator=(const counted&) = default;
    counted& operator=(counted&&) = default;
    ~counted() {
        use = 0;
        --values;
    }
    mutable explore::plain<int> use{0};
};
constexpr rt0::context_key<counted> key;

void run(const std::function<void()>& main) {
    anew(timed);
    values = 0;
    used_fresh = 0;
    procs::run([&main] {
        main();
        explore::join();
        check(values == 0, "a context is left");
    });
}

// What a goroutine has with it, handles that can only be moved too, ends with it.
template <class F>
void go(F body) {
    procs::go([body = std::make_shared<F>(std::move(body))]() mutable { (*body)(); });
}

constexpr rt0::error above(5);
constexpr rt0::error below(7);

bool is_one_of_both(const rt0::error& cause) {
    return cause == above || cause == below;
}

// Each thread of a model has handles of its own, as goroutines have that are given a copy.

void parent_and_child_are_cancelled() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
        auto [child, cancel_child] = rt0::with_cancel(parent);
        go([call = std::move(cancel_child), child]() mutable {
            call(below);
            check(is_one_of_both(child.cause()), "what is cancelled has another's cause");
        });
        go([child] {
            if (child.err()) {
                check(is_one_of_both(child.cause()), "who sees it cancelled does not see why");
            }
        });
        cancel(above);
        check(parent.cause() == above, "a child cancels its parent");
        check(is_one_of_both(child.cause()), "a child is not cancelled with its parent");
    });
}

void a_child_goes() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::context());
        auto [child, cancel_child] = rt0::with_cancel(rt0::with_value(parent, key, counted()));
        cancel_child.release();
        go([own = std::move(child)]() mutable { own = rt0::context(); });
        cancel();
    });
}

void a_child_comes() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
        go([call = std::move(cancel)]() mutable { call(above); });
        auto [child, cancel_child] = rt0::with_cancel(parent);
        explore::join();
        check(child.cause() == above, "a child of one that is cancelled is not");
    });
}

void last_handles() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
        cancel.release();
        go([parent]() mutable {
            parent.value(key)->use = 1;
            parent = rt0::context();
        });
        parent = rt0::context();
    });
}

void waits_until_done() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
        go([call = std::move(cancel)]() mutable { call(above); });
        const auto child = rt0::with_cancel(parent);
        (void)child.ctx.done().recv();
        check(child.ctx.cause() == above, "a context is done without a cause");
    });
}

void deadline_or_cancelled() {
    run([] {
        {
            auto [parent, cancel] =
                rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
            go([] { time_passes(); });
            auto [child, cancel_child] = rt0::with_timeout(parent, 1s, below);
            go([call = std::move(cancel)]() mutable { call(above); });
            (void)child.done().recv();
            check(is_one_of_both(child.cause()), "a context is done without a cause");
            check(child.err() == (child.cause() == above ? rt0::error::operation_canceled
                                                         : rt0::error::timed_out),
                  "an error has another's cause");
        }
        explore::join();
        time_passes();
    });
}

// Nobody has it any more but its timer.
void left_to_its_deadline() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::context());
        {
            auto child = rt0::with_timeout(rt0::with_value(parent, key, counted()), 1s);
            child.cancel.release();
        }
        go([] { time_passes(); });
        cancel();
    });
}

void called_or_stopped() {
    run([] {
        explore::atomic<int> called;
        auto [parent, cancel] = rt0::with_cancel(rt0::with_value(rt0::context(), key, counted()));
        rt0::context_stop stop = rt0::after_func(
            parent, [&called, of = counted()] { called.fetch_add(1, std::memory_order_relaxed); });
        go([call = std::move(cancel)]() mutable { call(); });
        const bool stopped = stop();
        check(!stop(), "a call is stopped twice");
        explore::join();
        check(called.load(std::memory_order_relaxed) == (stopped ? 0 : 1),
              "a call is not either stopped or made");
    });
}

// Nobody has a handle of it any more, but it is waited for: by a call, and by its channel.
void left_to_the_one_above() {
    run([] {
        explore::atomic<int> called;
        auto [parent, cancel] = rt0::with_cancel(rt0::context());
        auto [child, cancel_child] = rt0::with_cancel(rt0::with_value(parent, key, counted()));
        cancel_child.release();
        (void)rt0::after_func(
            child, [&called, of = counted()] { called.fetch_add(1, std::memory_order_relaxed); });
        auto done = child.done();
        go([own = std::move(child)]() mutable { own = rt0::context(); });
        cancel();
        check(!done.recv(), "one that is left is not done");
        explore::join();
        check(called.load(std::memory_order_relaxed) == 1, "a call is not made once");
    });
}

// And nobody can cancel those above.
void nobody_is_left() {
    run([] {
        auto [parent, cancel] = rt0::with_cancel(rt0::context());
        cancel.release();
        auto [child, cancel_child] = rt0::with_cancel(rt0::with_value(parent, key, counted()));
        cancel_child.release();
        auto [grandchild, cancel_it] = rt0::with_cancel(child);
        cancel_it.release();
        (void)rt0::after_func(grandchild, [of = counted()] {});
        go([one = std::move(grandchild), other = std::move(child)]() mutable {
            one = rt0::context();
            other = rt0::context();
        });
        parent = rt0::context();
    });
}

// What one goroutine does alone.
void alone() {
    run([] {
        const rt0::context background;
        check(!background.err() && !background.cause() && !background.deadline(),
              "the background ends");
        check(background == rt0::context() && !background.done(), "the background is done");
        rt0::context_stop never = rt0::after_func(background, [] {});
        check(never() && !never(), "what never happens is not stopped once");
        auto [root, cancel] = rt0::with_cancel(rt0::with_value(background, key, counted()));
        check(!root.deadline() && !root.err() && root.value(key) != nullptr,
              "one that is new ends");
        const rt0::context valued = rt0::with_value(background, key, counted());
        check(valued.value(key) != nullptr, "a value is gone");
        check(!valued.err() && !valued.deadline() && !valued.done(), "one that cannot end ends");
        check(rt0::after_func(valued, [] {})() && !root.cause(), "there is a cause for nothing");
        {
            // They leave from the middle, from the end and from the beginning.
            auto first = rt0::with_cancel(root);
            auto second = rt0::with_cancel(root);
            rt0::context_stop third = rt0::after_func(root, [of = counted()] {});
            auto fourth = rt0::with_cancel(root);
            second.cancel();
            first.cancel();
            check(third() && !third(), "a call is not stopped once");
        }
        {
            // Nobody is left who could stop it; one is called when its canceller goes, one when
            // the one above is cancelled.
            const auto child = rt0::with_cancel(root);
            (void)rt0::after_func(child.ctx, [of = counted()] {});
            auto released = rt0::with_cancel(root);
            (void)rt0::after_func(released.ctx, [of = counted()] {});
            released.cancel.release();
        }
        const std::chrono::steady_clock::time_point past{};
        check(rt0::with_deadline(root, past, below).ctx.cause() == below, "the past is to come");
        const auto later = rt0::with_deadline(root, past + 1h);
        const auto much_later = rt0::with_deadline(later.ctx, past + 2h);
        check(much_later.ctx.deadline() == past + 1h, "a child may take longer");
        const rt0::context apart = rt0::without_cancel(root);
        check(root.done() == root.done(), "one is done in two ways");
        cancel(above);
        cancel(below);
        check(root.cause() == above && later.ctx.cause() == above,
              "the first cause is not the cause");
        check(!apart.err() && apart.value(key) != nullptr, "one that is apart is not");
        (void)later.ctx.done().recv();
        const auto late = rt0::with_cancel(root);
        check(late.ctx.err() == rt0::error::operation_canceled,
              "a child of one that is over is not");
        int called = 0;
        rt0::context_stop stop = rt0::after_func(root, [&called] { ++called; });
        check(!stop(), "what has been called is stopped");
        explore::join();
        check(called == 1, "a call is not made at once");
    });
}

constexpr auto models = std::to_array<explore::model>({
    {"parent_and_child_are_cancelled",
     parent_and_child_are_cancelled,
     {.preemptions = 1, .stale = 0}},
    {"alone", alone, {.preemptions = 0, .stale = 0}},
    {"left_to_the_one_above", left_to_the_one_above, {.preemptions = 1, .stale = 0}},
    {"nobody_is_left", nobody_is_left, {.preemptions = 3, .stale = 1}},
    {"a_child_goes", a_child_goes, {.preemptions = 3, .stale = 1}},
    {"a_child_comes", a_child_comes, {.preemptions = 3, .stale = 1}},
    {"last_handles", last_handles, {.preemptions = 3, .stale = 1}},
    {"waits_until_done", waits_until_done, {.preemptions = 1, .stale = 0}},
    {"deadline_or_cancelled", deadline_or_cancelled, {.preemptions = 1, .stale = 0}},
    {"left_to_its_deadline", left_to_its_deadline, {.preemptions = 2, .stale = 0}},
    // With both there are a million.
    {"left_to_it_and_seen_late", left_to_its_deadline, {.preemptions = 1, .stale = 1}},
    {"called_or_stopped", called_or_stopped, {.preemptions = 3, .stale = 0}},
});

} // namespace

namespace runtime {

int64_t nanotime() {
    return 1;
}

} // namespace runtime

namespace rt0::detail {

// As sync/timer.cpp's, whose heap and goroutine the model's time is.
void start_call(timed_call* call, std::int64_t /*nanoseconds*/) {
    check(timed.exchange(call, std::memory_order_acq_rel) == nullptr, "there is one timer");
}

bool stop_call(timed_call* call) {
    timed_call* expected = call;
    const bool was = timed.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel,
                                                   std::memory_order_relaxed);
    if (was) {
        drop_call(call);
    }
    return was;
}

void drop_call(timed_call* call) {
    if (call->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        call->destroy(call);
    }
}

void* new_goroutine(std::size_t /*size*/, std::size_t /*alignment*/, std::size_t /*stack*/,
                    closure_base** room) {
    fresh& made = fresh_ones.at(used_fresh++);
    *room = reinterpret_cast<closure_base*>(&made.room);
    return *room;
}

void start_goroutine(void* goroutine) {
    procs::go([first = static_cast<closure_base*>(goroutine)] { first->run(first); });
}

void drop_goroutine(void* /*goroutine*/) noexcept {}

} // namespace rt0::detail

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
