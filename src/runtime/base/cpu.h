// What this processor can do.
//
// CPUID is not an ordinary instruction: under a hypervisor each one is an exit to it. Measured on a
// virtual machine (KVM, Zen 4): 3.6 us warm and 5 to 12 us in a process that has just started,
// where a whole bare program, exec to exit, takes 90 to 100 us. One CPUID at boot is 10 % of such a
// program, so none is executed there. The answers come when they start to pay: the memory functions
// work with SSE2, which every x86-64 has, until they have moved `cpu_patience` bytes in calls that
// wider vectors would make faster, and run cpuinit then.
//
// State: `cpu` is all zeroes until cpuinit has run. Any thread may run it, at any time, as often as
// it likes: every run writes the same values, atomically field by field, and `known` last. Who
// reads it as true with cpu_known may read all the rest; who only looks at one flag uses cpu_flag.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime {

struct cpu_features {
    bool known;
    // 256-bit vectors: the instructions are there and the kernel saves the registers.
    bool avx2;
    // The same for AVX-512 F, BW and VL, with 512-bit vectors and masks; and BMI2.
    bool avx512;
    // Whether copying and filling long ranges with `rep movsb` and `rep stosb` beats a vector loop.
    bool rep_movsb;
    bool rep_stosb;
    bool erms;
    bool fsrm;
    // The instructions exist. Whether the kernel lets a program use them is bit 1 of AT_HWCAP2.
    bool fsgsbase;
    uint8_t model;
    uint16_t family;
    uint32_t max_leaf;
    // "GenuineIntel", "AuthenticAMD": the twelve characters in the order ebx, edx, ecx of leaf 0.
    uint32_t vendor[3];
};

[[gnu::visibility("hidden")]] extern cpu_features cpu;

inline bool cpu_flag(const bool& field) {
    return __atomic_load_n(&field, __ATOMIC_RELAXED);
}
inline bool cpu_known() {
    return __atomic_load_n(&cpu.known, __ATOMIC_ACQUIRE);
}

// Fills cpu: leaves 0, 1 and 7, and XGETBV, which does not leave the virtual machine. Needs no TLS
// and a hundred bytes of stack; async-signal-safe.
void cpuinit() asm("runtime.cpuinit");

// Bytes that go through the SSE2 paths before the processor is asked. Far more than a small program
// moves; for a large one, the time that wider vectors would have saved on them is about the price
// of asking.
inline constexpr size_t cpu_patience = size_t{256} << 10;

// The memory functions report here, while cpu is not known, that a call handles `size` bytes that
// wider vectors would handle faster. Runs cpuinit once they are enough. True: cpu is known now.
bool cpu_worth_knowing(size_t size);

// The rest, which nothing needs often enough to keep. Each call executes CPUID, one to three times.
// Bytes that XSAVE writes for the states that the kernel has enabled; 0 where there is no XSAVE.
uint32_t cpu_xsave_size();
// What XSAVE must be asked for to keep all of the vector registers that may hold a function's
// arguments (zmm0 to zmm7), as a mask of states; 0 where there are but xmm registers, which FXSAVE
// keeps, or where XSAVE would need more than room bytes, with *fits false then.
uint32_t cpu_xsave_arguments(size_t room, bool* fits);
bool cpu_has_rdtscp();
// The time stamp counter runs at one rate, whatever the core's frequency and sleep.
bool cpu_has_invariant_tsc();

} // namespace runtime
