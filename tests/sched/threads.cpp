// Goroutines on real threads, one behaviour a word of the command line; GOMAXPROCS says on how
// many. Ends with the number of checks that did not hold.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <rt0/rt0.h>

#include "../headers/check.h"
#include "kernel.h"

namespace {

struct pipe_pair {
    int read = -1;
    int write = -1;
};

pipe_pair make_pipe() {
    std::array<int, 2> fds{-1, -1};
    check(raw_call(22, reinterpret_cast<long>(fds.data())) == 0);
    return {fds[0], fds[1]};
}

// Computes, without yielding.
void work(int rounds) {
    for (int i = 0; i < rounds; ++i) {
        asm volatile("" ::: "memory");
    }
}

// A goroutine that is done with its work may not have ended yet.
void wait_for_the_others() {
    while (rt0::num_goroutine() > 1) {
        rt0::yield();
    }
}

// Every goroutine runs once, whatever it does meanwhile, and none of them twice at once.
void all_run() {
    constexpr size_t count = 5000;
    static std::array<std::atomic<int>, count> inside;
    static std::array<std::atomic<int>, count> ran;
    rt0::wait_group group;
    for (size_t i = 0; i < count; ++i) {
        group.go([i] {
            for (size_t turn = 0; turn < 1 + i % 7; ++turn) {
                check(inside[i].exchange(1) == 0);
                work(static_cast<int>(i % 100));
                check(inside[i].exchange(0) == 1);
                rt0::yield();
            }
            ++ran[i];
        });
    }
    group.wait();
    for (const auto& n : ran) {
        check(n == 1);
    }
    wait_for_the_others();
}

// Goroutines that start others, which main waits for.
void tree(int depth, std::atomic<int>& leaves) {
    if (depth == 0) {
        ++leaves;
        return;
    }
    rt0::wait_group group;
    for (int i = 0; i < 4; ++i) {
        group.go([depth, &leaves] { tree(depth - 1, leaves); });
    }
    group.wait();
}

void trees() {
    for (int round = 0; round < 5; ++round) {
        std::atomic<int> leaves = 0;
        tree(5, leaves);
        check(leaves == 1024);
    }
}

// Two that never yield and wait for each other are on two processors at once.
void parallel() {
    if (rt0::gomaxprocs() == 1) {
        return;
    }
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> there = 0;
        rt0::wait_group group;
        for (int i = 0; i < 2; ++i) {
            group.go([&there] {
                ++there;
                while (there < 2) {
                }
            });
        }
        group.wait();
    }
    // Nor does it matter that the starter itself goes on computing.
    for (int round = 0; round < 50; ++round) {
        std::atomic<bool> ran = false;
        rt0::go([&ran] { ran = true; });
        while (!ran) {
        }
    }
}

// A goroutine that waits in the kernel holds nobody up.
void blocked_in_read() {
    const pipe_pair ends = make_pipe();
    rt0::file reader(ends.read);
    rt0::file writer(ends.write);
    std::atomic<int> turns = 0;
    std::atomic<bool> got = false;
    rt0::wait_group group;
    group.go([&] {
        std::array<std::byte, 8> buffer{};
        const auto size = reader.read(buffer);
        check(size.has_value() && *size == 5);
        got = true;
    });
    group.go([&] {
        for (int i = 0; i < 1000; ++i) {
            ++turns;
            rt0::yield();
        }
        check(!got);
        check(writer.write(std::as_bytes(std::span("12345", 5))).has_value());
    });
    group.wait();
    check(turns == 1000 && got);
    // Several at once, more than there are processors.
    std::vector<std::unique_ptr<rt0::file>> readers;
    std::vector<std::unique_ptr<rt0::file>> writers;
    constexpr int count = 20;
    std::atomic<int> read = 0;
    for (int i = 0; i < count; ++i) {
        const pipe_pair more = make_pipe();
        readers.push_back(std::make_unique<rt0::file>(more.read));
        writers.push_back(std::make_unique<rt0::file>(more.write));
        group.go([&read, from = readers.back().get()] {
            std::array<std::byte, 1> buffer{};
            check(from->read(buffer).value_or(0) == 1);
            ++read;
        });
    }
    for (int i = 0; i < 100; ++i) {
        rt0::yield();
    }
    for (const auto& to : writers) {
        check(to->write(std::as_bytes(std::span("x", 1))).has_value());
    }
    group.wait();
    check(read == count);
}

