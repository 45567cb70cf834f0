// GCC's nested functions: the static chain arrives with __morestack between.
extern int asking; // calls.h's

__attribute__((always_inline)) static inline void ask(void) {
    if (asking) {
        ++asking;
        // STACK_PREEMPT
        __asm__ volatile("movq %0, %%fs:0x70" : : "r"(0x7ffffade00000000) : "memory");
    }
}

int outer_of_nested(int n) {
    int sum = 0;
    __attribute__((noinline)) int inner(int depth) {
        volatile char room[40];
        room[0] = (char)depth;
        sum += depth + n;
        ask();
        return depth == 0 ? room[0] : inner(depth - 1) + room[0];
    }
    const int below = inner(5);
    return sum + below + n; // 15 + 6 n + 15 + n
}
