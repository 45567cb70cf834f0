// Exceptions on stacks that grow: a program per word of the command line. It returns 0 where all
// was right.
#include <algorithm>
#include <any>
#include <atomic>
#include <charconv>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <vector>

#include <alloca.h>
#include <unwind.h>

#include <rt0/go.h>
#include <rt0/print.h>

#include "mem/segment.h"
#include "stack.h"

namespace {

// The goroutine's segment is the one that the stack pointer is in, and its guard is the thread's.
[[gnu::always_inline]] inline bool segment_is_right_for(uintptr_t sp) {
    runtime::mem::segment* const at = getg()->segment;
    const runtime::no_preempt here; // the thread whose guard that is
    const uintptr_t guard = runtime::get_tcb()->stack_guard;
    if (at == nullptr) {
        return guard == 0 || guard == static_cast<uintptr_t>(STACK_PREEMPT); // the kernel's stack
    }
    return sp < reinterpret_cast<uintptr_t>(at) && sp > at->guard - 320 &&
           (guard == at->guard || guard == static_cast<uintptr_t>(STACK_PREEMPT));
}

NOINLINE bool segment_is_right() {
    return segment_is_right_for(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
}

NOINLINE int small_frame(int n) {
    char room[40];
    use(room);
    return n + 1;
}

// How many there are on this goroutine's stack.
struct counted {
    explicit counted(int& count)
        : count_(count) {
        ++count_;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() {
        --count_;
        CHECK(segment_is_right());
        CHECK(small_frame(1) == 2); // takes stack in the middle of it all
    }
    int& count_;
};

struct thrown {
    long depth;
    char text[40];
};

// Recursion that ends by a throw. Some frames have something to clean up, some throw on what they
// catch, some do neither.
NOINLINE int dive(int depth, int every, int& count) {
    uint64_t words[3] = {static_cast<uint64_t>(depth), ~static_cast<uint64_t>(depth), 77};
    use(words);
    if (depth == 0) {
        throw thrown{every, "thrown from below"};
    }
    if (every != 0 && depth % every == 0) {
        try {
            const counted here(count);
            return dive(depth - 1, every, count) + 1;
        } catch (const thrown& what) {
            CHECK(segment_is_right() && what.depth == every);
            CHECK(words[0] == static_cast<uint64_t>(depth) && words[1] == ~words[0]);
            throw;
        }
    }
    if (depth % 3 == 0) {
        return dive(depth - 1, every, count) + 1;
    }
    const counted here(count);
    const int below = dive(depth - 1, every, count);
    use(words);
    return below + 1;
}

NOINLINE void dives(int depth, int every) {
    int count = 0;
    int caught = 0;
    const int before = std::uncaught_exceptions();
    // NOLINTNEXTLINE(misc-const-correctness)
    uint64_t a = opaque(uint64_t{11});
    // NOLINTNEXTLINE(misc-const-correctness)
    uint64_t b = opaque(uint64_t{22});
    // NOLINTNEXTLINE(misc-const-correctness)
    uint64_t c = opaque(uint64_t{33});
    // NOLINTNEXTLINE(misc-const-correctness)
    uint64_t d = opaque(uint64_t{44});
    try {
        caught += dive(depth, every, count) + 100;
    } catch (const thrown& what) {
        CHECK(segment_is_right());
        CHECK(std::string_view(what.text) == "thrown from below" && what.depth == every);
        ++caught;
    }
    CHECK(a == 11 && b == 22 && c == 33 && d == 44);
    CHECK(caught == 1 && count == 0 && std::uncaught_exceptions() == before);
    CHECK(segment_is_right());
}

// Arguments on the stack, and registers that are kept.
NOINLINE long many_arguments(long a, long b, long c, long d, long e, long f, long g, long h,
                             int& count) {
    const counted here(count);
    try {
        return dive(3, 0, count);
    } catch (const thrown& what) {
        return a + b + c + d + e + f + g + h + what.depth;
    }
}

#ifndef __clang__ // which refuses varargs with -fsplit-stack
NOINLINE long varargs(int& count, int n, ...) {
    va_list list;
    va_start(list, n);
    long sum = 0;
    try {
        const counted here(count);
        sum = dive(2, 0, count);
    } catch (const thrown&) {
        for (int i = 0; i < n; ++i) {
            sum += va_arg(list, int);
        }
    }
    va_end(list);
    return sum;
}
#endif

NOINLINE long frames(int& count) {
    char room[700];
    use(room);
    room[5] = 3;
    char* const more = static_cast<char*>(alloca(static_cast<size_t>(opaque(500))));
    more[7] = 4;
    use(more);
    try {
        const counted here(count);
        dive(1, 1, count);
    } catch (const thrown&) {
        return room[5] + more[7];
    }
    return 0;
}

NOINLINE void big_stack(int& count) {
    int caught = 0;
    try {
        const counted here(count);
        CHECK(rt0::on_big_stack([&] { return dive(20, 5, count); }, 100000) == -1);
    } catch (const thrown&) {
        ++caught;
    }
    CHECK(caught == 1 && count == 0 && segment_is_right());
}

// What is thrown while something else is being caught or unwound.
NOINLINE void nested(int& count) {
    int caught = 0;
    try {
        try {
            dive(4, 0, count);
        } catch (const thrown&) {
            dives(6, 2);
            throw std::runtime_error("second");
        }
    } catch (const std::runtime_error& error) {
        CHECK(std::string_view(error.what()) == "second" && segment_is_right());
        ++caught;
    }
    struct throws_inside {
        ~throws_inside() { dives(5, 2); }
    };
    try {
        const throws_inside here;
        dive(4, 3, count);
    } catch (const thrown&) {
        ++caught;
    }
    struct throws_out {
        ~throws_out() noexcept(false) { throw 5; }
    };
    try {
        const counted outer(count);
        const throws_out here;
        CHECK(segment_is_right());
    } catch (const int n) {
        caught += n == 5 ? 1 : 0;
    }
    try {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::exception& outer) {
        try {
            std::rethrow_if_nested(outer);
        } catch (const std::logic_error&) {
            ++caught;
        }
    }
    std::exception_ptr kept;
    try {
        dive(3, 1, count);
    } catch (...) {
        kept = std::current_exception();
    }
    for (int i = 0; i < 2; ++i) {
        try {
            const counted here(count);
            std::rethrow_exception(kept);
        } catch (const thrown& what) {
            caught += what.depth == 1 ? 1 : 0;
        }
    }
    CHECK(caught == 6 && count == 0 && segment_is_right());
}

template <class type, class F>
NOINLINE void expect(F f, int line) {
    int count = 0;
    bool right = false;
    try {
        const counted here(count);
        f();
    } catch (const type&) {
        right = segment_is_right();
    }
    check(right && count == 0, typeid(type).name(), line);
}
#define EXPECT(type, ...) expect<type>([&] { __VA_ARGS__; }, __LINE__)

NOINLINE void library() {
    std::vector<int> vector(3);
    std::map<int, int> map;
    std::string text = "text";
    EXPECT(std::out_of_range, vector.at(opaque(3u)) = 1);
    EXPECT(std::length_error, vector.reserve(opaque(SIZE_MAX)));
    EXPECT(std::length_error, text.resize(opaque(SIZE_MAX)));
    EXPECT(std::out_of_range, map.at(opaque(1)) = 1);
    EXPECT(std::out_of_range, text = text.substr(opaque(5u)));
    EXPECT(std::invalid_argument, map[0] = std::stoi("x"));
    EXPECT(std::out_of_range, map[0] = std::stoi("99999999999"));
    EXPECT(std::bad_function_call, std::function<void()>()());
    EXPECT(std::bad_optional_access, map[0] = std::optional<int>().value());
    EXPECT(std::bad_any_cast, map[0] = std::any_cast<int>(std::any('x')));
    EXPECT(std::bad_weak_ptr, const std::shared_ptr<int> p((std::weak_ptr<int>())));
    EXPECT(std::bad_alloc, ::operator delete(::operator new(opaque(SIZE_MAX / 4))));
    EXPECT(std::bad_alloc, delete[] opaque(new int[opaque(SIZE_MAX)]));
    CHECK(::operator new(opaque(SIZE_MAX / 4), std::nothrow) == nullptr);
    struct base {
        base() = default;
        base(const base&) = delete;
        base& operator=(const base&) = delete;
        virtual ~base() = default;
    };
    struct derived : base {};
    base plain;
    EXPECT(std::bad_cast, use(&dynamic_cast<derived&>(*opaque(&plain))));
    base* none = opaque(static_cast<base*>(nullptr));
    EXPECT(std::bad_typeid, use(const_cast<char*>(typeid(*none).name())));
    EXPECT(std::system_error, throw std::system_error(ENOENT, std::generic_category(),
                                                      "a text of more than 15 bytes"));
    EXPECT(std::system_error, std::__throw_system_error(EPERM));
    std::unique_lock<std::mutex> lock;
    EXPECT(std::system_error, lock.lock());
    // In a constructor of an array's element, and of a local static.
    static int made = 0;
    struct third_throws {
        third_throws() {
            if (++made == 3) {
                throw thrown{3, ""};
            }
        }
        ~third_throws() { --made; }
    };
    made = 0;
    EXPECT(thrown, delete[] opaque(new third_throws[5]));
    CHECK(made == 1);
    EXPECT(thrown, static const int value = dive(2, 0, made); use(const_cast<int*>(&value)));
    EXPECT(thrown, static const int value = dive(2, 0, made); use(const_cast<int*>(&value)));
}

// Backtraces go through all segments and end where the goroutine began.
struct trace {
    int frames;
    bool goes_up;
};
NOINLINE int backtrace(int depth) {
    if (depth == 0) {
        trace seen{};
        const _Unwind_Reason_Code code = _Unwind_Backtrace(
            [](_Unwind_Context* context, void* argument) {
                if (_Unwind_GetIP(context) != 0) {
                    ++static_cast<trace*>(argument)->frames;
                }
                small_frame(2); // asks
                return _URC_NO_REASON;
            },
            &seen);
        CHECK(code == _URC_END_OF_STACK && segment_is_right());
        return seen.frames;
    }
    const int frames = backtrace(depth - 1);
    use(nullptr);
    return frames;
}

NOINLINE void backtraces() {
    const int few = backtrace(opaque(3));
    const int many = backtrace(opaque(40));
    // The further ones are those of __morestack: at most one for each doubling of the stack.
    CHECK(many - few >= 37 && many - few <= 42);
}

NOINLINE void all_throws() {
    int count = 0;
    for (const int depth : {0, 1, 2, 5, 40}) {
        dives(depth, 0);
    }
    dives(9, 1);
    dives(30, 4);
    CHECK(many_arguments(1, 2, 3, 4, 5, 6, 7, 8, count) == 36);
#ifndef __clang__
    CHECK(varargs(count, 8, 1, 2, 3, 4, 5, 6, 7, 8) == 36);
#endif
    CHECK(frames(count) == 7);
    nested(count);
    big_stack(count);
    CHECK(count == 0);
}

NOINLINE void parks_in_catch(std::exception_ptr& kept) {
    int count = 0;
    try {
        const counted here(count);
        dive(10, 3, count);
    } catch (const thrown& what) {
        for (int i = 0; i < 3; ++i) {
            rt0::yield();
            dives(7, 2);
        }
        CHECK(what.depth == 3 && segment_is_right());
        kept = std::current_exception();
    }
}

// On every core, preempted by guards and by signals, and what one has caught another throws again.
void parallel() {
    rt0::gomaxprocs(4);
    std::atomic<int> running = 64;
    for (int i = 0; i < 64; ++i) {
        rt0::go([&running, i] {
            for (int round = 0; round < 300; ++round) {
                std::exception_ptr kept;
                dives(i + round % 20, round % 5);
                if (round % 8 == 0) {
                    parks_in_catch(kept);
                    std::atomic<bool> done = false;
                    rt0::go([&done, &kept] {
                        int count = 0;
                        try {
                            const counted here(count);
                            std::rethrow_exception(kept);
                        } catch (const thrown& what) {
                            CHECK(what.depth == 3 && segment_is_right());
                        }
                        done = true;
                    });
                    while (!done) {
                        rt0::yield();
                    }
                }
            }
            --running;
        });
    }
    while (running != 0) {
        rt0::yield();
    }
}

NOINLINE void numbers() {
    char text[800];
    auto end =
        std::to_chars(text, text + 2, opaque(1e-300), std::chars_format::scientific, 1100).ptr;
    CHECK(end == text + 2);
    end = std::to_chars(text, text + 800, opaque(1e300), std::chars_format::fixed, 400).ptr;
    CHECK(end == text + 702);
    std::fill(text, text + 800, '3');
    double value = 0;
    CHECK(std::from_chars(text, text + 300, opaque(&value)[0]).ptr == text + 300 &&
          value > 3.3e299);
    std::pmr::unsynchronized_pool_resource pool;
    std::pmr::vector<int> some(opaque(100u), 7, &pool);
    const std::pmr::memory_resource& resource = *opaque(&pool);
    CHECK(some[99] == 7 && typeid(resource) == typeid(std::pmr::unsynchronized_pool_resource));
}

// What is said at the end, by who has come to std::terminate: it may take stack and wait.
[[noreturn]] NOINLINE void say_the_end(bool right) {
    CHECK(right && segment_is_right());
    for (int i = 0; i < 3; ++i) {
        dives(30, 4);
        rt0::go([] { dives(10, 2); });
        rt0::yield();
    }
    CHECK(std::current_exception() != nullptr && segment_is_right());
    rt0::println("terminated");
    std::exit(wrong == 0 ? 0 : 1);
}

// This one does not ask: it would be on another segment then.
[[gnu::no_split_stack]] void at_the_end();
void at_the_end() {
    say_the_end(segment_is_right_for(reinterpret_cast<uintptr_t>(__builtin_frame_address(0))));
}

// NOLINTNEXTLINE(bugprone-exception-escape)
NOINLINE void does_not_throw(int& count) noexcept {
    const counted here(count);
    dive(20, 7, count);
}

struct throws_while_unwinding {
    ~throws_while_unwinding() noexcept(false) { // NOLINT(bugprone-exception-escape)
        int count = 0;
        dive(20, 7, count);
    }
};

NOINLINE void throws_twice(int& count) {
    const throws_while_unwinding here;
    dive(12, 5, count);
}

NOINLINE void throws_through(int& count) {
    const counted here(count);
    dive(20, 7, count);
    use(&count);
}

// ends WHICH OFFSET
void ends(std::string_view which, int offset) {
    if (which != "uncaught") {
        std::set_terminate(at_the_end);
    }
    on_goroutine([&] {
        int count = 0;
        at_depth(offset % 5, offset, [&] {
            if (which == "noexcept") {
                try {
                    does_not_throw(count);
                } catch (...) {
                    rt0::println("caught");
                }
            } else if (which == "twice") {
                try {
                    throws_twice(count);
                } catch (...) {
                    rt0::println("caught");
                }
            } else {
                throws_through(count);
            }
        });
    });
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word == "sweep") {
        all_throws(); // on the kernel's stack too
        sweep(all_throws);
    } else if (word == "library") {
        library();
        sweep(library);
    } else if (word == "backtraces") {
        backtraces();
        sweep(backtraces);
    } else if (word == "numbers") {
        sweep(numbers);
    } else if (word == "parallel") {
        parallel();
    } else if (word == "ends" && argc > 3) {
        ends(argv[2], std::atoi(argv[3]));
    } else {
        return 1;
    }
    return wrong == 0 ? 0 : 1;
}
