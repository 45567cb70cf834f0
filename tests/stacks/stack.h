// Running code from every place of a goroutine's stack, and finding what it wrote below.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>

#include <alloca.h>

#include <rt0/print.h>

#include "../programs/src/go.h"
#include "mem/segment.h"

// Not inline, and called with all of its arguments: the optimiser would make one of the constants
// that a function is always called with.
#ifdef __clang__
#define NOINLINE [[gnu::noinline, gnu::used]]
#else
#define NOINLINE [[gnu::noipa]]
#endif

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

// The stack pointer, from the current segment's guard. Of the segment, because sysmon may have put
// something else where the thread's is.
[[gnu::always_inline]] inline long above_guard() {
    uintptr_t sp = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("movq %%rsp, %0" : "=r"(sp));
    return static_cast<long>(sp - getg()->segment->guard);
}

// Calls f with so many bytes above the guard, a multiple of 16, as the stack pointer is at every
// call; in the next segment, which is larger, where this one has less.
template <class F>
NOINLINE void at_distance(long distance, F f) {
    const long room = above_guard() - distance;
    if (room < 0) {
        at_distance(distance, f);
        use(nullptr);
        return;
    }
    char* const pad = static_cast<char*>(alloca(static_cast<size_t>(room)));
    use(pad);
    f();
    use(pad);
}

// From so far on there is room for a frame of the corpus and more.
#ifdef __OPTIMIZE__
inline constexpr long far = 4096;
#else
inline constexpr long far = 12288;
#endif

// Where calls begin: so many bytes above the guard, a multiple of 16. Or below it, from a function
// with so small a frame that it took it unasked.
inline constexpr long lowest_call = 16 - SPLIT_STACK_UNASKED;
inline constexpr long highest_call = 1024;
inline constexpr long anywhere = LONG_MAX;
inline std::atomic<long> calls_at = anywhere;

// In a function, so that its calls begin at calls_at: moves the guard of the segment there, if
// calls_at says where, and the function is on a segment. There must be room for it.
class [[nodiscard]] guard_at_calls {
public:
    [[gnu::always_inline]] guard_at_calls() {
        const long at = calls_at.load(std::memory_order_relaxed);
        if (at == anywhere || getg()->segment == nullptr) {
            return;
        }
        segment_ = getg()->segment;
        guard_ = segment_->guard;
        uintptr_t sp = 0; // NOLINT(misc-const-correctness): the assembly writes it
        // With this object in memory, so that the function has its frame by now.
        asm volatile("movq %%rsp, %0" : "=r"(sp) : "m"(*this));
        set(sp - static_cast<uintptr_t>(at));
    }
    guard_at_calls(const guard_at_calls&) = delete;
    guard_at_calls& operator=(const guard_at_calls&) = delete;
    [[gnu::always_inline]] ~guard_at_calls() {
        if (segment_ != nullptr) {
            set(guard_);
        }
    }

private:
    // The thread's last: whoever takes the goroutine off between sets it by the segment's.
    [[gnu::always_inline]] void set(uintptr_t guard) {
        *const_cast<volatile uintptr_t*>(&segment_->guard) = guard;
        asm volatile("movq %0, %%fs:%c1" : : "r"(guard), "i"(TCB_STACK_GUARD) : "memory");
    }
    runtime::mem::segment* segment_ = nullptr;
    uintptr_t guard_ = 0;
};

// Where they did.
inline std::array<std::atomic<bool>, (highest_call - lowest_call) / 16> called_at;
[[gnu::always_inline]] inline void note_call() {
    if (getg()->segment == nullptr) {
        return;
    }
    if (const long at = above_guard(); at >= lowest_call && at < highest_call) {
        called_at.data()[(at - lowest_call) / 16].store(true, std::memory_order_relaxed);
    }
}

// Calls f at every distance from the guard, and sees what it leaves of the margins.
template <class F>
void from_everywhere(F f) {
    least_left = SIZE_MAX;
    for (long distance = 0; distance <= far; distance += 16) {
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
                at_distance(distance, f);
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

template <class F>
void sweep(F f) {
    from_everywhere(f);
    rt0::eprintln("{} bytes of the margin left", least_left);
    CHECK(least_left >= 16);
}

// Calls f, which has a guard_at_calls and notes its calls, so that these begin at every place about
// the guard.
template <class F>
void call_from_everywhere(F f) {
    for (long at = lowest_call; at < highest_call; at += 16) {
        calls_at = at;
        on_goroutine([=] {
            for (int round = 0; round < 3; ++round) { // later with kept segments
                at_distance(far, f);
            }
        });
    }
    calls_at = anywhere;
    for (size_t i = 0; i < called_at.size(); ++i) {
        if (!called_at.at(i)) {
            rt0::eprintln("no call at {}", lowest_call + 16 * static_cast<long>(i));
            CHECK(false);
        }
    }
}
