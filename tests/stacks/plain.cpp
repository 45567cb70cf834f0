// Stacks for code that does not ask for any: rt0::stack_size and rt0::on_big_stack. A behaviour a
// word of the command line; it ends with the number of checks that did not hold.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <alloca.h>

#include <rt0/rt0.h>

#include "../headers/check.h"
#include "../sched/kernel.h"
#include "plain_code.h"

#define NOINLINE [[gnu::noinline]]

namespace {

constexpr size_t kib = 1024;
constexpr size_t mib = 1024 * kib;
// What stands on the stack before the plain code does, unoptimised code's too.
constexpr size_t some = 4 * kib;

void use(void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

// A number of /proc/self/status, in KiB.
long status(std::string_view name) {
    auto file = rt0::file::open("/proc/self/status");
    check(file.has_value());
    std::array<char, 4096> text{};
    const size_t size = file->read(std::as_writable_bytes(std::span(text))).value_or(0);
    const std::string_view all(text.data(), size);
    long number = 0;
    for (size_t at = all.find(name) + name.size(); at < size && all[at] != 'k'; ++at) {
        if (all[at] >= '0' && all[at] <= '9') {
            number = number * 10 + (all[at] - '0');
        }
    }
    check(number > 0);
    return number;
}

long mappings() {
    auto file = rt0::file::open("/proc/self/maps");
    check(file.has_value());
    long lines = 0;
    std::array<char, 4096> text{};
    while (const size_t size = file->read(std::as_writable_bytes(std::span(text))).value_or(0)) {
        lines += std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), '\n');
    }
    return lines;
}

// Starts f(args...) on a plain stack and waits for its end.
template <class F, class... Args>
void on_plain_stack(size_t size, F&& f, Args&&... args) {
    rt0::wait_group group;
    group.add(1);
    rt0::go(
        rt0::stack_size(size),
        // NOLINTNEXTLINE(performance-unnecessary-value-param)
        [&group](auto own, auto... as) {
            own(std::move(as)...);
            group.done();
        },
        std::forward<F>(f), std::forward<Args>(args)...);
    group.wait();
}

NOINLINE uint64_t recurse(uint64_t depth) {
    std::array<uint64_t, 8> words{depth};
    use(words.data());
    const uint64_t below = depth == 0 ? 0 : recurse(depth - 1) + 1;
    use(words.data());
    check(words[0] == depth);
    return below;
}

