// Functions that are chosen when the program starts (IRELATIVE relocations). Compiled with
// -fstack-protector-all: a resolver runs before main, and needs its canary.
#include <cstdint>

#include <rt0/print.h>

namespace {

// .bss, written before the constructors run.
bool resolved;
bool stack_aligned;

int the_answer() {
    return 42;
}

} // namespace

extern "C" {

using answer_function = int();

[[gnu::used]] static answer_function* resolve_answer() {
    volatile char room[64];
    room[0] = 1;
    resolved = room[0] != 0;
    // Where rbp points: rsp at the first instruction, less 8.
    stack_aligned = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16 == 0;
    return the_answer;
}

int answer() __attribute__((ifunc("resolve_answer")));

__attribute__((target_clones("avx2", "default"))) int sum(const int* numbers, int count) {
    int total = 0;
    for (int i = 0; i < count; ++i) {
        total += numbers[i];
    }
    return total;
}
}

namespace {
// A pointer to an indirect function, in initialised data.
int (*volatile pointer)() = answer;
int from_constructor;
[[gnu::constructor]] void before_main() {
    from_constructor = answer();
}
} // namespace

int main() {
    int numbers[100];
    for (int i = 0; i < 100; ++i) {
        numbers[i] = i;
    }
    rt0::println("{} {} {} {} {} {}", resolved, stack_aligned, answer(), pointer(),
                 from_constructor, sum(numbers, 100));
}