// A goroutine that calls nothing does not keep the others from running, and finds its registers as
// they were: general ones, flags, vectors and the x87's.
void preemption() {
    std::atomic<bool> stop = false;
    std::atomic<int> turns = 0;
    rt0::wait_group group;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        group.go([&stop, i] {
            uint64_t rounds = 0; // NOLINT(misc-const-correctness): the assembly writes
            uint64_t wrong = 0;  // NOLINT(misc-const-correctness): both
            const auto seed = static_cast<uint64_t>(i) + 1;
            std::array<uint64_t, 4> vector{seed, seed * 3, seed * 5, seed * 7};
            // All registers hold what is known, and the red zone does; the loop compares them over
            // and over. Nothing is called and no memory of the runtime is touched.
            asm volatile("movq %[seed], %%r8\n\t"
                         "movups (%[vector]), %%xmm0\n\t"
                         "movups 16(%[vector]), %%xmm15\n\t"
                         "movq %[seed], -8(%%rsp)\n\t"
                         "movq %[seed], -128(%%rsp)\n\t"
                         "fldpi\n\t"
                         "1:\n\t"
                         "incq %[rounds]\n\t"
                         "leaq 1(%%r8), %%r9\n\t"
                         "leaq 2(%%r8), %%r10\n\t"
                         "leaq 3(%%r8), %%r11\n\t"
                         "leaq 4(%%r8), %%r12\n\t"
                         "leaq 5(%%r8), %%r13\n\t"
                         "movl $200, %%r14d\n\t"
                         "2: decl %%r14d\n\t"
                         "jnz 2b\n\t"
                         "subq %%r8, %%r9\n\t"
                         "subq %%r8, %%r10\n\t"
                         "subq %%r8, %%r11\n\t"
                         "subq %%r8, %%r12\n\t"
                         "subq %%r8, %%r13\n\t"
                         "leaq (%%r9,%%r10,2), %%r14\n\t"
                         "leaq (%%r14,%%r11,4), %%r14\n\t"
                         "leaq (%%r14,%%r12,8), %%r14\n\t"
                         "addq %%r13, %%r14\n\t"
                         "cmpq $54, %%r14\n\t"
                         "je 3f\n\t"
                         "incq %[wrong]\n\t"
                         "3:\n\t"
                         "cmpq %[seed], -8(%%rsp)\n\t"
                         "je 4f\n\t"
                         "incq %[wrong]\n\t"
                         "4:\n\t"
                         "cmpq %[seed], -128(%%rsp)\n\t"
                         "je 5f\n\t"
                         "incq %[wrong]\n\t"
                         "5:\n\t"
                         "movq %%xmm0, %%r14\n\t"
                         "cmpq (%[vector]), %%r14\n\t"
                         "je 6f\n\t"
                         "incq %[wrong]\n\t"
                         "6:\n\t"
                         "movhlps %%xmm15, %%xmm1\n\t"
                         "movq %%xmm1, %%r14\n\t"
                         "cmpq 24(%[vector]), %%r14\n\t"
                         "je 7f\n\t"
                         "incq %[wrong]\n\t"
                         "7:\n\t"
                         "cmpb $0, (%[stop])\n\t"
                         "je 1b\n\t"
                         "fldpi\n\t"
                         "fcompp\n\t"
                         "fnstsw %%ax\n\t"
                         "sahf\n\t"
                         "je 8f\n\t"
                         "incq %[wrong]\n\t"
                         "8:\n\t"
                         : [rounds] "+r"(rounds), [wrong] "+r"(wrong)
                         : [seed] "r"(seed), [vector] "r"(vector.data()), [stop] "r"(&stop)
                         : "rax", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "xmm0", "xmm1",
                           "xmm15", "memory", "cc");
            check(rounds > 0 && wrong == 0);
        });
    }
    group.go([&] {
        for (int i = 0; i < 20; ++i) {
            ++turns;
            rt0::yield();
        }
        stop = true;
    });
    group.wait();
    check(turns == 20);
}

