// Goroutines that are asked through the stack's guard to give way, in the prologue of every kind of
// function: what the function was called with is there when it goes on. A word of the command line
// each; it returns 0 where all was right.
#include <atomic>
#include <string_view>

#include <rt0/rt0.h>

#include "others.h"
#include "sched/sched.h"

namespace {

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

void from_every_place(size_t plain_stack) {
    rt0::wait_group group;
    for (long at = lowest_call; at < highest_call; at += 16) {
        calls_at = at;
        group.add(1);
        const auto body = [&group] {
            // The second time with kept segments.
            at_distance(far, calls_and_large_frames);
            at_distance(far, all_calls);
            group.done();
        };
        if (plain_stack == 0) {
            rt0::go(body);
        } else {
            rt0::go(rt0::stack_size(plain_stack), body);
        }
        group.wait();
    }
    calls_at = anywhere;
}

// A prologue that has seen a request which is not there any more when __morestack looks: a signal
// has had the goroutine give way in between.
extern "C" int one_more_after_a_request(int n);
asm(".pushsection .text.one_more, \"ax\", @progbits\n"
    "one_more_after_a_request:\n\t"
    "movl $64, %r10d\n\t"
    "xorl %r11d, %r11d\n\t"
    "callq __morestack\n\t"
    "retq\n\t"
    "leal 1(%rdi), %eax\n\t"
    "retq\n"
    ".popsection");

// On the thread's own stack the goroutine has no stack to look for, whatever keeps it on its
// thread.
void on_the_threads_stack() {
    rt0::wait_group group;
    group.go([] {
        for (const uintptr_t claim : {uintptr_t{4}, uintptr_t{0}}) { // that of no lock
            runtime::set_claim(claim);
            runtime::systemstack([] {
                ask_now();
                CHECK(middle_frame(1) == 2);
            });
            CHECK(runtime::get_tcb()->nopreempt == 0);
            runtime::set_claim(0);
        }
    });
    group.wait();
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
        asked([] { from_every_place(0); });
    } else if (word == "plain") {
        asked([] { from_every_place(512 * 1024); });
    } else if (word == "kernel") { // main's goroutine has the kernel's stack
        CHECK(one_more_after_a_request(1) == 2);
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
    } else if (word == "threads_stack") {
        on_the_threads_stack();
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
