// A program that goes through mcall, gogo and goexit in every way there is: goroutines that begin,
// give way, park, are made ready and return.
#include "../programs/src/go.h"
#include "os/vdso.h"

namespace {

runtime::g* parked = nullptr;
runtime::g* main_goroutine = nullptr;
bool done = false;

// A place to stop at.
[[gnu::noinline]] void in_second_goroutine() {
    asm volatile("" : : : "memory");
}

void parks(runtime::funcval* /*self*/) {
    parked = getg();
    runtime::park(nullptr, nullptr, runtime::wait_reason::none);
    in_second_goroutine();
    done = true;
}

[[gnu::noinline]] void give_way() {
    for (int i = 0; i < 5; ++i) {
        runtime::gosched();
    }
}

void wakes(runtime::funcval* /*self*/) {
    runtime::ready(parked);
}

// The vDSO's own has no name that gdb knows.
__attribute__((no_split_stack)) int in_the_vdso(int clock, runtime::os::timespec* time);
int in_the_vdso(int clock, runtime::os::timespec* time) {
    time->seconds = clock;
    return 0;
}

} // namespace

int main() {
    runtime::funcval first{parks};
    link_goroutines();
    runtime::newproc(&first);
    while (parked == nullptr) {
        runtime::gosched();
    }
    runtime::funcval second{wakes};
    runtime::newproc(&second);
    while (!done) {
        runtime::gosched();
    }
    // Main and another give way to each other.
    runtime::funcval yields{[](runtime::funcval* /*self*/) { give_way(); }};
    runtime::newproc(&yields);
    give_way();
    // Parks main, and the other wakes it.
    main_goroutine = getg();
    runtime::funcval third{[](runtime::funcval* /*self*/) { runtime::ready(main_goroutine); }};
    runtime::newproc(&third);
    runtime::park(nullptr, nullptr, runtime::wait_reason::none);
    // On g0's stack.
    runtime::os::timespec time{};
    (void)runtime::os::vdso_call(in_the_vdso, 1, &time);
}
