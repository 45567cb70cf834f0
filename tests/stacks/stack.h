// Running code from every place of a goroutine's stack, and finding what it wrote below.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <alloca.h>

#include <rt0/print.h>

#include "../programs/src/go.h"
#include "mem/segment.h"

#define NOINLINE [[gnu::noinline]]

inline std::atomic<int> wrong;

inline void check(bool right, const char* what, int line) {
    if (!right && wrong++ < 10) {
        rt0::println("wrong: {} (line {})", what, line);
    }
}
#define CHECK(...) check(__VA_ARGS__, #__VA_ARGS__, __LINE__)

// The optimiser knows nothing of what comes out.
template <class T>
T opaque(T value) {
    asm volatile("" : "+g"(value) : : "memory");
    return value;
}

inline void use(void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

// Runs f on a goroutine and waits for its end.
template <class F>
void on_goroutine(F f) {
    std::atomic<bool> done = false;
    go([&] {
        f();
        done = true;
    });
    while (!done) {
        runtime::gosched();
    }
}

// What the code below the guard has left of the margin, over all segments that were painted.
inline size_t least_left = SIZE_MAX;

inline constexpr unsigned char paint_byte = 0xa5;

// Of the current goroutine's segments, the first of which shares its block with the g. Not by
// guard_margin, which is another one where the runtime was compiled as this is not.
inline volatile unsigned char* end_of(runtime::mem::segment* at) {
    return at->prev == nullptr ? reinterpret_cast<volatile unsigned char*>(getg()->stack_lo)
                               : reinterpret_cast<volatile unsigned char*>(at + 1) - at->size;
}

inline size_t margin_of(runtime::mem::segment* at) {
    return at->guard - reinterpret_cast<uintptr_t>(end_of(at));
}

// What is below the guard, but for what is in use: sp is the caller's stack pointer. Of a block,
// not of a mapping, which has a guard page there.
NOINLINE inline void paint(runtime::mem::segment* at, uintptr_t sp) {
    if (at->size > runtime::mem::largest_block) {
        return;
    }
    volatile unsigned char* const lo = end_of(at);
    size_t end = margin_of(at);
    if (const size_t used = sp - reinterpret_cast<uintptr_t>(lo); used < at->size) {
        end = std::min(end, used > 200 ? used - 200 : 0);
    }
    for (size_t i = 0; i < end; ++i) {
        lo[i] = paint_byte;
    }
}

NOINLINE inline void look_at_paint(runtime::mem::segment* at) {
    if (at->size > runtime::mem::largest_block) {
        return;
    }
    const volatile unsigned char* const lo = end_of(at);
    size_t i = 0;
    while (i < margin_of(at) && lo[i] == paint_byte) {
        ++i;
    }
    least_left = std::min(least_left, i);
}

// Takes depth small frames and then offset bytes before the calls.
template <class F>
NOINLINE void at_depth(int depth, int offset, F f) {
    if (depth > 0) {
        at_depth(depth - 1, offset, f);
        use(nullptr);
        return;
    }
    char* const pad = static_cast<char*>(alloca(static_cast<size_t>(offset)));
    use(pad);
    f();
    use(pad);
}

// Calls f with depth frames, 0 to depths - 1, and 0 to 1100 bytes, step by step, before it, and
// sees what it leaves of the margins.
template <class F>
void from_everywhere(int depths, int step, F f) {
    least_left = SIZE_MAX;
    for (int depth = 0; depth < depths; ++depth) {
        for (int offset = 0; offset <= 1100; offset += step) {
            on_goroutine([=] {
                runtime::mem::segment* const first = getg()->segment;
                // Later with kept segments, which are painted too.
                for (int round = 0; round < 3; ++round) {
                    uintptr_t sp = 0; // NOLINT(misc-const-correctness): the assembly writes it
                    asm volatile("movq %%rsp, %0" : "=r"(sp));
                    runtime::mem::segment* painted[8] = {};
                    size_t count = 0;
                    for (auto* at = first; at != nullptr && count < 8; at = at->next) {
                        paint(painted[count++] = at, sp);
                    }
                    at_depth(depth, offset, f);
                    CHECK(getg()->segment == first);
                    // Those that are still there.
                    size_t i = 0;
                    for (auto* at = first; i < count && at == painted[i]; at = at->next) {
                        look_at_paint(painted[i++]);
                    }
                }
            });
        }
    }
}

template <class F>
void sweep(int depths, int step, F f) {
    from_everywhere(depths, step, f);
    rt0::eprintln("{} bytes of the margin left", least_left);
    CHECK(least_left >= 16);
}
