// Channels and groups in a program with exceptions.
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <rt0/singleflight.h>
#include <rt0/testing.h>
#include <rt0/time.h>

#include "run.h"

namespace {

std::atomic<int> alive;
struct counted {
    explicit counted(int i)
        : number(i) {
        ++alive;
    }
    counted(counted&& other) noexcept
        : number(other.number) {
        ++alive;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --alive; }
    int number;
};

// An exception in a copy comes before anything has happened.
struct throws_when_copied {
    throws_when_copied() = default;
    throws_when_copied(const throws_when_copied& /*other*/) { throw std::runtime_error("no copy"); }
    throws_when_copied(throws_when_copied&& /*other*/) noexcept {}
    throws_when_copied& operator=(const throws_when_copied&) = delete;
    ~throws_when_copied() = default;
};

void copies() {
    const rt0::chan<throws_when_copied> c(1);
    const throws_when_copied value;
    int caught = 0;
    try {
        c.send(value);
    } catch (const std::runtime_error&) {
        ++caught;
    }
    try {
        (void)c.try_send(value);
    } catch (const std::runtime_error&) {
        ++caught;
    }
    check(caught == 2 && c.len() == 0);
    check(c.try_send({}));
}

// Out of a loop, and out of a case: what has been received is destroyed, the rest stays.
void loops_and_cases() {
    const rt0::chan<counted> d(3);
    for (int i = 0; i < 3; ++i) {
        d.send(counted(i));
    }
    try {
        for (auto& v : d) {
            throw std::runtime_error(v.number == 0 ? "0" : "?");
        }
    } catch (const std::runtime_error& e) {
        check(*e.what() == '0');
    }
    try {
        rt0::select(rt0::recv(d, [](std::optional<counted> v) {
            throw std::runtime_error(v.has_value() && v->number == 1 ? "1" : "?");
        }));
    } catch (const std::runtime_error& e) {
        check(*e.what() == '1');
    }
    check(d.len() == 1 && alive == 1);
}

// What throws has not been done; who waited for it does it.
void once_throws() {
    rt0::once once;
    int calls = 0;
    std::atomic<int> thrown = 0;
    rt0::wait_group group;
    for (int i = 0; i < 4; ++i) {
        group.go([&] {
            try {
                once.call([&] {
                    rt0::yield();
                    if (++calls < 3) {
                        throw std::runtime_error("not yet");
                    }
                });
            } catch (const std::runtime_error&) {
                ++thrown;
            }
        });
    }
    group.wait();
    check(calls == 3 && thrown == 2);
}

// Ends the program.
void throws_in_move() {
    struct throws {
        throws() = default;
        throws(throws&& /*other*/) noexcept(false) { throw std::runtime_error("no move"); }
        throws(const throws&) = delete;
        throws& operator=(const throws&) = delete;
        ~throws() {} // NOLINT(modernize-use-equals-default)
    };
    const rt0::chan<throws> c(1);
    try {
        c.send({});
    } catch (const std::runtime_error&) {
        check(false);
    }
}

// What a task throws is thrown where one waits for it, to each; the first error is the only one.
void tasks() {
    rt0::task_group group;
    group.set_limit(2);
    std::atomic<int> run = 0;
    group.go([] { throw std::runtime_error("thrown"); });
    until([&] { return group.failed(); });
    for (int i = 0; i < 10; ++i) {
        group.go([&run, held = counted(i)]() -> rt0::error {
            ++run;
            if (held.number == 5) {
                throw std::logic_error("too late");
            }
            return rt0::error::io_error;
        });
    }
    for (int i = 0; i < 2; ++i) {
        bool caught = false;
        try {
            (void)group.wait();
        } catch (const std::runtime_error& e) {
            caught = std::string_view(e.what()) == "thrown";
        }
        check(caught);
    }
    check(run == 10 && alive == 0);
    // A goroutine that could not be started is none of the group's.
    rt0::task_group fails;
    fails.set_limit(1);
    struct not_copied {
        throws_when_copied value;
        void operator()() const { check(false); }
    };
    const not_copied work;
    for (int i = 0; i < 2; ++i) {
        bool caught = false;
        try {
            (void)fails.try_go(work);
        } catch (const std::runtime_error&) {
            caught = true;
        }
        check(caught);
        caught = false;
        rt0::wait_group plain;
        try {
            plain.go(work);
        } catch (const std::runtime_error&) {
            caught = true;
        }
        check(caught);
        plain.wait();
    }
    check(!fails.wait());
    check(fails.try_go([] {}));
    check(!fails.wait() && !fails.failed());
    // An exception and the scope's end.
    std::atomic<bool> done = false;
    try {
        rt0::task_group left;
        left.go([&] {
            for_a_while();
            done = true;
        });
        throw std::runtime_error("leaves");
    } catch (const std::runtime_error&) {
        check(done);
    }
}

// TestPanicDo: to each who waits; and the next one calls again.
void one_call() {
    rt0::singleflight<int, int> group;
    const rt0::chan<int> go_on(0);
    std::atomic<int> came = 0;
    std::atomic<int> caught = 0;
    rt0::wait_group all;
    for (int i = 0; i < 5; ++i) {
        all.go([&] {
            ++came;
            try {
                (void)group.call(1, [&]() -> int {
                    (void)go_on.recv();
                    throw std::runtime_error("no value");
                });
            } catch (const std::runtime_error&) {
                ++caught;
            }
        });
    }
    until([&] { return came == 5; });
    for_a_while();
    go_on.send(0);
    go_on.close();
    all.wait();
    check(caught == 5);
    check(group.call(1, [] { return 3; }).value == 3);
    // Where its goroutine cannot be started those that wait for it look for themselves.
    struct not_moved {
        throws_when_copied value;
        int operator()() const { return 1; }
    };
    const not_moved work;
    bool thrown = false;
    try {
        (void)group.start(2, work);
    } catch (const std::runtime_error&) {
        thrown = true;
    }
    check(thrown);
    check(group.call(2, [] { return 4; }).value == 4);
}

// What a goroutine has caught is its own, beside its other locals.
rt0::goroutine_local<counted> local([] { return counted(1); });
struct throws_at_end {
    ~throws_at_end() {
        try {
            throw std::runtime_error("within");
        } catch (const std::runtime_error&) {
            check(std::uncaught_exceptions() == 0);
        }
    }
};
rt0::goroutine_local<throws_at_end> at_end;
void locals() {
    rt0::wait_group group;
    for (int i = 0; i < 10; ++i) {
        group.go([i] {
            (void)at_end.get();
            try {
                local->number = i;
                throw std::runtime_error("caught");
            } catch (const std::runtime_error&) {
                rt0::yield();
                check(local->number == i);
                check(std::current_exception() != nullptr);
            }
        });
    }
    group.wait();
    until([] { return rt0::num_goroutine() == 1; });
    check(alive == 0);
}

// What a test throws comes out, and the clock is the kernel's again.
void held_clock() {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    for (int i = 0; i < 3; ++i) {
        int caught = 0;
        try {
            rt0::testing::run([] {
                rt0::sleep_for(std::chrono::hours(1));
                throw std::runtime_error("failed");
            });
        } catch (const std::runtime_error&) {
            ++caught;
        }
        check(caught == 1);
    }
    check(clock::now() - start < std::chrono::minutes(5));
}

constexpr test tests[] = {
    {"held_clock", held_clock},
    {"copies", copies},
    {"loops_and_cases", loops_and_cases},
    {"once_throws", once_throws},
    {"tasks", tasks},
    {"one_call", one_call},
    {"locals", locals},
    {"throws_in_move", throws_in_move, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
