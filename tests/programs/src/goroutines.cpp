// The scheduler, one behaviour a word of the command line.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <rt0/print.h>

#include "go.h"

namespace {

using runtime::gosched;
using runtime::ready;

int count_goroutines() {
    int count = 0;
    runtime::for_each_g([](runtime::g* /*gp*/, void* to) { ++*static_cast<int*>(to); }, &count);
    return count;
}

// The last one started is runnext; the others come in order.
void order() {
    for (int i = 1; i <= 5; ++i) {
        go([i] { rt0::println("{}", i); });
    }
    gosched();
    rt0::println("main");
}

// More than the local queue holds.
void many() {
    constexpr int count = 1000;
    static int runs[count];
    int left = count;
    for (int i = 0; i < count; ++i) {
        go([i, &left] {
            ++runs[i];
            gosched();
            --left;
        });
    }
    while (left > 0) {
        gosched();
    }
    int wrong = 0;
    for (const int n : runs) {
        wrong += n != 1;
    }
    rt0::println("{} run, {} wrong", count, wrong);
}

// Goroutines that end are used again.
void reuse() {
    int ended = 0;
    for (int i = 0; i < 10000; ++i) {
        go([&ended] { ++ended; });
        while (ended <= i) {
            gosched();
        }
    }
    rt0::println("{} ended, {} made", ended, count_goroutines() - 1);
    // More of them than a p keeps; the global list has the others.
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 200; ++i) {
            go([&ended] { ++ended; });
        }
        while (ended < 10000 + 200 * (round + 1)) {
            gosched();
        }
    }
    rt0::println("{} ended, {} made", ended, count_goroutines() - 1);
}

runtime::g* players[2];

// Two that ready each other for ever, which keeps runnext busy, do not keep the processor from
// main, which waits in the global queue, nor from a third, which waits in the local one.
void fairness() {
    static uint64_t switches;
    static std::atomic<bool> third_ran;
    for (int i = 0; i < 2; ++i) {
        go([i] {
            players[i] = getg();
            for (;;) {
                runtime::g* const other = players[1 - i];
                if (other != nullptr && other->status.load() == runtime::g_status::waiting) {
                    ready(other);
                }
                ++switches;
                if (other == nullptr) {
                    gosched();
                } else {
                    park();
                }
            }
        });
    }
    for (int i = 0; i < 10; ++i) {
        gosched();
    }
    go([] { third_ran = true; });
    // Kicked out of runnext into the local queue by one that only yields.
    go([] {});
    while (!third_ran) {
        gosched();
    }
    rt0::println("main and the third run, {}",
                 switches > 0 ? "and so do the two" : "but not the two");
}

void park_and_ready() {
    static runtime::g* sleeper;
    go([] {
        sleeper = getg();
        rt0::println("parks");
        park();
        rt0::println("wakes");
    });
    gosched();
    rt0::println("main readies it");
    ready(sleeper);
    rt0::println("main goes on");
    gosched();
    // unlock runs when the goroutine is off its stack; false takes the park back.
    static bool unlocked;
    runtime::park(
        [](runtime::g* gp, void* lock) {
            unlocked = gp->status.load() == runtime::g_status::waiting && lock == &unlocked;
            return false;
        },
        &unlocked, runtime::wait_reason::none);
    rt0::println("unlock was {}", unlocked ? "called" : "not called");
}

