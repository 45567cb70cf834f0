// runtime.main: goroutine 1.
#include "base/boot_step.h"
#include "base/if_linked.h"
#include "base/knobs.h"
#include "boot/boot.h"
#include "boot/exit.h"
#include "os/process.h"
#include "sched/sched.h"

// libstdc++.a must find these of ours defined before it looks for them, or it takes its own:
// std::terminate's handler (abi/cxa.cpp) and the memory for exceptions (abi/exception.cpp). This
// pulls them out of our archive, in time; it is no code, and the linker drops what nobody calls.
asm(".reloc ., R_X86_64_NONE, _ZN10__cxxabiv119__terminate_handlerE\n"
    ".reloc ., R_X86_64_NONE, __cxa_free_exception");

namespace runtime {

extern "C" {
// The program's main, under the C++ name that may be called. It gets all three arguments, whatever
// it declares: the ABI lets a function ignore what it was passed.
int user_main(int argc, char** argv, char** envp) asm("main");

using init_function = void (*)(int argc, char** argv, char** envp);
[[gnu::visibility("hidden")]] extern const init_function __preinit_array_start[];
[[gnu::visibility("hidden")]] extern const init_function __preinit_array_end[];
[[gnu::visibility("hidden")]] extern const init_function __init_array_start[];
[[gnu::visibility("hidden")]] extern const init_function __init_array_end[];
}

void main_goroutine() {
    boot_step = nullptr;
    const int argc = os::process.argc;
    char** const argv = os::process.argv;
    char** const envp = os::process.envp;
    if (knobs.schedtrace != 0) {
        // sysmon prints; a program without goroutines has none, and nothing to print.
        if (auto* const start = if_linked(start_threads)) {
            start();
        }
    }
    // On goroutine 1, so that a constructor may do all that main may.
    for (const init_function* init = __preinit_array_start; init != __preinit_array_end; ++init) {
        (*init)(argc, argv, envp);
    }
    for (const init_function* init = __init_array_start; init != __init_array_end; ++init) {
        (*init)(argc, argv, envp);
    }
    exit(user_main(argc, argv, envp));
}

} // namespace runtime
