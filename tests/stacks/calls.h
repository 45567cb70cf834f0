// Functions of many kinds, and all_calls, which calls them and looks at what comes back. For a
// program of one file.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <coroutine>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <alloca.h>

#include "arch/amd64/offsets.h"
#include "stack.h"

// Whether ask does anything; nested.c reads it too.
extern "C" {
inline int asking = 0;
}

namespace {

bool may_move; // to other threads

// As sysmon does: the next function that asks for stack gives way first. (On a thread that may be
// another one's by then, where nobody notices but the one who gives way once too often.)
[[gnu::always_inline]] inline void ask_now() {
    asm volatile("movq %0, %%fs:%c1" : : "r"(STACK_PREEMPT), "i"(TCB_STACK_GUARD) : "memory");
}
[[gnu::always_inline]] inline void ask() {
    if (asking != 0) {
        ++asking;
        ask_now();
    }
}

// The calls of the sweep. Each function takes some stack, so that the boundary is crossed in it.

NOINLINE long integers(int a, int b, int c, int d, int e, int f, long g, int h, short i, char j,
                       long k) {
    char room[40];
    use(room);
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}

NOINLINE double doubles(double a, double b, double c, double d, double e, double f, double g,
                        double h, double i, double j, int k) {
    char room[24];
    use(room);
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}

NOINLINE long double long_doubles(long double a, int b, long double c) {
    char room[56];
    use(room);
    return a * 1000 + b * 100 + c;
}

NOINLINE _Complex long double complex_result(long double a) {
    char room[24];
    use(room);
    _Complex long double z;
    __real__ z = a;
    __imag__ z = -a;
    return z;
}

NOINLINE _Complex double complex_double(double a) {
    char room[24];
    use(room);
    _Complex double z;
    __real__ z = a;
    __imag__ z = -a;
    return z;
}

struct pair {
    long a;
    double b;
};
struct large {
    long words[9];
};
struct alignas(32) aligned {
    long words[4];
};

NOINLINE pair small_struct(pair p, __int128 wide) {
    char room[32];
    use(room);
    return {static_cast<long>(wide >> 64) + p.a, p.b * 2};
}

NOINLINE __int128 wide_result(long a) {
    char room[8];
    use(room);
    return (static_cast<__int128>(a) << 64) + a + 1;
}

NOINLINE large large_struct(int factor, large in, char separator, large second) {
    char room[16];
    use(room);
    large out{};
    for (int i = 0; i < 9; ++i) {
        out.words[i] = in.words[i] * factor + second.words[i] + separator;
    }
    return out;
}

// In registers: two of a kind, one of each, two that share one.
struct doubles2 {
    double a;
    double b;
};
struct double_long {
    double a;
    long b;
};
struct floats3 {
    float a;
    float b;
    float c;
};
NOINLINE doubles2 struct_of_doubles(doubles2 in, double factor) {
    char room[24];
    use(room);
    return {in.b * factor, in.a * factor};
}
NOINLINE double_long struct_of_both(double_long in, floats3 more) {
    char room[24];
    use(room);
    return {in.a + static_cast<double>(more.a), in.b + static_cast<long>(more.c)};
}
NOINLINE floats3 struct_of_floats(floats3 in) {
    char room[24];
    use(room);
    return {in.c, in.a, in.b};
}
NOINLINE _Complex float complex_float(_Complex float in) {
    char room[24];
    use(room);
    _Complex float z;
    __real__ z = __imag__ in;
    __imag__ z = __real__ in;
    return z;
}

// In memory: because it is a long double, returned in a register; because its members are not
// aligned; because the registers are used up, of which a struct takes all or none.
struct long_double {
    long double a;
};
NOINLINE long_double struct_of_long_double(long_double in) {
    char room[24];
    use(room);
    return {in.a * 2};
}
struct [[gnu::packed]] packed {
    char a;
    long b;
};
struct odd {
    char text[17];
};
NOINLINE long unaligned_structs(packed a, odd b, packed c) {
    char room[24];
    use(room);
    return a.a + a.b + b.text[0] + b.text[16] + c.a + c.b;
}
NOINLINE long no_registers_left(long a, long b, long c, long d, long e, pair p, __int128 wide,
                                long f, double x) {
    char room[24];
    use(room);
    return a + b + c + d + e + p.a + static_cast<long>(p.b) + static_cast<long>(wide >> 64) +
           static_cast<long>(wide) + f + static_cast<long>(x);
}

// By reference, and returned through a pointer, because it may not be copied bit by bit.
struct owner {
    explicit owner(long n)
        : self(this)
        , value(n) {}
    owner(const owner& other)
        : self(this)
        , value(other.value) {}
    owner& operator=(const owner&) = delete;
    ~owner() { CHECK(self == this); }
    owner* self;
    long value;
};
struct nothing {};
// NOLINTNEXTLINE(performance-unnecessary-value-param): that is what it is for
NOINLINE owner returned_by_pointer(nothing /*takes no register*/, owner a, owner b) {
    char room[24];
    use(room);
    return owner(a.value * 10 + b.value);
}

// As many bytes as a register has, or as two have, or more.
NOINLINE __float128 quadruple(__float128 a, int which, __float128 b) {
    char room[24];
    use(room);
    return which == 0 ? a : b;
}
#ifdef __clang__ // GCC 12 has none
NOINLINE _BitInt(256) bit_ints(_BitInt(7) a, _BitInt(100) b, _BitInt(256) c) {
    char room[24];
    use(room);
    return c + b + a;
}
#endif

// Alignments beyond a cache line's.
struct alignas(128) strictly_aligned {
    long words[16];
};
NOINLINE bool strictly_aligned_struct(int before, strictly_aligned in) {
    char room[500];
    use(room);
    return reinterpret_cast<uintptr_t>(opaque(&in)) % 128 == 0 && in.words[15] == before;
}
#ifdef __clang__ // with -fsplit-stack it does not align what is of variable size
constexpr size_t strictest_alloca = 16;
#else
constexpr size_t strictest_alloca = 64;
#endif
// Of the frame itself, with arguments on the stack, which it finds from elsewhere then, and an
// array of variable size.
NOINLINE long strictly_aligned_frame(long a, long b, long c, long d, long e, long f, long g,
                                     int n) {
    alignas(256) char room[64];
    use(room);
    ask();
    const auto more = static_cast<char*>(
        __builtin_alloca_with_align(static_cast<size_t>(n), 8 * strictest_alloca));
    use(more);
    CHECK(reinterpret_cast<uintptr_t>(opaque(room + 0)) % 256 == 0);
    CHECK(reinterpret_cast<uintptr_t>(opaque(more)) % strictest_alloca == 0);
    more[0] = 1;
    more[n - 1] = 2;
    return a + b + c + d + e + f + g + more[0] + more[n - 1];
}

// Arguments by the hundred bytes.
NOINLINE long many(long a, long b, long c, long d, long e, long f, large l0, large l1, large l2,
                   large l3, large l4, large l5, long last) {
    char room[24];
    use(room);
    return a + b + c + d + e + f + l0.words[0] + l1.words[1] + l2.words[2] + l3.words[3] +
           l4.words[4] + l5.words[8] + last;
}

// Tail calls: the frame goes, the arguments on the stack change where they are. The frame is that
// of registers alone, because one with memory in it has to stay.
#ifdef __clang__
#define TAIL_CALL [[clang::musttail]] return
#else
#define TAIL_CALL return
#endif
[[gnu::always_inline]] inline void use_registers() {
    asm volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
}
NOINLINE long tail_odd(long n, long a, long b, long c, long d, long e, long f, long g);
NOINLINE long tail_even(long n, long a, long b, long c, long d, long e, long f, long g) {
    use_registers();
    ask();
    if (n == 0) {
        return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g;
    }
    TAIL_CALL tail_odd(n - 1, b, c, d, e, f, g, a);
}
NOINLINE long tail_odd(long n, long a, long b, long c, long d, long e, long f, long g) {
    use_registers();
    ask();
    TAIL_CALL tail_even(n - 1, a, b, c, d, e, f, g);
}
NOINLINE long tail_by_pointer(long n, long (*f)(long)) {
    use_registers();
    ask();
    return f(n);
}

struct huge {
    long words[2500];
};
NOINLINE long huge_struct(huge in, int separator) {
    use(&in);
    return in.words[0] + in.words[2499] + separator;
}

// With larger frames where there are arguments on the stack that are aligned to more than 16 bytes:
// the stack pointer of who calls is aligned so too, and so at no guard, below which it would have
// to be for a small frame to cross.
NOINLINE bool aligned_struct(int before, aligned in) {
    char room[500];
    use(room);
    return reinterpret_cast<uintptr_t>(opaque(&in)) % 32 == 0 && in.words[3] == before;
}

NOINLINE __m128 vectors(__m128 a, __m128 b, __m128 c, __m128 d, __m128 e, __m128 f, __m128 g,
                        __m128 h, __m128 i) {
    char room[16];
    use(room);
    return a + 2.0F * b + 3.0F * c + 4.0F * d + 5.0F * e + 6.0F * f + 7.0F * g + 8.0F * h +
           9.0F * i;
}

[[gnu::target("avx")]] NOINLINE __m256d wide_vectors(__m256d a, __m256d b, __m256d c, __m256d d,
                                                     __m256d e, __m256d f, __m256d g, __m256d h,
                                                     __m256d i) {
    char room[500];
    use(room);
    return a + 2.0 * b + 3.0 * c + 4.0 * d + 5.0 * e + 6.0 * f + 7.0 * g + 8.0 * h + 9.0 * i;
}

struct wide_struct {
    __m256d v;
};
[[gnu::target("avx")]] NOINLINE __m256d wide_vector_of(wide_struct in, int n) {
    char room[16];
    use(room);
    return in.v + static_cast<double>(n);
}

[[gnu::target("avx")]] NOINLINE bool check_wide_vectors() {
    __m256d v[9];
    for (int i = 0; i < 9; ++i) {
        const double x = opaque(i);
        v[i] = (__m256d){x, x + 1, x + 2, x + 3};
    }
    ask();
    const __m256d sum = wide_vectors(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
    for (int lane = 0; lane < 4; ++lane) {
        if (sum[lane] != 240.0 + 45.0 * lane) {
            return false;
        }
    }
    ask();
    const __m256d more = wide_vector_of({sum}, 7);
    return more[0] == 247 && more[3] == 247.0 + 45.0 * 3;
}

[[gnu::target("avx512f")]] NOINLINE __m512d widest_vectors(__m512d a, __m512d b, __m512d c,
                                                           __m512d d, __m512d e, __m512d f,
                                                           __m512d g, __m512d h, __m512d i) {
    char room[500];
    use(room);
    return a + 2.0 * b + 3.0 * c + 4.0 * d + 5.0 * e + 6.0 * f + 7.0 * g + 8.0 * h + 9.0 * i;
}

[[gnu::target("avx512f")]] NOINLINE bool check_widest_vectors() {
    __m512d v[9];
    for (int i = 0; i < 9; ++i) {
        const double x = opaque(i);
        v[i] = (__m512d){x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7};
    }
    ask();
    const __m512d sum = widest_vectors(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
    for (int lane = 0; lane < 8; ++lane) {
        if (sum[lane] != 240.0 + 45.0 * lane) {
            return false;
        }
    }
    return true;
}

bool has_avx() {
    static const bool has = [] {
        unsigned a = 1; // NOLINT(misc-const-correctness): the assembly writes it
        unsigned c = 0; // NOLINT(misc-const-correctness)
        asm("cpuid" : "+a"(a), "=c"(c) : : "ebx", "edx");
        return (c >> 28 & 1) != 0;
    }();
    return has;
}

bool has_avx512() {
    static const bool has = [] {
        unsigned a = 7; // NOLINT(misc-const-correctness): the assembly writes it
        unsigned b = 0; // NOLINT(misc-const-correctness)
        // NOLINTNEXTLINE(misc-const-correctness)
        unsigned c = 0;
        asm("cpuid" : "+a"(a), "=b"(b), "+c"(c) : : "edx");
        if (!has_avx() || (b >> 16 & 1) == 0) {
            return false;
        }
        asm("xgetbv" : "=a"(a) : "c"(0) : "edx");
        return (a & 0xe6) == 0xe6; // the kernel keeps all of the registers
    }();
    return has;
}

#ifndef __clang__ // which refuses varargs with -fsplit-stack
NOINLINE double varargs(int count, ...) {
    va_list list;
    va_start(list, count);
    char room[24];
    use(room);
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += va_arg(list, int);
        sum += va_arg(list, double);
    }
    va_end(list);
    return sum;
}

// Named arguments on the stack, which are copied, and others behind them, which stay where they
// are.
NOINLINE double varargs_named(int a, int b, int c, int d, int e, int f, long g, long count, ...) {
    va_list list;
    va_start(list, count);
    double sum = a + b + c + d + e + f + static_cast<double>(g);
    for (long i = 0; i < count; ++i) {
        sum += va_arg(list, int);
        sum += va_arg(list, double);
    }
    va_end(list);
    return sum;
}

// In another function's hands, and of every kind: on the stack all but the first.
NOINLINE double varargs_list(int count, va_list* list) {
    char room[24];
    use(room);
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += static_cast<double>(va_arg(*list, long double));
        sum += va_arg(*list, pair).b;
        sum += static_cast<double>(va_arg(*list, large).words[8]);
        sum += va_arg(*list, __m128)[3];
        sum += static_cast<double>(static_cast<long>(va_arg(*list, __int128) >> 64));
    }
    return sum;
}
NOINLINE double varargs_passed_on(int count, ...) {
    va_list list;
    va_start(list, count);
    char room[24];
    use(room);
    ask();
    const double sum = varargs_list(count, &list);
    va_end(list);
    return sum;
}

NOINLINE double varargs_big(int count, ...) {
    char room[600];
    use(room);
    va_list list;
    va_start(list, count);
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += va_arg(list, int) + va_arg(list, double);
    }
    va_end(list);
    return sum;
}
#endif

