// Stacks that grow: a program per word of the command line. It returns 0 where all was right.
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <alloca.h>

#include <rt0/os.h>
#include <rt0/print.h>

#include "mem/segment.h"
#include "os/os.h"
#include "stack.h"

namespace {

int segments() {
    const runtime::mem::segment* at = getg()->segment;
    while (at->prev != nullptr) {
        at = at->prev;
    }
    int count = 0;
    for (; at != nullptr; at = at->next) {
        ++count;
    }
    return count;
}

// Recursion. Each level has a few words that must be there when the deeper ones have returned.
NOINLINE uint64_t recurse(uint64_t depth, uint64_t a, uint64_t b) {
    uint64_t words[4] = {depth, a, b, a ^ b};
    use(words);
    if (depth == 0) {
        return a + b;
    }
    const uint64_t below = recurse(depth - 1, b + 1, a);
    CHECK(words[0] == depth && words[1] == a && words[2] == b && words[3] == (a ^ b));
    return below + 1;
}

void deep(uint64_t depth) {
    on_goroutine([depth] {
        for (int i = 0; i < 3; ++i) {
            CHECK(recurse(depth, 0, 0) == 2 * depth);
        }
        rt0::println("{} deep, {} segments", depth, segments());
    });
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
    const __m256d sum = wide_vectors(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
    for (int lane = 0; lane < 4; ++lane) {
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
        int outer[n];
        use(outer);
        outer[n - 1] = i;
        for (int k = 0; k < 2; ++k) {
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

NOINLINE void library() {
    std::map<int, std::string> map;
    std::string text;
    for (int i = 0; i < 5; ++i) {
        text += "0123456789";
        map.emplace(i, text);
    }
    CHECK(map.size() == 5 && map[4].size() == 50 && map[0] == "0123456789");
    map.erase(2);
    auto shared = std::make_shared<std::vector<long>>(100, 7);
    shared->push_back(8);
    CHECK(shared->back() == 8 && shared->size() == 101);
    void* const memory = std::malloc(300000);
    CHECK(memory != nullptr);
    std::free(memory);
}

// What libstdc++.a has is not compiled to ask for stack.
NOINLINE void library_string() {
    std::string text(opaque("0123456789012345678"));
    text.append(opaque("0123456789012345678"));
    text.insert(3, text);
    use(text.data());
}
NOINLINE void library_map() {
    std::map<int, int> map;
    for (int i = 0; i < 20; ++i) {
        map.emplace(opaque(i), i);
    }
    map.erase(7);
    use(&map);
}
NOINLINE void library_hash_map() {
    std::unordered_map<int, int> map;
    for (int i = 0; i < 20; ++i) {
        map.emplace(opaque(i), i);
    }
    use(&map);
}
NOINLINE void library_to_chars() {
    char text[40];
    std::to_chars(text, text + 40, opaque(1e-300 / 3));
    use(text);
}
// The functions that the linker has wrapped.
NOINLINE void library_to_chars_precise() {
    static char text[800];
    auto end = std::to_chars(text, text + 800, opaque(1e300), std::chars_format::fixed, 400).ptr;
    CHECK(end == text + 301 + 1 + 400 && text[0] == '1' && end[-1] == '0');
    // One that does not fit is made elsewhere first.
    end = std::to_chars(text, text + 2, opaque(1e-300), std::chars_format::scientific, 1100).ptr;
    CHECK(end == text + 2);
    end = std::to_chars(text, text + 40, opaque(0.1F), std::chars_format::fixed, 30).ptr;
    CHECK(std::string_view(text, end) == "0.100000001490116119384765625000");
}
NOINLINE void library_from_chars() {
    // Between two doubles, 2^-1022 * 2^-53 and its half: all digits count.
    static char text[800] = "0.";
    std::memset(text + 2, '0', 323);
    std::memset(text + 325, '3', 400);
    double value = 1;
    auto result = std::from_chars(text, text + 725, opaque(&value)[0]);
    CHECK(result.ec == std::errc() && result.ptr == text + 725 && value == 5e-324);
    float single = 0;
    result = std::from_chars(text, text + 725, opaque(&single)[0]);
    CHECK(result.ptr == text + 725);
    static const char few[] = "1.00000005960464477539062500000000000000000000000000000001";
    result = std::from_chars(few, few + sizeof few - 1, opaque(&single)[0]);
    CHECK(result.ec == std::errc() && single == 0x1.000002p0F);
}

struct own_pool : std::pmr::unsynchronized_pool_resource {
    using unsynchronized_pool_resource::unsynchronized_pool_resource;
};
// What its table of virtual functions has for do_allocate.
extern "C" [[gnu::visibility("hidden")]] const char
    asks[] asm("__wrap__ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm");
template <class pool_type>
NOINLINE void library_pool() {
    std::pmr::monotonic_buffer_resource upstream;
    pool_type pool({.max_blocks_per_chunk = 16, .largest_required_pool_block = 64}, &upstream);
    std::pmr::memory_resource* const resource = opaque(&pool);
    CHECK((*reinterpret_cast<const char* const* const*>(resource))[2] == asks);
    void* all[40];
    for (size_t i = 0; i < 40; ++i) {
        all[i] = resource->allocate(16 + i % 3 * 16);
        std::memset(all[i], 1, 16);
    }
    void* const large = resource->allocate(100000);
    resource->deallocate(large, 100000);
    for (size_t i = 0; i < 40; ++i) {
        resource->deallocate(all[i], 16 + i % 3 * 16);
    }
    CHECK(*resource == pool && !(*resource == upstream));
}
NOINLINE void library_memmove() {
    static char text[4096];
    std::memmove(opaque(text + 5), text, opaque(size_t{4000}));
    std::memset(opaque(text + 0), 1, opaque(size_t{4000}));
    use(text);
}
NOINLINE void library_static() {
    static const int value = [] {
        runtime::gosched();
        return 1;
    }();
    use(const_cast<int*>(&value));
}

NOINLINE void library_mutex() {
    static std::mutex mutex;
    const std::lock_guard guard(mutex);
    go([] { const std::lock_guard second(mutex); });
    runtime::gosched();
}
NOINLINE void library_file() {
    auto opened = rt0::file::open(opaque("/dev/null"));
    char text[8];
    CHECK(opened && opened->read(std::as_writable_bytes(std::span(text))).value_or(1) == 0);
}

extern "C" int outer_of_nested(int n);

NOINLINE void all_calls() {
    CHECK(integers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    CHECK(doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506);
    CHECK(long_doubles(1.5L, 2, 3.25L) == 1703.25L);
    const _Complex long double z = complex_result(2.5L);
    CHECK(__real__ z == 2.5L && __imag__ z == -2.5L);
    const _Complex double y = complex_double(2.5);
    CHECK(__real__ y == 2.5 && __imag__ y == -2.5);
    const pair p = small_struct({3, 1.5}, static_cast<__int128>(4) << 64);
    CHECK(p.a == 7 && p.b == 3.0);
    const __int128 w = wide_result(6);
    CHECK(static_cast<long>(w >> 64) == 6 && static_cast<long>(w) == 7);
    large l{};
    for (int i = 0; i < 9; ++i) {
        l.words[i] = i;
    }
    l = large_struct(3, l, 1, l);
    CHECK(l.words[0] == 1 && l.words[8] == 33);
    CHECK(aligned_struct(9, {{1, 2, 3, 9}}));
    const __m128 v = {1, 2, 3, 4};
    const __m128 sum = vectors(v, v, v, v, v, v, v, v, v);
    CHECK(sum[0] == 45 && sum[3] == 180);
    if (has_avx()) {
        CHECK(check_wide_vectors());
    }
#ifndef __clang__
    CHECK(varargs(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    CHECK(varargs_named(1, 2, 3, 4, 5, 6, 7, 3, 1, 2.0, 3, 4.0, 5, 6.0) == 28 + 21);
    CHECK(varargs_big(6, 1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, 10.0, 11, 12.0) == 78);
    CHECK(outer_of_nested(5) == 15 + 30 + 15 + 5);
#endif
    CHECK(allocas(100) == 0);
    CHECK(variable_arrays(10, 50) == 55);
    CHECK(middle_frame(5) == 10);
    CHECK(is_even(20));
    const std::unique_ptr<shape> s = std::make_unique<square>(4);
    CHECK(opaque(s.get())->area(2) == 32);
    CHECK(call(opaque(+[](int n) { return n + middle_frame(n); }), 4) == 12);
    const int before = count_up();
    CHECK(count_up() == before + 1);
    CHECK(sorts());
    CHECK(nested_sorts());
}

// Functions with small frames, which may stand below the guard, and what they call does not ask:
// how much each takes of the margin.
struct probe {
    const char* name;
    void (*run)();
};
const probe probes[] = {
    {"new, delete", [] { delete opaque(new int(1)); }},
    {"malloc of a mapping", [] { std::free(opaque(std::malloc(1 << 20))); }},
    {"gosched", [] { runtime::gosched(); }},
    {"newproc", [] { go([] {}); }},
    {"newproc, full queue",
     [] {
         for (int i = 0; i < 300; ++i) {
             go([] {});
         }
         runtime::gosched();
     }},
    {"qsort", [] { CHECK(sorts()); }},
    {"string", [] { library_string(); }},
    {"map", [] { library_map(); }},
    {"hash map", [] { library_hash_map(); }},
    {"to_chars", [] { library_to_chars(); }},
    {"to_chars, precision", [] { library_to_chars_precise(); }},
    {"from_chars", [] { library_from_chars(); }},
    {"pool", [] { library_pool<std::pmr::unsynchronized_pool_resource>(); }},
    {"pool, derived", [] { library_pool<own_pool>(); }},
    {"memmove", [] { library_memmove(); }},
    {"static", [] { library_static(); }},
    {"mutex", [] { library_mutex(); }},
    {"park, ready",
     [] {
         runtime::g* const gp = getg();
         go([gp] { runtime::ready(gp); });
         park();
     }},
    {"read a file", [] { library_file(); }},
};

void probe_all() {
    for (const probe& one : probes) {
        from_everywhere(4, 16, one.run);
        rt0::println("{:<24} {} bytes left", one.name, least_left);
        CHECK(least_left >= 16);
    }
}

void allocations() {
    on_goroutine([] {
        // Neither grows without end.
        for (int i = 0; i < 20000; ++i) {
            CHECK(variable_arrays(2, 30000) == 3);
            if (i < 100) {
                huge in{};
                in.words[2499] = i;
                CHECK(huge_struct(in, 7) == i + 7);
            }
            CHECK(allocas(20000) == 0);
        }
        CHECK(variable_arrays(50000, 30000) == 50000L * 49999 / 2 + 50000);
        // Beyond the largest block.
        CHECK(variable_arrays(100, 1000000) == 5050);
        CHECK(big_frame(4) == 9);
        rt0::println("{} segments", segments());
    });
}

struct memory_use {
    long resident; // bytes
};

memory_use read_memory() {
    char text[4096];
    const int fd = runtime::os::open("/proc/self/status", runtime::os::o_rdonly, 0);
    const long size = runtime::os::read(fd, text, sizeof text);
    (void)runtime::os::close(fd);
    const std::string_view all(text, size > 0 ? static_cast<size_t>(size) : 0);
    size_t at = all.find("VmRSS:");
    long kib = 0;
    for (at += 6; at < all.size() && all[at] != 'k'; ++at) {
        if (all[at] >= '0' && all[at] <= '9') {
            kib = kib * 10 + (all[at] - '0');
        }
    }
    return {kib * 1024};
}

// Goroutines that end give their segments back, and arenas without any go back to the kernel.
void idle() {
    const long before = read_memory().resident;
    static std::atomic<int> parked_count;
    static runtime::g* all[100];
    for (auto& gp : all) {
        go([&gp] {
            recurse(20000, 0, 0); // a megabyte or more
            ++parked_count;
            gp = getg();
            park();
        });
    }
    while (parked_count < 100) {
        runtime::gosched();
    }
    const long most = read_memory().resident - before;
    for (runtime::g* const gp : all) {
        runtime::ready(gp);
        runtime::gosched();
    }
    runtime::gosched();
    const long left = read_memory().resident - before;
    rt0::println("{} KiB while they live, {} KiB afterwards", most / 1024, left / 1024);
    CHECK(most > 100 * 1024 * 1024 && left < most / 8);
}

void parked() {
    constexpr int count = 100000;
    static runtime::g* all[count];
    std::memset(static_cast<void*>(all), 1, sizeof all); // so that its pages are not counted
    const long before = read_memory().resident;
    static std::atomic<int> woken;
    for (int i = 0; i < count; ++i) {
        go([i] {
            all[i] = getg();
            park();
            ++woken;
        });
        if (i % 64 == 0) {
            runtime::gosched();
        }
    }
    runtime::gosched();
    runtime::gosched();
    const long each = (read_memory().resident - before) / count;
    rt0::println("{} bytes a goroutine", each);
    CHECK(each <= static_cast<long>(runtime::mem::goroutine_block_size) * 3 / 2);
    for (runtime::g* const gp : all) {
        runtime::ready(gp);
        runtime::gosched();
    }
    while (woken < count) {
        runtime::gosched();
    }
}

NOINLINE int without_end(int n) {
    char room[100 * 1024];
    use(room);
    const int result = opaque(n) < 0 ? 0 : without_end(n + 1) + 1;
    use(room);
    return result;
}

NOINLINE int alloca_without_end() {
    for (;;) {
        use(alloca(300000));
    }
}

double now() {
    runtime::os::timespec time{};
    (void)runtime::os::clock_gettime(1, &time);
    return static_cast<double>(time.seconds) * 1e9 + static_cast<double>(time.nanoseconds);
}

// One call of f takes this many nanoseconds.
template <class F>
double time_of(long rounds, F f) {
    double best = 1e18;
    for (int i = 0; i < 7; ++i) {
        const double begin = now();
        for (long k = 0; k < rounds; ++k) {
            f();
        }
        best = std::min(best, (now() - begin) / static_cast<double>(rounds));
    }
    return best;
}

NOINLINE void leaf() {
    char room[8];
    use(room);
}

void bench() {
    // On the kernel's stack, and where the leaf finds no room.
    const double call_here = time_of(20000000, leaf);
    on_goroutine([=] {
        double crossing = 0;
        for (int depth = 0; depth < 40; ++depth) {
            at_depth(depth, 0, [&] { crossing = std::max(crossing, time_of(2000000, leaf)); });
        }
        rt0::println("a call: {:.2f} ns, one that crosses: {:.2f} ns", call_here, crossing);
    });
    const double start = now();
    const uint64_t start_ticks = __rdtsc();
    while (now() < start + 1e7) {
    }
    const double ticks = static_cast<double>(__rdtsc() - start_ticks) / (now() - start);
    double first = 1e18;
    double again = 1e18;
    for (int i = 0; i < 200; ++i) {
        on_goroutine([&] {
            const uint64_t a = __rdtsc();
            recurse(1000, 0, 0);
            const uint64_t b = __rdtsc();
            recurse(1000, 0, 0);
            const uint64_t c = __rdtsc();
            first = std::min(first, static_cast<double>(b - a) / ticks);
            again = std::min(again, static_cast<double>(c - b) / ticks);
        });
    }
    const double plain = time_of(100, [] { recurse(1000, 0, 0); });
    rt0::println("1000 deep on the kernel's stack: {:.0f} ns", plain);
    rt0::println("1000 deep on a new goroutine: {:.0f} ns, again: {:.0f} ns", first, again);
    rt0::println("new goroutine, to its end: {:.0f} ns",
                 time_of(100000, [] { on_goroutine([] {}); }));
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word == "deep") {
        deep(1000);
        deep(100000);
    } else if (word == "sweep") {
        sweep(12, 1, all_calls);
    } else if (word == "library") {
        sweep(3, 1, library);
    } else if (word == "print") {
        sweep(1, 1, [] {
            rt0::println("{:>12.3f} {} {:#x} {:.30e}", 2.5, "text", 17, 1e300L);
            rt0::println("a literal");
        });
    } else if (word == "probes") {
        probe_all();
    } else if (word == "allocations") {
        allocations();
    } else if (word == "idle") {
        idle();
    } else if (word == "parked") {
        parked();
    } else if (word == "overflow") {
        on_goroutine([] { without_end(0); });
    } else if (word == "alloca_overflow") {
        on_goroutine([] { alloca_without_end(); });
    } else if (word == "bench") {
        bench();
    } else {
        return 1;
    }
    return wrong == 0 ? 0 : 1;
}
