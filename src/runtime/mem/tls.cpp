// Static TLS for the first thread (the ELF TLS ABI's variant II).
//
//        block                                           tcb = FS
//          │ .tdata (copied) │ .tbss (zeroes) │ padding? │ tcb ...
//
// The linker has fixed each thread_local at a negative distance from FS, counted from the end of
// the segment rounded up to its alignment, so FS must be aligned as the segment asks.
#include <linux/auxvec.h>

#include <cstring>

#include "arch/amd64/tcb.h"
#include "base/boot_step.h"
#include "base/elf.h"
#include "base/fatal.h"
#include "mem/tls.h"
#include "os/os.h"
#include "os/process.h"

namespace runtime {

namespace {

// AT_HWCAP2's bit for FSGSBASE: the kernel lets programs write FS themselves.
constexpr uint64_t hwcap2_fsgsbase = 2;

uintptr_t make_canary(const os::auxv_entry* auxv) {
    uintptr_t canary = 0;
    const auto* const random =
        reinterpret_cast<const unsigned char*>(os::auxval(auxv, AT_RANDOM, 0));
    if (random != nullptr) {
        __builtin_memcpy(&canary, random, sizeof canary); // a load
    } else if (os::getrandom(&canary, sizeof canary) != sizeof canary) {
        // Neither the loader nor the kernel gives randomness. The clock and the place of the stack
        // are what is left, and better than a constant.
        canary = __builtin_ia32_rdtsc() * 0x9e3779b97f4a7c15 ^ reinterpret_cast<uintptr_t>(auxv);
    }
    // A zero byte in front stops a string function that would read the canary out.
    return canary & ~uintptr_t{0xff};
}

void set_fs(tcb* block, const os::auxv_entry* auxv) {
    if ((os::auxval(auxv, AT_HWCAP2, 0) & hwcap2_fsgsbase) != 0) {
        asm volatile("wrfsbase %0" : : "r"(block) : "memory");
        return;
    }
    const int error = os::set_fs_base(block);
    if (error != 0) {
        fatal_errno("cannot set the base of FS (arch_prctl)", error,
                    "allow arch_prctl in the seccomp filter");
    }
}

// How far below FS the segment begins: its size, rounded up so that an aligned FS gives an address
// that is congruent to p_vaddr.
uintptr_t distance_below_fs(const Elf64_Phdr* segment, uintptr_t align) {
    return segment->p_memsz + ((0 - segment->p_memsz - segment->p_vaddr) & (align - 1));
}

uintptr_t alignment(const Elf64_Phdr* segment) {
    return segment->p_align > 1 ? segment->p_align : 1;
}

// The first place for a control block in memory that leaves room for the thread-locals below.
tcb* place(uintptr_t memory, uintptr_t distance, uintptr_t align) {
    const uintptr_t strictest = align > alignof(tcb) ? align : alignof(tcb);
    return reinterpret_cast<tcb*>((memory + distance + strictest - 1) & ~(strictest - 1));
}

void copy_initial_values(tcb* block, const Elf64_Phdr* segment, uintptr_t distance) {
    const auto* const from =
        reinterpret_cast<const unsigned char*>(own_image().bias + segment->p_vaddr);
    auto* const to = reinterpret_cast<unsigned char*>(block) - distance;
    for (size_t i = 0; i < segment->p_filesz; ++i) {
        to[i] = from[i];
    }
}

} // namespace

tcb* settls(char** envp) {
    boot_step = "runtime.settls";
    const os::auxv_entry* const auxv = os::find_auxv(envp);
    const Elf64_Phdr* const segment = own_image().tls;
    tcb* block = &first_tls.control;
    if (segment != nullptr) {
        const uintptr_t align = alignment(segment);
        const uintptr_t distance = distance_below_fs(segment, align);
        if (distance > sizeof first_tls.tls || align > alignof(tls_block)) {
            int error = 0;
            void* const mapped = os::map(distance + align + sizeof(tcb), &error);
            if (mapped == nullptr) {
                set_fs(&first_tls.control, auxv);
                fatal_errno("cannot map the thread-local storage", error,
                            "raise RLIMIT_AS (ulimit -v)");
            }
            block = place(reinterpret_cast<uintptr_t>(mapped), distance, align);
        }
        copy_initial_values(block, segment, distance);
    }
    block->self = block;
    block->canary = make_canary(auxv);
    set_fs(block, auxv);
    return block;
}

void settls_for_fatal(char** envp) {
    set_fs(&first_tls.control, os::find_auxv(envp));
}

size_t thread_tls_size() {
    const Elf64_Phdr* const segment = own_image().tls;
    if (segment == nullptr) {
        return sizeof(tcb) + alignof(tcb);
    }
    const uintptr_t align = alignment(segment);
    return distance_below_fs(segment, align) + align + alignof(tcb) + sizeof(tcb);
}

tcb* make_thread_tls(void* memory, g* current) {
    const Elf64_Phdr* const segment = own_image().tls;
    const uintptr_t align = segment != nullptr ? alignment(segment) : 1;
    const uintptr_t distance = segment != nullptr ? distance_below_fs(segment, align) : 0;
    tcb* const block = place(reinterpret_cast<uintptr_t>(memory), distance, align);
    if (segment != nullptr) {
        std::memset(reinterpret_cast<char*>(block) - distance, 0, distance);
        copy_initial_values(block, segment, distance);
    }
    block->self = block;
    block->canary = get_tcb()->canary;
    block->current = current;
    block->p = nullptr;
    block->blocks = nullptr;
    block->slots = nullptr;
    atomic_ref<uintptr_t>(block->stack_guard).store(0, std::memory_order_relaxed);
    block->nopreempt = 1;
    return block;
}

} // namespace runtime
