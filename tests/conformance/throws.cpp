// Channels in a program with exceptions.
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>

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

constexpr test tests[] = {
    {"copies", copies},
    {"loops_and_cases", loops_and_cases},
    {"once_throws", once_throws},
    {"throws_in_move", throws_in_move, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
