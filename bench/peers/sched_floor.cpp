// The floor of the scheduler benchmark: two stacks and nothing that chooses between them. For the
// speed-up, one thread per core with an equal share of the leaves, which is what the machine has.

#include <cstdio>

#include "floors.h"
#include "rows.h"

namespace {

using floors::cores;
using floors::here;
using floors::prepare;
using floors::switch_stack;
using floors::there;
using floors::together;

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
    together(threads, [threads](unsigned thread) {
        for (unsigned i = thread; i < all; i += threads)
            bench::leaf();
    });
}

double speedup() {
    leaves(cores());
    const double alone = bench::once([] { leaves(1); });
    return alone / bench::once([] { leaves(cores()); });
}

constexpr bench::row rows[] = {
    {"yield_1p", yield_1p},
    {"spawn_join_1p", spawn_join_1p},
    {"deep_1000", deep_1000},
    {"speedup", speedup},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { std::printf("%.6g\n", number); });
}
