#include "abi/errno.h"

#include "sched/sched.h"

extern "C" {

// errno of <cerrno>: a variable a goroutine. The runtime's own functions return their errors.
int* __errno_location() noexcept {
    return &getg()->errno_value;
}

} // extern "C"
