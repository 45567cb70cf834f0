// Goroutines that are asked through the stack's guard to give way, in the prologue of every kind of
// function: what the function was called with is there when it goes on. A word of the command line
// each; it returns 0 where all was right.
#include <atomic>
#include <string_view>

#include <rt0/rt0.h>

#include "calls.h"

namespace {

// Everything that a function may be called with in registers, made different, as any goroutine may
// that runs meanwhile.
NOINLINE void spoil_vectors() {
    asm volatile("pcmpeqd %%xmm0, %%xmm0\n\t"
                 "pcmpeqd %%xmm1, %%xmm1\n\t"
                 "pcmpeqd %%xmm2, %%xmm2\n\t"
                 "pcmpeqd %%xmm3, %%xmm3\n\t"
                 "pcmpeqd %%xmm4, %%xmm4\n\t"
                 "pcmpeqd %%xmm5, %%xmm5\n\t"
                 "pcmpeqd %%xmm6, %%xmm6\n\t"
                 "pcmpeqd %%xmm7, %%xmm7"
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

[[gnu::target("avx")]] NOINLINE void spoil_wide_vectors() {
    asm volatile("vcmptrueps %%ymm0, %%ymm0, %%ymm0\n\t"
                 "vmovaps %%ymm0, %%ymm1\n\t"
                 "vmovaps %%ymm0, %%ymm2\n\t"
                 "vmovaps %%ymm0, %%ymm3\n\t"
                 "vmovaps %%ymm0, %%ymm4\n\t"
                 "vmovaps %%ymm0, %%ymm5\n\t"
                 "vmovaps %%ymm0, %%ymm6\n\t"
                 "vmovaps %%ymm0, %%ymm7"
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

[[gnu::target("avx512f")]] NOINLINE void spoil_widest_vectors() {
    asm volatile("vpternlogd $255, %%zmm0, %%zmm0, %%zmm0\n\t"
                 "vmovaps %%zmm0, %%zmm1\n\t"
                 "vmovaps %%zmm0, %%zmm2\n\t"
                 "vmovaps %%zmm0, %%zmm3\n\t"
                 "vmovaps %%zmm0, %%zmm4\n\t"
                 "vmovaps %%zmm0, %%zmm5\n\t"
                 "vmovaps %%zmm0, %%zmm6\n\t"
                 "vmovaps %%zmm0, %%zmm7"
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

NOINLINE void spoil_registers() {
    if (has_avx512()) {
        spoil_widest_vectors();
    } else if (has_avx()) {
        spoil_wide_vectors();
    } else {
        spoil_vectors();
    }
    asm volatile("movq $-1, %%rax\n\t"
                 "movq $-1, %%rcx\n\t"
                 "movq $-1, %%rdx\n\t"
                 "movq $-1, %%rsi\n\t"
                 "movq $-1, %%rdi\n\t"
                 "movq $-1, %%r8\n\t"
                 "movq $-1, %%r9\n\t"
                 "movq $-1, %%r10\n\t"
                 "movq $-1, %%r11"
                 :
                 :
                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

std::atomic<long> turns; // of those that spoil

// Runs f while others spoil registers whenever they run. Where there is one p, that is each time
// that f is asked.
template <class F>
void among_others(F f) {
    std::atomic<bool> stop = false;
    rt0::wait_group others;
    for (int i = 0; i < rt0::gomaxprocs(); ++i) {
        others.go([&stop] {
            while (!stop) {
                spoil_registers();
                ++turns;
                // Not a yield: the one that was asked waits in the global queue, which yields look
                // at every 61st time.
                ask_now();
                CHECK(middle_frame(1) == 2);
            }
        });
    }
    f();
    stop = true;
    others.wait();
}

NOINLINE void calls_and_large_frames() {
    all_calls();
    ask();
    CHECK(big_frame(4) == 9);
    huge in{};
    in.words[2499] = 1;
    ask();
    CHECK(huge_struct(in, 7) == 8);
}

// sysmon's own first request, which readies the runtime for them.
void be_asked() {
    const int procs = rt0::gomaxprocs(1);
    std::atomic<bool> ran = false;
    rt0::go([&ran] { ran = true; });
    while (!ran) {
        CHECK(middle_frame(1) == 2);
    }
    rt0::gomaxprocs(procs);
}

// f, asked before each of its calls, and whether that had others run.
template <class F>
void asked(F f) {
    among_others([&f] {
        const long before = turns;
        asking = 1;
        f();
        const long asks = asking;
        asking = 0;
        rt0::eprintln("asked {} times, {} turns of others", asks, turns - before);
        CHECK(asks > 1000);
        if (rt0::gomaxprocs() == 1) {
            // Where a call crosses a segment the request may be lost: the guard is stored over it.
            CHECK(turns - before > asks / 2);
        }
    });
}

void sweep(size_t plain_stack) {
    rt0::wait_group group;
    for (int depth = 0; depth < 2; ++depth) {
        for (int offset = 0; offset <= 1100; offset += 16) {
            group.add(1);
            const auto body = [&group, depth, offset] {
                // The second time with kept segments.
                at_depth(depth, offset, calls_and_large_frames);
                at_depth(depth, offset, all_calls);
                group.done();
            };
            if (plain_stack == 0) {
                rt0::go(body);
            } else {
                rt0::go(rt0::stack_size(plain_stack), body);
            }
            group.wait();
        }
    }
}

// At any moment, by sysmon, while f runs over and over.
void at_random(void (*f)()) {
    among_others([f] {
        const long before = turns;
        for (int rounds = 0; rounds < 1000 || turns < before + 20; ++rounds) {
            f();
        }
    });
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    may_move = rt0::gomaxprocs() > 1;
    be_asked();
    if (word == "growing") {
        asked([] { sweep(0); });
    } else if (word == "plain") {
        asked([] { sweep(512 * 1024); });
    } else if (word == "kernel") { // main's goroutine has the kernel's stack
        asked([] {
            for (int offset = 0; offset < 1100; offset += 16) {
                at_depth(0, offset, calls_and_large_frames);
            }
        });
    } else if (word == "big") {
        asked([] {
            rt0::wait_group group;
            group.go([] {
                for (int offset = 0; offset < 1100; offset += 16) {
                    rt0::on_big_stack([offset] { at_depth(0, offset, calls_and_large_frames); });
                }
            });
            group.wait();
        });
    } else if (word == "random") {
        at_random(all_calls);
        rt0::wait_group group;
        group.go([] { at_random(all_calls); });
        group.wait();
    } else {
        return 1;
    }
    return wrong == 0 ? 0 : 1;
}