// The same where the loops allocate, print and lock: the runtime is interrupted, too, and not then.
void preemption_in_the_runtime() {
    std::atomic<bool> stop = false;
    std::mutex mutex;
    long shared = 0;
    rt0::wait_group group;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        group.go([&, i] {
            while (!stop) {
                const std::string text(static_cast<size_t>(100 + i), 'x');
                check(text.back() == 'x');
                {
                    const std::lock_guard guard(mutex);
                    ++shared;
                }
                rt0::wait_group inner;
                inner.go([] { work(100); });
                inner.wait();
                check(rt0::eprint("{}", "").has_value());
            }
        });
    }
    group.go([&] {
        for (int i = 0; i < 20; ++i) {
            work(5'000'000);
            rt0::yield();
        }
        stop = true;
    });
    group.wait();
    check(shared > 0);
}

// The number of processors changes while everything runs.
void gomaxprocs() {
    const int first = rt0::gomaxprocs();
    std::atomic<bool> stop = false;
    std::atomic<long> turns = 0;
    rt0::wait_group group;
    for (int i = 0; i < 30; ++i) {
        group.go([&] {
            while (!stop) {
                ++turns;
                work(50);
                rt0::yield();
            }
        });
    }
    int before = first;
    for (const int n : {1, 4, 2, 9, 1, 3, 8, 1, 2, 16, 5, 1, 7}) {
        check(rt0::gomaxprocs(n) == before && rt0::gomaxprocs() == n);
        before = n;
        const long from = turns;
        while (turns < from + 200) {
            rt0::yield();
        }
    }
    stop = true;
    group.wait();
    rt0::gomaxprocs(first);
    wait_for_the_others();
}

void locked_threads() {
    rt0::wait_group group;
    std::mutex mutex;
    std::map<long, int> ended;
    for (int i = 0; i < 5; ++i) {
        group.go([&, i] {
            rt0::lock_os_thread();
            rt0::lock_os_thread();
            rt0::unlock_os_thread();
            const long thread = thread_id();
            for (int turn = 0; turn < 50; ++turn) {
                rt0::yield();
                check(thread_id() == thread);
                const std::lock_guard guard(mutex);
                check(thread_id() == thread);
            }
            if (i % 2 == 0) {
                rt0::unlock_os_thread();
            } else {
                // Ends tied, and its thread with it.
                const std::lock_guard guard(mutex);
                ended[thread] = i;
            }
        });
    }
    group.go([] {
        for (int turn = 0; turn < 500; ++turn) {
            rt0::yield();
        }
    });
    group.wait();
    check(ended.size() == 2);
    const long process = raw_call(39); // getpid
    for (const auto& [thread, number] : ended) {
        if (thread == process) {
            continue; // the first thread cannot end
        }
        // The thread goes when the goroutine has gone, a moment later.
        long signal = 0;
        for (int tries = 0; tries < 1'000'000 && signal == 0; ++tries) {
            signal = raw_call(234, process, thread, 0); // tgkill: does it exist?
            rt0::yield();
        }
        check(signal == -3);
    }
    // main may be tied, too, and the others run.
    rt0::lock_os_thread();
    const long thread = thread_id();
    std::atomic<int> others = 0;
    for (int i = 0; i < 10; ++i) {
        group.go([&] {
            check(thread_id() != thread);
            ++others;
        });
    }
    group.wait();
    check(others == 10 && thread_id() == thread);
    rt0::unlock_os_thread();
}

// What goroutines are started with.

void closures() {
    rt0::wait_group group;
    int sum = 0;
    auto owned = std::make_unique<int>(40);
    group.go([&sum](std::unique_ptr<int> n,
                    const std::string& text) { sum = *n + static_cast<int>(text.size()); },
             std::move(owned), std::string("ab"));
    group.wait();
    check(sum == 42 && owned == nullptr);
    // Larger than a small stack would like, and aligned.
    std::array<int, 5000> large{};
    std::iota(large.begin(), large.end(), 0);
    group.go([large, &sum] { sum = std::accumulate(large.begin(), large.end(), 0); });
    group.wait();
    check(sum == 4999 * 2500);
    struct alignas(64) aligned {
        int value = 7;
    };
    struct alignas(1024) very_aligned {
        int value = 8;
    };
    group.go([a = aligned(), b = very_aligned(), &sum] {
        check(reinterpret_cast<uintptr_t>(&a) % 64 == 0);
        check(reinterpret_cast<uintptr_t>(&b) % 1024 == 0);
        sum = a.value + b.value;
    });
    group.go([a = aligned()] { check(reinterpret_cast<uintptr_t>(&a) % 64 == 0); });
    group.wait();
    check(sum == 15);
    // Destroyed once, before the goroutine counts as ended.
    const auto shared = std::make_shared<int>(1);
    for (int i = 0; i < 100; ++i) {
        group.go([shared] { check(*shared == 1); });
    }
    group.wait();
    wait_for_the_others();
    check(shared.use_count() == 1);
    // A function, with and without arguments; a member function.
    static int calls = 0;
    struct object {
        int number;
        void add(int n) const { calls += number + n; }
    };
    const object o{3};
    rt0::go(&object::add, std::cref(o), 4);
    rt0::go(+[] { ++calls; });
    wait_for_the_others();
    check(calls == 8);
}