void sizes() {
    for (const size_t size :
         {size_t{0}, size_t{1}, 100 * kib, 256 * kib, 257 * kib, mib, 16 * mib}) {
        on_plain_stack(size, [size] {
            check(take_stack(std::max(size, 256 * kib) - some));
            // Code that asks finds its stack too, more of it than that, and called from there.
            check(recurse(20'000) == 20'000);
            call_from_plain_code([](void* /*none*/) { check(recurse(20'000) == 20'000); }, nullptr);
            check(take_stack(std::max(size, 256 * kib) - some));
        });
    }
}

void closures() {
    int sum = 0;
    on_plain_stack(
        mib,
        [&sum](std::unique_ptr<int> a, const std::string& b) {
            sum = *a + static_cast<int>(b.size());
        },
        std::make_unique<int>(40), std::string("ab"));
    check(sum == 42);
    on_plain_stack(1, [&sum, owned = std::make_unique<int>(3)] { sum = *owned; });
    check(sum == 3);
    std::array<int, 5000> large{};
    std::fill(large.begin(), large.end(), 2);
    on_plain_stack(100 * kib, [&sum, large] {
        sum = 0;
        for (const int n : large) {
            sum += n;
        }
        check(take_stack(200 * kib));
    });
    check(sum == 10'000);
    struct alignas(64) aligned {
        int value = 7;
    };
    struct alignas(1024) very_aligned {
        int value = 8;
    };
    on_plain_stack(mib, [&sum, a = aligned(), b = very_aligned()] {
        check(reinterpret_cast<uintptr_t>(&a) % 64 == 0);
        check(reinterpret_cast<uintptr_t>(&b) % 1024 == 0);
        sum = a.value + b.value;
    });
    check(sum == 15);
    // Destroyed once.
    const auto shared = std::make_shared<int>(1);
    for (int i = 0; i < 100; ++i) {
        rt0::go(rt0::stack_size(300 * kib), [shared] { check(*shared == 1); });
    }
    rt0::go(rt0::stack_size(1), +[] {});
    while (rt0::num_goroutine() > 1) {
        rt0::yield();
    }
    check(shared.use_count() == 1);
}

// What a plain stack has is given back at its goroutine's end.
void given_back() {
    constexpr int rounds = 100;
    constexpr int at_once = 100;
    long lines = 0;
    long size = 0;
    long resident = 0;
    for (int round = 0; round < rounds; ++round) {
        rt0::wait_group group;
        for (int i = 0; i < at_once; ++i) {
            group.add(1);
            rt0::go(rt0::stack_size(mib), [&group] {
                check(take_stack(12 * kib));
                group.done();
            });
        }
        group.wait();
        while (rt0::num_goroutine() > 1) {
            rt0::yield();
        }
        if (round == 0) {
            lines = mappings();
            size = status("VmSize:");
            resident = status("VmRSS:");
        }
    }
    // A thread or an arena more is all that there may be.
    check(mappings() <= lines + 20);
    check(status("VmSize:") < size + 32 * 1024);
    check(status("VmRSS:") < resident + 4 * 1024);
}

// Many at once, each with its own.
void many() {
    constexpr int count = 1000;
    rt0::wait_group there;
    rt0::wait_group go_on;
    rt0::wait_group gone;
    std::atomic<int> right = 0;
    go_on.add(1);
    for (int i = 0; i < count; ++i) {
        there.add(1);
        gone.add(1);
        rt0::go(rt0::stack_size(mib), [&] {
            std::array<uintptr_t, 100> own; // NOLINT: filled below
            own.fill(rt0::goid());
            use(own.data());
            const bool first = take_stack(20 * kib);
            there.done();
            go_on.wait();
            use(own.data());
            const bool second = take_stack(40 * kib);
            right += first && second && std::ranges::count(own, rt0::goid()) == 100 ? 1 : 0;
            gone.done();
        });
    }
    there.wait();
    go_on.done();
    gone.wait();
    check(right == count);
}

void overflow() {
    on_plain_stack(300 * kib, [] { overflow_stack(); });
}

void overflow_on_big() {
    rt0::wait_group group;
    group.go([] { rt0::on_big_stack([] { overflow_stack(); }); });
    group.wait();
}

void too_large() {
    rt0::go(rt0::stack_size(2'000'000'000), [] {});
}

void too_large_for_any() {
    rt0::go(rt0::stack_size(SIZE_MAX), [] {});
}

// on_big_stack.

int global;

NOINLINE void plain_function() {
    ++global;
}

NOINLINE int function_with_result() {
    return 5;
}

struct only_moves {
    explicit only_moves(int n)
        : value(std::make_unique<int>(n)) {}
    std::unique_ptr<int> value;
};

struct callable {
    int operator()() & { return 1; }
    int operator()() const& { return 2; }
    int operator()() && { return 3; }
};

// All kinds of functions and results.
void results() {
    check(rt0::on_big_stack([] { return 7; }) == 7);
    check(rt0::on_big_stack([] { return std::string(100, 'x'); }) == std::string(100, 'x'));
    check(*rt0::on_big_stack([] { return only_moves(4); }).value == 4);
    static_assert(std::is_void_v<decltype(rt0::on_big_stack([] {}))>);
    // NOLINTNEXTLINE(misc-const-correctness)
    int local = 0;
    rt0::on_big_stack([&local] { local = 9; });
    check(local == 9);
    // NOLINTNEXTLINE(misc-const-correctness)
    int& same = rt0::on_big_stack([&local]() -> int& { return local; });
    check(&same == &local);
    const int& constant = rt0::on_big_stack([&local]() -> const int& { return local; });
    check(&constant == &local);
    auto owned = std::make_unique<int>(6);
    const std::unique_ptr<int> moved =
        rt0::on_big_stack([&owned]() -> std::unique_ptr<int>&& { return std::move(owned); });
    check(*moved == 6 && owned == nullptr);
    // What is called, and as what.
    rt0::on_big_stack(plain_function);
    rt0::on_big_stack(&plain_function);
    check(global == 2);
    check(rt0::on_big_stack(function_with_result) == 5);
    // NOLINTNEXTLINE(misc-const-correctness)
    callable object;
    const callable constant_object;
    check(rt0::on_big_stack(object) == 1);
    check(rt0::on_big_stack(constant_object) == 2);
    check(rt0::on_big_stack(callable()) == 3);
    // NOLINTNEXTLINE(misc-const-correctness)
    int calls = 0;
    auto counting = [calls]() mutable { return ++calls; };
    check(rt0::on_big_stack(counting) == 1 && rt0::on_big_stack(counting) == 2);
    check(*rt0::on_big_stack(
              [own = std::make_unique<int>(3)]() mutable { return std::move(own); }) == 3);
}

void everywhere(void (*f)()) {
    f(); // on the kernel's stack
    rt0::wait_group group;
    group.go(f);
    group.wait();
    on_plain_stack(mib, f);
}

// With little stack left, each time a little less.
template <class F>
NOINLINE void at_offset(size_t offset, const F& f) {
    void* const pad = alloca(offset);
    use(pad);
    f();
    use(pad);
}

void room() {
    for (const size_t size : {kib, 20 * kib, 250 * kib, 256 * kib, 257 * kib, mib, 5 * mib}) {
        for (size_t offset = 0; offset < 1200; offset += size < mib ? 16 : 240) {
            rt0::wait_group group;
            group.go([&] {
                at_offset(offset, [size, offset] {
                    for (int round = 0; round < 2; ++round) {
                        // The whole of a large one takes too long at every offset.
                        const size_t bytes = offset % 240 == 0 ? size : std::min(size, 32 * kib);
                        check(rt0::on_big_stack([bytes] { return take_stack(bytes); }, size));
                        check(recurse(30) == 30);
                    }
                });
            });
            group.wait();
        }
    }
}

void nested() {
    rt0::wait_group group;
    group.go([] {
        const int sum = rt0::on_big_stack([] {
            check(take_stack(200 * kib));
            const int inner = rt0::on_big_stack(
                [] {
                    check(take_stack(mib - some));
                    check(recurse(30'000) == 30'000);
                    return rt0::on_big_stack([] { return take_stack(252 * kib) ? 1 : 0; });
                },
                mib);
            check(take_stack(200 * kib));
            return inner + 1;
        });
        check(sum == 2);
    });
    group.wait();
}

// The function parks and yields, and goes on on whatever thread.
void parks() {
    std::atomic<bool> moved = rt0::gomaxprocs() == 1;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    rt0::wait_group group;
    for (int i = 0; i < 20; ++i) {
        group.go([&moved, end] {
            do {
                const int got = rt0::on_big_stack([&moved] {
                    std::array<uint64_t, 8> own{};
                    own.fill(rt0::goid());
                    use(own.data());
                    const long thread = thread_id();
                    check(take_stack(100 * kib));
                    rt0::yield();
                    rt0::wait_group inner;
                    inner.go([] { rt0::yield(); });
                    inner.wait();
                    check(take_stack(100 * kib));
                    if (thread_id() != thread) {
                        moved = true;
                    }
                    use(own.data());
                    check(std::ranges::count(own, rt0::goid()) == 8);
                    return 5;
                });
                check(got == 5);
            } while (!moved && std::chrono::steady_clock::now() < end);
        });
    }
    group.wait();
    check(moved);
}

NOINLINE uintptr_t where() {
    uintptr_t sp = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("movq %%rsp, %0" : "=r"(sp));
    return sp;
}

// The second call finds the stack that the first one has left.
void kept() {
    rt0::wait_group group;
    group.go([] {
        for (const size_t size : {20 * kib, 256 * kib, 3 * mib}) {
            const uintptr_t first = rt0::on_big_stack(where, size);
            const long size_then = status("VmSize:");
            for (int i = 0; i < 1000; ++i) {
                check(rt0::on_big_stack(where, size) == first);
            }
            check(status("VmSize:") == size_then);
        }
    });
    group.wait();
    // Until the goroutine ends.
    const long lines = mappings();
    for (int i = 0; i < 200; ++i) {
        group.go([] { check(rt0::on_big_stack([] { return take_stack(10 * kib); }, mib)); });
        group.wait();
    }
    check(mappings() <= lines + 20);
}

struct test {
    std::string_view name;
    void (*run)();
};

constexpr test tests[] = {
    {"sizes", sizes},
    {"closures", closures},
    {"given_back", given_back},
    {"many", many},
    {"overflow", overflow},
    {"overflow_on_big", overflow_on_big},
    {"too_large", too_large},
    {"too_large_for_any", too_large_for_any},
    {"results",
     [] {
         everywhere([] {
             results();
             global = 0;
         });
     }},
    {"room", room},
    {"nested", nested},
    {"parks", parks},
    {"kept", kept},
};

} // namespace

int main(int argc, char** argv) {
    for (const test& t : tests) {
        if (argc == 2 && t.name == argv[1]) {
            t.run();
            return failures;
        }
    }
    return 99;
}
