// The runtime's memory functions beside the host libc's, in one process.
//
//   memory [--json FILE] [FUNCTION...]
//
// For every function and size there are a few cases: aligned and misaligned, overlapping, differing
// in the last byte. A case is timed in blocks, ours and libc's in turn, each block after calls that
// bring data and code into the caches; the figure is the median of the blocks. The table has one
// line per size, the geometric mean over its cases; the JSON has every case. "mixed" draws the size
// of each call from 1 to 128 at random, so that branches on it are mispredicted; it is not in the
// mean.
#include "base/cpu.h"
#include "tests/unit/abi_host.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <vector>

namespace {

constexpr size_t largest = size_t{64} << 20;
constexpr int runs = 11;
constexpr double block_ns = 60'000;

struct row {
    std::string name;
    double ours;
    double glibc;
};

std::vector<row> rows;
std::vector<std::string_view> wanted; // empty: all

double now() {
    const auto t = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<double>(std::chrono::nanoseconds(t).count());
}

double median(std::array<double, runs>& values) {
    std::ranges::nth_element(values, values.begin() + runs / 2);
    return values[runs / 2];
}

// A call that the compiler cannot see through, so that both sides are called the same way.
template <class F>
F* hidden(F* f) {
    asm volatile("" : "+r"(f));
    return f;
}

// Not inlined: both sides run in the same loop, at the same address.
template <class Call>
[[gnu::noinline]] double block(const Call& call, size_t calls) {
    for (size_t i = 0; i < std::min<size_t>(calls, 8); ++i)
        call();
    const double start = now();
    for (size_t i = 0; i < calls; ++i)
        call();
    return (now() - start) / static_cast<double>(calls);
}

// The same from a stack pointer that lies `lines` cache lines lower: a call's few cycles depend on
// where the return address is stored.
template <class Call>
[[gnu::noinline]] double block_at(const Call& call, size_t calls, size_t lines) {
    auto* const room = static_cast<volatile char*>(__builtin_alloca(64 * lines + 16));
    room[0] = 0;
    return block(call, calls);
}

template <class Call>
row compare(std::string name, const Call& ours, const Call& glibc) {
    double once = block(glibc, 1);
    if (once < block_ns)
        once = block(glibc, 200);
    const auto calls = static_cast<size_t>(std::clamp(block_ns / once, 1.0, 1e5));
    std::array<double, runs> a;
    std::array<double, runs> b;
    for (size_t i = 0; i < runs; ++i) {
        a[i] = block_at(ours, calls, 5 * i);
        b[i] = block_at(glibc, calls, 5 * i);
    }
    return {.name = std::move(name), .ours = median(a), .glibc = median(b)};
}

std::vector<size_t> sizes() {
    std::vector<size_t> all;
    for (size_t n = 1; n <= 64; ++n)
        all.push_back(n);
    for (size_t n = 128; n <= largest; n *= 2) {
        if (n <= 4096) {
            all.push_back(n - n / 4 + 1);
            all.push_back(n - 1);
        } else if (n <= 1 << 20) {
            all.push_back(n - n / 4 + 1);
        }
        all.push_back(n);
        if (n <= 4096)
            all.push_back(n + 1);
    }
    return all;
}

bool is_wanted(std::string_view name) {
    return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

double geometric_mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values)
        sum += std::log(v);
    return std::exp(sum / static_cast<double>(values.size()));
}

// Runs one function through all sizes. cases(size, emit) calls emit(label, ours, glibc) per case.
template <class Cases>
void function(const char* name, const Cases& cases) {
    if (!is_wanted(name))
        return;
    std::vector<double> all;
    std::printf("%-8s %10s %12s %12s %7s\n", "function", "size", "ours ns", "glibc ns", "ratio");
    for (const size_t size : sizes()) {
        std::vector<double> ours;
        std::vector<double> glibc;
        cases(size, [&](const char* label, const auto& f, const auto& g) {
            const row r =
                compare(std::string(name) + '/' + std::to_string(size) + '/' + label, f, g);
            rows.push_back(r);
            ours.push_back(r.ours);
            glibc.push_back(r.glibc);
            all.push_back(r.ours / r.glibc);
        });
        const double a = geometric_mean(ours);
        const double b = geometric_mean(glibc);
        std::printf("%-8s %10zu %12.2f %12.2f %7.3f\n", name, size, a, b, a / b);
    }
    const double mean = geometric_mean(all);
    std::printf("%-8s %10s %12s %12s %7.3f\n\n", name, "geomean", "", "", mean);
    rows.push_back({.name = std::string(name) + "/geomean", .ours = mean, .glibc = 1});
}

char* buffer() {
    void* p = mmap(nullptr, largest + (1 << 20), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED) {
        std::perror("mmap");
        std::exit(1);
    }
    return static_cast<char*>(p);
}

struct offsets {
    const char* label;
    size_t to;
    size_t from;
};

// Offsets from page-aligned buffers.
constexpr offsets apart[] = {{.label = "aligned", .to = 0, .from = 0},
                             {.label = "to+1,from+2050", .to = 1, .from = 2050},
                             {.label = "to+7,from+33", .to = 7, .from = 33}};

template <class F>
struct copy_call {
    F* f;
    char* to;
    const char* from;
    size_t size;
    void operator()() const {
        f(to, from, size);
        asm volatile("" : : : "memory");
    }
};

struct set_call {
    decltype(&rt0_memset) f;
    char* to;
    size_t size;
    void operator()() const {
        f(to, 0x5a, size);
        asm volatile("" : : : "memory");
    }
};

