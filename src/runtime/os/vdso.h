// The vDSO: a small shared object that the kernel maps into every process, whose functions answer
// without a system call.
#pragma once

#include <cstdint>

#include "os/os.h"

namespace runtime::os {

// The address of a function in the ELF image at ehdr, found as a dynamic linker finds it: through
// the hash table (DT_GNU_HASH, or DT_HASH where there is no other), and only under the given symbol
// version. Null where the image has no such function or is not what it should be.
const void* vdso_lookup(const void* ehdr, const char* name, const char* version);

// Calls a function of the vDSO where there is stack enough for it, on g0's. (arch/amd64/switch.S)
int vdso_call(int (*function)(int clock, timespec* time), int clock,
              timespec* time) asm("runtime.vdso_call");

inline constexpr int clock_monotonic = 1;

// The time in nanoseconds: through the vDSO where there is one. clock is a CLOCK_ constant of the
// kernel. 0, or a negated errno.
int fast_clock_gettime(int clock, timespec* time);

// Looks clock_gettime up. args calls it, in a program that reads clocks; in any other it is not
// there.
[[gnu::weak]] void vdso_init(const void* ehdr);

} // namespace runtime::os
