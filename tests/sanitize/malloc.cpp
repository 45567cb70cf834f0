#include "tests/unit/renamed_malloc.h"

#undef __errno_location

extern "C" int* rt0_errno_location();
int* rt0_errno_location() {
    return &errno;
}
