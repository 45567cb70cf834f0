#include "base/cpu.h"

#include <cpuid.h>
#include <initializer_list>

namespace runtime {

namespace {

struct registers {
    uint32_t a, b, c, d;
};

// All zero where the processor has no such leaf.
registers query(uint32_t leaf, uint32_t part = 0) {
    registers r{};
    __cpuid(leaf & 0x80000000U, r.a, r.b, r.c, r.d);
    if (r.a < leaf)
        return {};
    __cpuid_count(leaf, part, r.a, r.b, r.c, r.d);
    return r;
}

} // namespace

uint32_t cpu_xsave_size() {
    const bool osxsave = ((query(1).c >> 27) & 1) != 0;
    return osxsave ? query(0xd).b : 0;
}

uint32_t cpu_xsave_arguments(size_t room, bool* fits) {
    constexpr uint32_t sse = 1;       // the numbers of the states,
    constexpr uint32_t ymm = 2;       // upper halves of ymm0 to ymm15
    constexpr uint32_t zmm_upper = 6; // upper halves of zmm0 to zmm15
    constexpr uint32_t leaf = 0xd;
    *fits = true;
    const uint32_t enabled = cpu_xsave_size() != 0 ? query(leaf).a : 0;
    uint32_t mask = 0;
    for (const uint32_t state : {ymm, zmm_upper}) {
        if (((enabled >> state) & 1) != 0) {
            const registers place = query(leaf, state); // a: its size; b: where it begins
            *fits = *fits && place.a + place.b <= room;
            mask |= 1U << state;
        }
    }
    return mask != 0 ? mask | 1U << sse : 0;
}

bool cpu_has_rdtscp() {
    return ((query(0x80000001U).d >> 27) & 1) != 0;
}

bool cpu_has_invariant_tsc() {
    return ((query(0x80000007U).d >> 8) & 1) != 0;
}

} // namespace runtime