NOINLINE bool allocas(int n) {
    bool right = true;
    char* all[6];
    for (int i = 0; i < 6; ++i) {
        const size_t size = static_cast<size_t>(n) + static_cast<size_t>(i) * 16;
        ask();
        all[i] = static_cast<char*>(alloca(size));
        std::memset(all[i], i, size);
    }
    for (int i = 0; i < 6; ++i) {
        for (int k = n + i * 16 - 1; k >= 0; k -= 15) {
            right = right && all[i][k] == i;
        }
        right = right && reinterpret_cast<uintptr_t>(all[i]) % 16 == 0;
    }
    return right;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wvla-cxx-extension"
NOINLINE long variable_arrays(int rounds, int n) {
    long sum = 0;
    for (int i = 0; i < rounds; ++i) {
        ask();
        int outer[n];
        use(outer);
        outer[n - 1] = i;
        for (int k = 0; k < 2; ++k) {
            ask();
            char inner[n + k];
            use(inner);
            inner[n + k - 1] = static_cast<char>(k);
            sum += inner[n + k - 1];
        }
        sum += outer[n - 1];
    }
    return sum;
}

#pragma GCC diagnostic pop

NOINLINE int big_frame(int n) {
    char room[100 * 1024];
    use(room);
    room[0] = static_cast<char>(n);
    room[sizeof room - 1] = static_cast<char>(n + 1);
    use(room);
    return room[0] + room[sizeof room - 1];
}

NOINLINE int middle_frame(int n) {
    char room[700];
    use(room);
    room[0] = static_cast<char>(n);
    use(room);
    return room[0] + n;
}

NOINLINE bool is_odd(unsigned n);
NOINLINE bool is_even(unsigned n) {
    char room[24];
    use(room);
    ask();
    const bool result = n == 0 || is_odd(n - 1);
    use(room);
    return result;
}
NOINLINE bool is_odd(unsigned n) {
    char room[40];
    use(room);
    const bool result = n != 0 && is_even(n - 1);
    use(room);
    return result;
}

struct shape {
    shape() = default;
    shape(const shape&) = delete;
    shape& operator=(const shape&) = delete;
    virtual ~shape() = default;
    virtual int area(int factor) = 0;
};
struct square : shape {
    explicit square(int s)
        : side(s) {}
    NOINLINE int area(int factor) override {
        char room[24];
        use(room);
        return side * side * factor;
    }
    int side;
};

// The second base's functions are called through code that moves `this` and jumps on, whatever is
// on the stack.
struct named {
    named() = default;
    named(const named&) = delete;
    named& operator=(const named&) = delete;
    virtual ~named() = default;
    virtual large name(long a, long b, long c, long d, large e) = 0;
    virtual named* self() = 0;
};
struct named_square : square, named {
    using square::square;
    NOINLINE large name(long a, long b, long c, long d, large e) override {
        char room[24];
        use(room);
        e.words[0] = a + b + c + d + side;
        return e;
    }
    NOINLINE named_square* self() override {
        char room[24];
        use(room);
        return this;
    }
};

// A coroutine, whose frame is not on the stack: one call of several that continue it.
struct numbers {
    struct promise_type {
        long value = 0;
        numbers get_return_object() {
            return numbers(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        static std::suspend_always initial_suspend() noexcept { return {}; }
        static std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(long n) {
            value = n;
            return {};
        }
        static void return_void() {}
        static void unhandled_exception() {}
    };
    explicit numbers(std::coroutine_handle<promise_type> h)
        : handle(h) {}
    numbers(const numbers&) = delete;
    numbers& operator=(const numbers&) = delete;
    ~numbers() { handle.destroy(); }
    std::coroutine_handle<promise_type> handle;
};
NOINLINE numbers count_by(long step, odd text) {
    for (long n = static_cast<unsigned char>(text.text[15]);; n += step) {
        char room[24];
        use(room);
        co_yield n;
    }
}
NOINLINE long resumed(const numbers& of) {
    char room[24];
    use(room);
    ask();
    of.handle.resume();
    use(room);
    return of.handle.promise().value;
}

// A function whose registers the caller may know: what it leaves alone keeps its value across.
[[gnu::noinline]] long leaves_registers_alone(long n) {
    char room[40];
    use(room);
    return n + 1;
}
NOINLINE long knows_registers(long a, long b, long c, long d, long e, long f) {
    long sum = 0;
    for (int i = 0; i < 3; ++i) {
        ask();
        sum += leaves_registers_alone(opaque(a));
        sum += b + 2 * c + 3 * d + 4 * e + 5 * f;
    }
    return sum;
}

NOINLINE int call(int (*f)(int), int n) {
    const int result = f(n);
    use(nullptr);
    return result;
}

thread_local int counter;

NOINLINE int count_up() {
    char room[24];
    use(room);
    return ++counter;
}

int compare(const void* a, const void* b) {
    char room[40];
    use(room);
    ask(); // on the way back from a callback, or in the next
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

NOINLINE bool sorts() {
    int numbers[7] = {5, 2, 7, 1, 6, 3, 4};
    std::qsort(opaque(numbers + 0), 7, sizeof(int), compare);
    return std::is_sorted(numbers, numbers + 7);
}

// The callback of a runtime function calls it again, for as many levels as the numbers have tens.
int nested_compare(const void* a, const void* b) {
    if (const int level = *static_cast<const int*>(a) / 10; level > 0) {
        const int tens = 10 * (level - 1);
        int numbers[3] = {tens + 3, tens + 1, tens + 2};
        std::qsort(numbers, 3, sizeof(int), nested_compare);
        CHECK(numbers[0] == tens + 1 && numbers[2] == tens + 3);
    }
    return compare(a, b);
}

NOINLINE bool nested_sorts() {
    int numbers[2] = {22, 21};
    std::qsort(opaque(numbers + 0), 2, sizeof(int), nested_compare);
    return numbers[0] == 21;
}

extern "C" int outer_of_nested(int n);

// Before each call of all_calls.
[[gnu::always_inline]] inline void before_call() {
    note_call();
    ask();
}
#define CALL_AND_CHECK(...) (before_call(), CHECK(__VA_ARGS__))

// Who passes what is aligned to more than 16 bytes is aligned itself, and all_calls is to be at any
// place.
NOINLINE bool check_aligned_structs() {
    strictly_aligned lines{};
    lines.words[15] = 8;
    ask();
    const bool right = aligned_struct(9, {{1, 2, 3, 9}});
    ask();
    return right && strictly_aligned_struct(8, lines);
}

NOINLINE void all_calls() {
    const guard_at_calls here;
    CALL_AND_CHECK(integers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    CALL_AND_CHECK(doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    CALL_AND_CHECK(long_doubles(1.5L, 2, 3.25L) == 1703.25L);
    before_call();
    const _Complex long double z = complex_result(2.5L);
    CHECK(__real__ z == 2.5L && __imag__ z == -2.5L);
    before_call();
    const _Complex double y = complex_double(2.5);
    CHECK(__real__ y == 2.5 && __imag__ y == -2.5);
    before_call();
    const pair p = small_struct({3, 1.5}, static_cast<__int128>(4) << 64);
    CHECK(p.a == 7 && p.b == 3.0);
    before_call();
    const __int128 w = wide_result(6);
    CHECK(static_cast<long>(w >> 64) == 6 && static_cast<long>(w) == 7);
    large l{};
    for (int i = 0; i < 9; ++i) {
        l.words[i] = i;
    }
    before_call();
    l = large_struct(3, l, 1, l);
    CHECK(l.words[0] == 1 && l.words[8] == 33);
    CALL_AND_CHECK(check_aligned_structs());
    before_call();
    const doubles2 two = struct_of_doubles({1.5, 2.5}, 2);
    CHECK(two.a == 5 && two.b == 3);
    before_call();
    const double_long both = struct_of_both({1.5, 7}, {0.25F, 1, 3});
    CHECK(both.a == 1.75 && both.b == 10);
    before_call();
    const floats3 three = struct_of_floats({1, 2, 3});
    CHECK(three.a == 3 && three.b == 1 && three.c == 2);
    _Complex float x;
    __real__ x = 1.5F;
    __imag__ x = 2.5F;
    before_call();
    x = complex_float(x);
    CHECK(__real__ x == 2.5F && __imag__ x == 1.5F);
    CALL_AND_CHECK(struct_of_long_double({1.25L}).a == 2.5L);
    CALL_AND_CHECK(unaligned_structs({1, 2}, {"3456789012345678"}, {4, 5}) == 12 + '3');
    CALL_AND_CHECK(
        no_registers_left(1, 2, 3, 4, 5, {6, 7}, static_cast<__int128>(8) << 64 | 9, 10, 11) == 66);
    CALL_AND_CHECK(returned_by_pointer({}, owner(4), owner(2)).value == 42);
    before_call();
    const __float128 quarter = quadruple(1, 1, 0.25);
    CHECK(std::bit_cast<__int128>(quarter) == static_cast<__int128>(0x3ffd) << 112);
#ifdef __clang__
    CALL_AND_CHECK(
        bit_ints(-3, static_cast<_BitInt(100)>(1) << 90, static_cast<_BitInt(256)>(1) << 200) ==
        (static_cast<_BitInt(256)>(1) << 200) + (static_cast<_BitInt(256)>(1) << 90) - 3);
#endif
    CALL_AND_CHECK(strictly_aligned_frame(1, 2, 3, 4, 5, 6, 7, 100) == 31);
    CALL_AND_CHECK(many(1, 2, 3, 4, 5, 6, {{1}}, {{0, 2}}, {{0, 0, 3}}, {{0, 0, 0, 4}},
                        {{0, 0, 0, 0, 5}}, {{0, 0, 0, 0, 0, 0, 0, 0, 6}}, 7) == 49);
    CALL_AND_CHECK(tail_even(20, 1, 2, 3, 4, 5, 6, 7) == 98);
    CALL_AND_CHECK(tail_by_pointer(5, leaves_registers_alone) == 6);
    CALL_AND_CHECK(knows_registers(1, 2, 3, 4, 5, 6) == 3 * (2 + 2 + 6 + 12 + 20 + 30));
    const __m128 v = {1, 2, 3, 4};
    before_call();
    const __m128 sum = vectors(v, v, v, v, v, v, v, v, v);
    CHECK(sum[0] == 45 && sum[3] == 180);
    if (has_avx()) {
        CALL_AND_CHECK(check_wide_vectors());
    }
    if (has_avx512()) {
        CALL_AND_CHECK(check_widest_vectors());
    }
#ifndef __clang__
    CALL_AND_CHECK(varargs(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    CALL_AND_CHECK(varargs_named(1, 2, 3, 4, 5, 6, 7, 3, 1, 2.0, 3, 4.0, 5, 6.0) == 28 + 21);
    CALL_AND_CHECK(varargs_passed_on(2, 1.0L, pair{0, 2}, large{{0, 0, 0, 0, 0, 0, 0, 0, 3}},
                                     __m128{0, 0, 0, 4}, static_cast<__int128>(5) << 64, 6.0L,
                                     pair{0, 7}, large{{0, 0, 0, 0, 0, 0, 0, 0, 8}},
                                     __m128{0, 0, 0, 9}, static_cast<__int128>(10) << 64) == 55);
    CALL_AND_CHECK(varargs_big(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    CALL_AND_CHECK(outer_of_nested(5) == 15 + 30 + 15 + 5);
#endif
    CALL_AND_CHECK(allocas(100));
    CALL_AND_CHECK(variable_arrays(10, 50) == 55);
    CALL_AND_CHECK(middle_frame(5) == 10);
    CALL_AND_CHECK(is_even(20));
    const std::unique_ptr<shape> s = std::make_unique<square>(4);
    CALL_AND_CHECK(opaque(s.get())->area(2) == 32);
    named_square several(4);
    named* const second = opaque(static_cast<named*>(&several));
    CALL_AND_CHECK(second->name(1, 2, 3, 4, l).words[0] == 14);
    CALL_AND_CHECK(second->self() == second);
    before_call();
    const numbers counting = count_by(3, {"0123456789abcde\2"});
    CHECK(resumed(counting) == 2);
    CALL_AND_CHECK(resumed(counting) == 5);
    CALL_AND_CHECK(call(opaque(+[](int n) { return n + middle_frame(n); }), 4) == 12);
    before_call();
    const int before = count_up();
    before_call();
    const int after = count_up();
    CHECK(after == before + 1 || (may_move && after > 0));
    CALL_AND_CHECK(sorts());
    CALL_AND_CHECK(nested_sorts());
}

NOINLINE void large_frames() {
    ask();
    CHECK(big_frame(4) == 9);
    huge in{};
    in.words[2499] = 1;
    ask();
    CHECK(huge_struct(in, 7) == 8);
}

// Apart from each other, because a large frame begins on a segment of its own.
NOINLINE void calls_and_large_frames() {
    all_calls();
    large_frames();
    use(nullptr);
}

} // namespace
