// The C names for ending a program.
#include "boot/exit.h"
#include "base/if_linked.h"
#include "os/os.h"

extern "C" {

// One program, one shared object: the handle that compilers pass to __cxa_atexit.
[[gnu::visibility("hidden")]] void* __dso_handle = nullptr;

void exit(int status) {
    runtime::exit(status);
}

void _Exit(int status) {
    runtime::os::exit_group(status);
}

void _exit(int status) {
    runtime::os::exit_group(status);
}

void quick_exit(int status) {
    if (auto* const run = runtime::if_linked(runtime::run_quick_exit_handlers)) {
        run();
    }
    runtime::os::exit_group(status);
}

// Ends the program by SIGABRT: first through a handler if the program has one, then, if that
// returns or the signal is blocked or ignored, by the default action.
void abort() {
    constexpr int sigabrt = 6;
    // What these answer is no matter: the last line ends the program in any case.
    (void)runtime::os::raise(sigabrt);
    (void)runtime::os::default_signal(sigabrt);
    (void)runtime::os::raise(sigabrt);
    runtime::os::exit_group(127);
}

} // extern "C"