// What the ABI makes a callee keep survives a switch, and a goroutine has room on its stack.
void registers() {
    static int wrong;
    static std::atomic<int> left;
    for (uint64_t i = 1; i <= 20; ++i) {
        ++left;
        go([i] {
            volatile char room[100 * 1024];
            std::memset(const_cast<char*>(room), static_cast<int>(i), sizeof room);
            for (int round = 0; round < 50; ++round) {
                // The assembly writes them.
                uint64_t changed = 0; // NOLINT(misc-const-correctness)
                uint64_t number = i;  // NOLINT(misc-const-correctness)
                auto* function = gosched;
                asm volatile("subq $128, %%rsp\n" // the red zone
                             "pushq %%rbp\n"
                             "subq $8, %%rsp\n"
                             "movq %1, %%rbx\n"
                             "leaq 1(%%rbx), %%rbp\n"
                             "leaq 2(%%rbx), %%r12\n"
                             "leaq 3(%%rbx), %%r13\n"
                             "leaq 4(%%rbx), %%r14\n"
                             "leaq 5(%%rbx), %%r15\n"
                             "callq *%2\n"
                             "subq %%rbx, %%rbp\n"
                             "subq %%rbx, %%r12\n"
                             "subq %%rbx, %%r13\n"
                             "subq %%rbx, %%r14\n"
                             "subq %%rbx, %%r15\n"
                             "movq %%rbp, %%rax\n"
                             "imulq $10, %%rax\n addq %%r12, %%rax\n"
                             "imulq $10, %%rax\n addq %%r13, %%rax\n"
                             "imulq $10, %%rax\n addq %%r14, %%rax\n"
                             "imulq $10, %%rax\n addq %%r15, %%rax\n"
                             "imulq $1000, %%rax\n addq %%rbx, %%rax\n"
                             "addq $8, %%rsp\n"
                             "popq %%rbp\n"
                             "addq $128, %%rsp\n"
                             : "=&a"(changed), "+D"(number), "+S"(function)
                             :
                             : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                               "r15", "memory", "cc");
                wrong += changed != 12345000 + i;
            }
            for (const char c : room) {
                wrong += c != static_cast<char>(i);
            }
            --left;
        });
    }
    while (left > 0) {
        gosched();
    }
    rt0::println("{} wrong", wrong);
}

void main_returns() {
    go([] { rt0::println("never"); });
    rt0::println("main returns");
}

// Three that wait for each other.
void deadlock() {
    go(park);
    go(park);
    park();
}

int initialised;

int slow_initialiser() {
    rt0::println("begins");
    gosched(); // the other one comes and must wait
    gosched();
    rt0::println("ends");
    return ++initialised;
}

int slow_static() {
    static const int value = slow_initialiser();
    return value;
}

void statics() {
    int left = 2;
    for (int i = 0; i < 2; ++i) {
        go([&left] {
            rt0::println("sees {}", slow_static());
            --left;
        });
    }
    while (left > 0) {
        gosched();
    }
    rt0::println("initialised {} times", initialised);
}

struct forever {
    forever() { park(); }
};

void wait_for_static() {
    static const forever never;
    (void)&never;
}

// A goroutine that parks in an initialiser, and one that waits for the static.
void static_deadlock() {
    go(wait_for_static);
    gosched();
    wait_for_static();
}

// A goroutine with a stack of its own mapping.
void plain_stack() {
    link_goroutines();
    static bool ran;
    static runtime::funcval start{[](runtime::funcval* /*self*/) { ran = true; }};
    runtime::start_g(runtime::new_g(100'000), &start, 0, 0);
    // NOLINTNEXTLINE(bugprone-infinite-loop)
    while (!ran) {
        gosched();
    }
    rt0::println("ran");
}

int (*volatile again)(); // recursive, unknown to the compiler

int recursive() {
    static const int value = again();
    return value;
}

} // namespace

int main(int argc, char** argv) {
    struct {
        std::string_view name;
        void (*run)();
    } const all[] = {
        {"order", order},
        {"many", many},
        {"reuse", reuse},
        {"fairness", fairness},
        {"park_and_ready", park_and_ready},
        {"registers", registers},
        {"main_returns", main_returns},
        {"deadlock", deadlock},
        {"statics", statics},
        {"static_deadlock", static_deadlock},
        {"plain_stack", plain_stack},
        {"recursive_static",
         [] {
             again = recursive;
             recursive();
         }},
    };
    for (const auto& entry : all) {
        if (argc > 1 && entry.name == argv[1]) {
            entry.run();
            return 0;
        }
    }
    return 1;
}
