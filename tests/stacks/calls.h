// Functions of many kinds, and all_calls, which calls them and looks at what comes back. For a
// program of one file.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

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
    asm volatile("movq %0, %%fs:%c1" : : "i"(STACK_PREEMPT), "i"(TCB_STACK_GUARD) : "memory");
}
[[gnu::always_inline]] inline void ask() {
    if (asking != 0) {
        ++asking;
        ask_now();
    }
}
#define ASK_AND_CHECK(...) (ask(), CHECK(__VA_ARGS__))

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

struct huge {
    long words[2500];
};
NOINLINE long huge_struct(huge in, int separator) {
    use(&in);
    return in.words[0] + in.words[2499] + separator;
}

NOINLINE bool aligned_struct(int before, aligned in) {
    char room[16];
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
    char room[16];
    use(room);
    return a + 2.0 * b + 3.0 * c + 4.0 * d + 5.0 * e + 6.0 * f + 7.0 * g + 8.0 * h + 9.0 * i;
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
    return true;
}

[[gnu::target("avx512f")]] NOINLINE __m512d widest_vectors(__m512d a, __m512d b, __m512d c,
                                                           __m512d d, __m512d e, __m512d f,
                                                           __m512d g, __m512d h, __m512d i) {
    char room[16];
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

NOINLINE long allocas(int n) {
    long sum = 0;
    char* all[6];
    for (int i = 0; i < 6; ++i) {
        const size_t size = static_cast<size_t>(n) + static_cast<size_t>(i) * 16;
        ask();
        all[i] = static_cast<char*>(alloca(size));
        std::memset(all[i], i, size);
    }
    for (int i = 0; i < 6; ++i) {
        for (int k = 0; k < n + i * 16; ++k) {
            sum += all[i][k] == i;
        }
        CHECK(reinterpret_cast<uintptr_t>(all[i]) % 16 == 0);
    }
    return sum - (6 * n + 15 * 16);
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
    NOINLINE virtual int area(int factor) = 0;
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

// The callback of a runtime function calls it again.
int nested_compare(const void* a, const void* b) {
    static int depth;
    if (depth < 5) {
        ++depth;
        int numbers[3] = {3, 1, 2};
        std::qsort(numbers, 3, sizeof(int), nested_compare);
        CHECK(numbers[0] == 1 && numbers[2] == 3);
        --depth;
    }
    return compare(a, b);
}

NOINLINE bool nested_sorts() {
    int numbers[2] = {2, 1};
    std::qsort(opaque(numbers + 0), 2, sizeof(int), nested_compare);
    return numbers[0] == 1;
}

extern "C" int outer_of_nested(int n);

NOINLINE void all_calls() {
    ASK_AND_CHECK(integers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    ASK_AND_CHECK(doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    ASK_AND_CHECK(long_doubles(1.5L, 2, 3.25L) == 1703.25L);
    ask();
    const _Complex long double z = complex_result(2.5L);
    CHECK(__real__ z == 2.5L && __imag__ z == -2.5L);
    ask();
    const _Complex double y = complex_double(2.5);
    CHECK(__real__ y == 2.5 && __imag__ y == -2.5);
    ask();
    const pair p = small_struct({3, 1.5}, static_cast<__int128>(4) << 64);
    CHECK(p.a == 7 && p.b == 3.0);
    ask();
    const __int128 w = wide_result(6);
    CHECK(static_cast<long>(w >> 64) == 6 && static_cast<long>(w) == 7);
    large l{};
    for (int i = 0; i < 9; ++i) {
        l.words[i] = i;
    }
    ask();
    l = large_struct(3, l, 1, l);
    CHECK(l.words[0] == 1 && l.words[8] == 33);
    ASK_AND_CHECK(aligned_struct(9, {{1, 2, 3, 9}}));
    const __m128 v = {1, 2, 3, 4};
    ask();
    const __m128 sum = vectors(v, v, v, v, v, v, v, v, v);
    CHECK(sum[0] == 45 && sum[3] == 180);
    if (has_avx()) {
        ASK_AND_CHECK(check_wide_vectors());
    }
    if (has_avx512()) {
        ASK_AND_CHECK(check_widest_vectors());
    }
#ifndef __clang__
    ASK_AND_CHECK(varargs(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    ASK_AND_CHECK(varargs_named(1, 2, 3, 4, 5, 6, 7, 3, 1, 2.0, 3, 4.0, 5, 6.0) == 28 + 21);
    ASK_AND_CHECK(varargs_big(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    ASK_AND_CHECK(outer_of_nested(5) == 15 + 30 + 15 + 5);
#endif
    ASK_AND_CHECK(allocas(100) == 0);
    ASK_AND_CHECK(variable_arrays(10, 50) == 55);
    ASK_AND_CHECK(middle_frame(5) == 10);
    ASK_AND_CHECK(is_even(20));
    const std::unique_ptr<shape> s = std::make_unique<square>(4);
    ASK_AND_CHECK(opaque(s.get())->area(2) == 32);
    ASK_AND_CHECK(call(opaque(+[](int n) { return n + middle_frame(n); }), 4) == 12);
    ask();
    const int before = count_up();
    ask();
    const int after = count_up();
    CHECK(after == before + 1 || (may_move && after > 0));
    ASK_AND_CHECK(sorts());
    ASK_AND_CHECK(nested_sorts());
}

} // namespace
