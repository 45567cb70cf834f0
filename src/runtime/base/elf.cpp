// Runs before the program is relocated: no pointer here may come out of initialised data, only out
// of rip-relative addresses and arguments. The compiler keeps to that for hidden symbols and
// functions without jump tables; the static-PIE tests would crash at once.
#include "base/elf.h"

namespace runtime {

namespace {

// What linux/elf.h leaves out.
constexpr uint32_t r_x86_64_none = 0;
constexpr uint32_t r_x86_64_relative = 8;
constexpr uint32_t r_x86_64_irelative = 37;
constexpr int64_t dt_relrsz = 35;
constexpr int64_t dt_relr = 36;

} // namespace

// The linker's symbol for the start of the image.
extern "C" [[gnu::visibility("hidden")]] const Elf64_Ehdr __ehdr_start;

elf_image own_image() {
    return read_image(&__ehdr_start);
}

elf_image read_image(const Elf64_Ehdr* ehdr) {
    elf_image image{};
    const auto base = reinterpret_cast<uintptr_t>(ehdr);
    const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(base + ehdr->e_phoff);
    const Elf64_Phdr* dynamic = nullptr;
    for (uint16_t i = 0; i < ehdr->e_phnum; ++i) {
        const Elf64_Phdr& segment = segments[i];
        // Compared one by one: a switch could become a table of addresses.
        if (segment.p_type == PT_LOAD) {
            if (segment.p_offset == 0) {
                image.bias = base - segment.p_vaddr;
            }
        } else if (segment.p_type == PT_DYNAMIC) {
            dynamic = &segment;
        } else if (segment.p_type == PT_TLS) {
            image.tls = &segment;
        } else if (segment.p_type == PT_GNU_RELRO) {
            image.relro = &segment;
        } else if (segment.p_type == PT_INTERP) {
            image.has_interpreter = true;
        }
    }
    if (dynamic != nullptr) {
        image.dynamic = reinterpret_cast<const Elf64_Dyn*>(image.bias + dynamic->p_vaddr);
    }
    return image;
}

relocation_tables read_relocations(const elf_image& image) {
    relocation_tables tables{};
    if (image.dynamic == nullptr) {
        return tables;
    }
    for (const Elf64_Dyn* entry = image.dynamic; entry->d_tag != DT_NULL; ++entry) {
        const uintptr_t value = entry->d_un.d_ptr;
        if (entry->d_tag == DT_RELA) {
            tables.rela = reinterpret_cast<const Elf64_Rela*>(image.bias + value);
        } else if (entry->d_tag == DT_RELASZ) {
            tables.rela_size = value;
        } else if (entry->d_tag == dt_relr) {
            tables.relr = reinterpret_cast<const uint64_t*>(image.bias + value);
        } else if (entry->d_tag == dt_relrsz) {
            tables.relr_size = value;
        } else if (entry->d_tag == DT_JMPREL) {
            tables.plt = reinterpret_cast<const Elf64_Rela*>(image.bias + value);
        } else if (entry->d_tag == DT_PLTRELSZ) {
            tables.plt_size = value;
        }
    }
    return tables;
}

bool apply_relative(const relocation_tables& tables, uintptr_t bias) {
    const Elf64_Rela* const end = tables.rela + tables.rela_size / sizeof(Elf64_Rela);
    for (const Elf64_Rela* rela = tables.rela; rela != end; ++rela) {
        const uint32_t type = ELF64_R_TYPE(rela->r_info);
        if (type == r_x86_64_relative) {
            *reinterpret_cast<uint64_t*>(bias + rela->r_offset) =
                bias + static_cast<uint64_t>(rela->r_addend);
        } else if (type != r_x86_64_irelative && type != r_x86_64_none) {
            return false;
        }
    }
    // RELR: an even entry is the address of a word to relocate; an odd one is a bitmap of the 63
    // words that follow the last address or bitmap.
    auto* where = reinterpret_cast<uint64_t*>(bias);
    for (size_t i = 0; i < tables.relr_size / sizeof(uint64_t); ++i) {
        uint64_t entry = tables.relr[i];
        if ((entry & 1) == 0) {
            where = reinterpret_cast<uint64_t*>(bias + entry);
            *where++ += bias;
            continue;
        }
        for (uint64_t* word = where; (entry >>= 1) != 0; ++word) {
            if ((entry & 1) != 0) {
                *word += bias;
            }
        }
        where += 63;
    }
    return true;
}

void apply_irelative(const Elf64_Rela* begin, const Elf64_Rela* end, uintptr_t bias) {
    for (const Elf64_Rela* rela = begin; rela != end; ++rela) {
        if (ELF64_R_TYPE(rela->r_info) == r_x86_64_irelative) {
            const auto resolve =
                reinterpret_cast<uint64_t (*)()>(bias + static_cast<uint64_t>(rela->r_addend));
            *reinterpret_cast<uint64_t*>(bias + rela->r_offset) = resolve();
        }
    }
}

} // namespace runtime