void wait_groups() {
    // Many wait for one, and one waits for many, over and over.
    for (int round = 0; round < 200; ++round) {
        rt0::wait_group work_done;
        rt0::wait_group waited;
        std::atomic<int> done = 0;
        for (int i = 0; i < 4; ++i) {
            work_done.add(1);
        }
        for (int i = 0; i < 8; ++i) {
            waited.go([&] {
                work_done.wait();
                check(done == 4);
            });
        }
        for (int i = 0; i < 4; ++i) {
            rt0::go([&] {
                ++done;
                work_done.done();
            });
        }
        waited.wait();
    }
    rt0::wait_group nothing;
    nothing.wait();
}

void mutexes() {
    std::mutex mutex;
    long sum = 0;
    rt0::wait_group group;
    for (int i = 0; i < 20; ++i) {
        group.go([&] {
            for (int turn = 0; turn < 500; ++turn) {
                const std::lock_guard guard(mutex);
                const long was = sum;
                if (turn % 50 == 0) {
                    rt0::yield();
                }
                sum = was + 1;
            }
        });
    }
    group.wait();
    check(sum == 10'000);
}

thread_local long of_thread;

void thread_locals() {
    rt0::wait_group group;
    for (int i = 0; i < 100; ++i) {
        group.go([] {
            rt0::lock_os_thread();
            const long own = thread_id();
            check(of_thread == 0 || of_thread == own);
            of_thread = own;
            rt0::yield();
            check(of_thread == own);
            rt0::unlock_os_thread();
        });
    }
    group.wait();
}

void numbers() {
    check(rt0::goid() == 1 && rt0::num_cpu() >= 1);
    std::mutex mutex;
    std::map<uint64_t, int> seen;
    rt0::wait_group group;
    for (int i = 0; i < 500; ++i) {
        group.go([&] {
            const std::lock_guard guard(mutex);
            ++seen[rt0::goid()];
        });
    }
    group.wait();
    check(seen.size() == 500 && !seen.contains(1) && !seen.contains(0));
}

void deadlock() {
    rt0::wait_group never;
    never.add(1);
    rt0::go([&] { never.wait(); });
    never.wait();
}

void negative() {
    rt0::wait_group group;
    group.done();
}

// Everybody waits: one for the kernel, one for a long time, one again and again for a quarter of a
// second. The driver counts system calls meanwhile.
void idle() {
    rt0::wait_group group;
    rt0::wait_group never;
    never.add(1);
    for (int i = 0; i < 20; ++i) {
        group.go([&] { never.wait(); });
    }
    group.go([] { work(10'000'000); });
    group.go([] {
        for (int i = 0; i < 14; ++i) {
            rt0::sleep_for(std::chrono::milliseconds(250));
        }
    });
    rt0::go([] { rt0::sleep_for(std::chrono::hours(1)); });
    std::array<std::byte, 1> buffer{};
    rt0::file input(0);
    check(input.read(buffer).value_or(9) == 0); // until the driver closes it
    never.done();
    group.wait();
}

struct test {
    std::string_view name;
    void (*run)();
};

constexpr test tests[] = {
    {"all_run", all_run},       {"trees", trees},
    {"parallel", parallel},     {"blocked_in_read", blocked_in_read},
    {"preemption", preemption}, {"preemption_in_the_runtime", preemption_in_the_runtime},
    {"gomaxprocs", gomaxprocs}, {"locked_threads", locked_threads},
    {"closures", closures},     {"wait_groups", wait_groups},
    {"mutexes", mutexes},       {"thread_locals", thread_locals},
    {"numbers", numbers},       {"deadlock", deadlock},
    {"negative", negative},     {"idle", idle},
};

} // namespace

int main(int argc, char** argv) {
    for (const test& t : tests) {
        if (argc == 2 && t.name == argv[1]) {
            t.run();
            return failures;
        }
    }
    return 99;
}