struct length_call {
    decltype(&rt0_strlen) f;
    const char* s;
    void operator()() const {
        const size_t n = f(s);
        asm volatile("" : : "r"(n) : "memory");
    }
};

struct mixed_call {
    std::function<void(size_t)> f;
    const std::vector<size_t>* draw;
    void operator()() const {
        for (const size_t n : *draw)
            f(n);
        asm volatile("" : : : "memory");
    }
};

void mixed(const char* name, std::function<void(size_t)> ours, std::function<void(size_t)> glibc) {
    if (!is_wanted(name))
        return;
    std::vector<size_t> draw(4096);
    uint32_t x = 12345;
    for (auto& n : draw) {
        x = x * 1664525 + 1013904223;
        n = 1 + (x >> 25);
    }
    row r = compare(std::string(name) + "/mixed", mixed_call{.f = std::move(ours), .draw = &draw},
                    mixed_call{.f = std::move(glibc), .draw = &draw});
    r.ours /= static_cast<double>(draw.size());
    r.glibc /= static_cast<double>(draw.size());
    std::printf("%-8s %10s %12.2f %12.2f %7.3f\n", name, "mixed", r.ours, r.glibc,
                r.ours / r.glibc);
    rows.push_back(r);
}

bool write_json(const char* path) {
    std::FILE* out = std::fopen(path, "w");
    if (out == nullptr)
        return false;
    std::fputs("[\n", out);
    for (const row& r : rows) {
        const bool mean = r.name.ends_with("/geomean");
        std::fprintf(out,
                     "  {\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.4f,\"peers\":{\"glibc\":%.4f},"
                     "\"ratio\":%.4f,\"runs\":%d}%s\n",
                     r.name.c_str(), mean ? "ratio" : "ns", r.ours, r.glibc, r.ours / r.glibc, runs,
                     &r == &rows.back() ? "" : ",");
    }
    std::fputs("]\n", out);
    return std::fclose(out) == 0;
}

} // namespace

int main(int argc, char** argv) {
    const char* json = nullptr;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        if (arg == "--json" && i + 1 < argc) {
            json = argv[++i];
        } else if (arg.starts_with('-')) {
            std::fputs("usage: memory [--json FILE] [FUNCTION...]\n", stderr);
            return 2;
        } else {
            wanted.push_back(arg);
        }
    }

    char* const a = buffer();
    char* const b = buffer();
    std::memset(a, 'x', largest + (1 << 20));
    std::memset(b, 'x', largest + (1 << 20));
    runtime::cpuinit();

    function("memcpy", [&](size_t size, auto emit) {
        using call = copy_call<void*(void*, const void*, size_t)>;
        for (const auto& [label, to, from] : apart) {
            emit(label, call{hidden(&rt0_memcpy), a + to, b + from, size},
                 call{hidden(&memcpy), a + to, b + from, size});
        }
    });
    function("memmove", [&](size_t size, auto emit) {
        using call = copy_call<void*(void*, const void*, size_t)>;
        struct {
            const char* label;
            char* to;
            const char* from;
        } const cases[] = {{"to+7,from+33", a + 7, b + 33},
                           {"overlap,up40", a + 40, a},
                           {"overlap,down40", a, a + 40}};
        for (const auto& [label, to, from] : cases) {
            emit(label, call{hidden(&rt0_memmove), to, from, size},
                 call{hidden(&memmove), to, from, size});
        }
    });
    function("memset", [&](size_t size, auto emit) {
        for (const auto& [label, to] :
             {std::pair{"aligned", a}, std::pair{"to+1", a + 1}, std::pair{"to+33", a + 33}}) {
            emit(label, set_call{.f = hidden(&rt0_memset), .to = to, .size = size},
                 set_call{.f = hidden(&memset), .to = to, .size = size});
        }
    });

    std::memset(a, 'x', largest + (1 << 20));
    function("memcmp", [&](size_t size, auto emit) {
        using call = copy_call<int(const void*, const void*, size_t)>;
        for (const auto& [label, x, y] : apart) {
            emit(label, call{hidden(&rt0_memcmp), a + x, b + y, size},
                 call{hidden(&memcmp), a + x, b + y, size});
        }
        a[size] = 'y';
        emit("last differs", call{hidden(&rt0_memcmp), a + 1, b + 1, size},
             call{hidden(&memcmp), a + 1, b + 1, size});
        a[size] = 'x';
    });
    function("strlen", [&](size_t size, auto emit) {
        for (const auto& [label, s] :
             {std::pair{"aligned", a}, std::pair{"s+7", a + 7}, std::pair{"s+33", a + 33}}) {
            s[size] = 0;
            emit(label, length_call{.f = hidden(&rt0_strlen), .s = s},
                 length_call{.f = hidden(&strlen), .s = s});
            s[size] = 'x';
        }
    });

    mixed(
        "memcpy", [&](size_t n) { hidden (&rt0_memcpy)(a + 7, b + 33, n); },
        [&](size_t n) { hidden (&memcpy)(a + 7, b + 33, n); });
    mixed(
        "memset", [&](size_t n) { hidden (&rt0_memset)(a + 7, 'x', n); },
        [&](size_t n) { hidden (&memset)(a + 7, 'x', n); });
    mixed(
        "memcmp", [&](size_t n) { hidden (&rt0_memcmp)(a + 7, b + 33, n); },
        [&](size_t n) { hidden (&memcmp)(a + 7, b + 33, n); });

    if (json != nullptr && !write_json(json)) {
        std::perror(json);
        return 1;
    }
    return 0;
}
