// What the kernel told the program when it started it. Written by args and osinit, read-only
// afterwards.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime::os {

// An entry of the auxiliary vector.
struct auxv_entry {
    uint64_t type;
    uint64_t value;
};

struct process_info {
    int argc;
    char** argv;             // argc strings and a null pointer
    char** envp;             // NAME=VALUE strings and a null pointer
    const auxv_entry* auxv;  // ends with an entry of type 0
    const uint8_t* random;   // 16 random bytes, or null
    const void* vdso;        // the vDSO's ELF header, or null
    const char* executable;  // the path given to execve, or null
    size_t page_size;        // bytes
    size_t min_signal_stack; // bytes that the kernel needs for a signal frame
    uint32_t cpus;           // processors in the affinity mask, at least 1
    bool secure;             // AT_SECURE: the environment is not to be trusted
};

extern process_info process;

// The huge page that a page table's second level maps. Fixed by the architecture, so nothing is
// read from /sys for it; whether the kernel uses huge pages is another question.
inline constexpr size_t huge_page_size = 2 * 1024 * 1024;

// The auxiliary vector, which lies behind the environment.
const auxv_entry* find_auxv(char** envp);

// The value of the first entry of this type, or fallback.
uint64_t auxval(const auxv_entry* auxv, uint64_t type, uint64_t fallback);

// The value of an environment variable, or null. Not under the runtime's control: the strings are
// the program's, and a program that changes them changes the answer.
const char* find_env(char** envp, const char* name, size_t name_size);

} // namespace runtime::os
