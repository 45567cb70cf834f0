#include "base/fatal.h"

extern "C" {

// Code compiled with -fstack-protector calls it when the canary beside a return address is gone.
[[noreturn]] void __stack_chk_fail() {
    runtime::fatal("stack smashing detected");
}

} // extern "C"
