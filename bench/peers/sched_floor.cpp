// The floor of the scheduler benchmark: two stacks and nothing that chooses between them. For the
// speed-up, one thread per core with an equal share of the leaves, which is what the machine has.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "sched.h"

namespace {

// Stores the stack pointer of this side, and goes on where the other side switched away. Every
// register but those two may have changed: the compiler saves what it still needs.
inline void switch_stack(void** from, void* to) {
    // The red zone may hold data of ours: step over it. A jump, because the processor would expect
    // a return to go where this side was called from.
    asm volatile("subq $128, %%rsp\n\t"
                 "pushq %%rbp\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "movq %%rsp, (%[from])\n\t"
                 "movq %[to], %%rsp\n\t"
                 "popq %%rax\n\t"
                 "jmpq *%%rax\n"
                 "1:\tpopq %%rbp\n\t"
                 "addq $128, %%rsp"
                 : [from] "+D"(from), [to] "+S"(to)
                 :
                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                   "memory", "cc");
}

alignas(64) std::array<std::byte, std::size_t{256} * 1024> stack;
void* here;  // where main switched away
void* there; // and where the other did

// Makes `there` the beginning of a function that never returns.
void prepare(void (*begin)()) {
    auto* const top = reinterpret_cast<std::uintptr_t*>(stack.data() + stack.size());
    // A function begins with a stack that is 8 bytes off 16: as if it had been called.
    top[-2] = reinterpret_cast<std::uintptr_t>(begin);
    there = top - 2;
}

[[noreturn]] void yields() {
    for (;;)
        switch_stack(&there, here);
}

[[noreturn]] void recurses() {
    bench::keep(bench::deep(bench::depth));
    yields();
}

double yield_1p() {
    prepare(yields);
    return bench::measure([](long n) {
               for (long i = 0; i < n; ++i)
                   switch_stack(&here, there);
           }) /
           2;
}

double start_each(void (*begin)()) {
    return bench::measure([begin](long n) {
        for (long i = 0; i < n; ++i) {
            prepare(begin);
            switch_stack(&here, there);
        }
    });
}

double spawn_join_1p() {
    return start_each(yields);
}

double deep_1000() {
    return start_each(recurses);
}

void leaves(unsigned threads) {
    constexpr unsigned all = 1U << bench::tree_depth;
    std::vector<std::thread> running;
    running.reserve(threads);
    for (unsigned t = 0; t < threads; ++t) {
        running.emplace_back([=] {
            for (unsigned i = t; i < all; i += threads)
                bench::leaf();
        });
    }
    for (std::thread& t : running)
        t.join();
}

double speedup() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    leaves(cores);
    const double alone = bench::once([] { leaves(1); });
    return alone / bench::once([cores] { leaves(cores); });
}

struct row {
    std::string_view name;
    double (*run)();
};

constexpr row rows[] = {
    {"yield_1p", yield_1p},
    {"spawn_join_1p", spawn_join_1p},
    {"deep_1000", deep_1000},
    {"speedup", speedup},
};

} // namespace

int main(int argc, char** argv) {
    for (const row& r : rows) {
        if (argc == 2 && r.name == argv[1]) {
            std::printf("%.6g\n", r.run());
            return 0;
        }
    }
    return bench::no_such_row;
}
