#include "abi/errno.h"

#include "arch/amd64/tcb.h"

extern "C" {

// errno of <cerrno>: a variable a thread. The runtime's own functions return their errors.
int* __errno_location() {
    return &runtime::get_tcb()->errno_value;
}

} // extern "C"
