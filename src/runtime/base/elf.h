// The program's own ELF image, read from its own memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <linux/elf.h>

namespace runtime {

struct elf_image {
    uintptr_t bias;           // what must be added to an address in the file
    const Elf64_Dyn* dynamic; // null in a static program at a fixed address
    const Elf64_Phdr* tls;    // PT_TLS, or null
    const Elf64_Phdr* relro;  // PT_GNU_RELRO, or null
    bool has_interpreter;     // PT_INTERP: the program was linked dynamically
};

// ehdr: where the image's ELF header is in memory.
elf_image read_image(const Elf64_Ehdr* ehdr);
// The running program's.
elf_image own_image();

// What a dynamic section says about relocations; sizes in bytes.
struct relocation_tables {
    const Elf64_Rela* rela;
    size_t rela_size;
    const uint64_t* relr;
    size_t relr_size;
    const Elf64_Rela* plt;
    size_t plt_size;
};

relocation_tables read_relocations(const elf_image& image);

// Adds bias to every pointer that the linker could not know (RELATIVE, RELR). False at a relocation
// that is neither this nor IRELATIVE: the program wants a dynamic linker.
bool apply_relative(const relocation_tables& tables, uintptr_t bias);
// Stores what each IRELATIVE resolver returns.
void apply_irelative(const Elf64_Rela* begin, const Elf64_Rela* end, uintptr_t bias);

} // namespace runtime
