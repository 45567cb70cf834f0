#include "base/cpu.h"

#include <cpuid.h>

namespace runtime {

constinit cpu_features cpu{};

namespace {

// States in XCR0: SSE and AVX; those and the three of AVX-512.
constexpr uint32_t xcr0_avx = 0x6;
constexpr uint32_t xcr0_avx512 = 0xe6;

constexpr uint32_t signature_intel_ebx = 0x756e6547; // "Genu"

constinit size_t patience_used = 0;

// Only where OSXSAVE is set.
uint32_t read_xcr0() {
    uint32_t low;
    uint32_t high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

template <class T>
void set(T& field, T value) {
    __atomic_store_n(&field, value, __ATOMIC_RELAXED);
}

bool bit(uint32_t word, int index) {
    return ((word >> index) & 1) != 0;
}

} // namespace

void cpuinit() {
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
    __cpuid(0, a, b, c, d);
    const uint32_t max_leaf = a;
    const bool intel = b == signature_intel_ebx;
    set(cpu.max_leaf, max_leaf);
    set(cpu.vendor[0], b);
    set(cpu.vendor[1], d);
    set(cpu.vendor[2], c);

    __cpuid(1, a, b, c, d);
    uint32_t family = (a >> 8) & 0xf;
    uint32_t model = (a >> 4) & 0xf;
    if (family == 0xf || family == 6)
        model |= (a >> 12) & 0xf0;
    if (family == 0xf)
        family += (a >> 20) & 0xff;
    set(cpu.family, static_cast<uint16_t>(family));
    set(cpu.model, static_cast<uint8_t>(model));
    const uint32_t states = bit(c, 27) ? read_xcr0() : 0;

    if (max_leaf >= 7) {
        __cpuid_count(7, 0, a, b, c, d);
        const bool avx2 = (states & xcr0_avx) == xcr0_avx && bit(b, 5);
        const bool avx512 = (states & xcr0_avx512) == xcr0_avx512 && bit(b, 8) && bit(b, 16) &&
                            bit(b, 30) && bit(b, 31);
        const bool erms = bit(b, 9);
        set(cpu.avx2, avx2);
        set(cpu.avx512, avx512);
        set(cpu.erms, erms);
        set(cpu.fsrm, bit(d, 4));
        set(cpu.fsgsbase, bit(b, 0));
        // AMD's `rep movsb` never beats 256-bit loads and stores (Zen 4: equal where source and
        // destination are aligned alike, up to three times slower where they are not).
        set(cpu.rep_movsb, erms && (intel || !avx2));
        set(cpu.rep_stosb, erms);
    }
    __atomic_store_n(&cpu.known, true, __ATOMIC_RELEASE);
}

bool cpu_worth_knowing(size_t size) {
    // An update that another thread's overwrites is lost: the question is asked a little later.
    const size_t used = __atomic_load_n(&patience_used, __ATOMIC_RELAXED) + size;
    set(patience_used, used);
    if (used < cpu_patience)
        return false;
    cpuinit();
    return true;
}

} // namespace runtime
