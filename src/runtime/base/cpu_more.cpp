#include "base/cpu.h"

#include <cpuid.h>

namespace runtime {

namespace {

struct registers {
    uint32_t a, b, c, d;
};

// All zero where the processor has no such leaf.
registers query(uint32_t leaf) {
    registers r{};
    __cpuid(leaf & 0x80000000U, r.a, r.b, r.c, r.d);
    if (r.a < leaf)
        return {};
    __cpuid_count(leaf, 0, r.a, r.b, r.c, r.d);
    return r;
}

} // namespace

uint32_t cpu_xsave_size() {
    const bool osxsave = ((query(1).c >> 27) & 1) != 0;
    return osxsave ? query(0xd).b : 0;
}

bool cpu_has_rdtscp() {
    return ((query(0x80000001U).d >> 27) & 1) != 0;
}

bool cpu_has_invariant_tsc() {
    return ((query(0x80000007U).d >> 8) & 1) != 0;
}

} // namespace runtime
