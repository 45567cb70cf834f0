#include "os/vdso.h"

#include <cstddef>
#include <linux/elf.h>

namespace runtime::os {

namespace {

// Constants and structures of symbol versioning and of the GNU hash table, which linux/elf.h leaves
// out.
constexpr int64_t dt_gnu_hash = 0x6ffffef5;
constexpr int64_t dt_versym = 0x6ffffff0;
constexpr int64_t dt_verdef = 0x6ffffffc;
constexpr uint16_t version_is_base = 1;
constexpr uint16_t version_mask = 0x7fff; // the top bit marks a hidden symbol

struct verdef {
    uint16_t vd_version;
    uint16_t vd_flags;
    uint16_t vd_ndx;
    uint16_t vd_cnt;
    uint32_t vd_hash;
    uint32_t vd_aux;
    uint32_t vd_next;
};

struct verdaux {
    uint32_t vda_name;
    uint32_t vda_next;
};

bool same(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}

uint32_t sysv_hash(const char* name) {
    uint32_t hash = 0;
    for (; *name != '\0'; ++name) {
        hash = (hash << 4) + static_cast<uint8_t>(*name);
        const uint32_t high = hash & 0xf0000000;
        hash ^= high >> 24;
        hash &= ~high;
    }
    return hash;
}

uint32_t gnu_hash(const char* name) {
    uint32_t hash = 5381;
    for (; *name != '\0'; ++name) {
        hash = hash * 33 + static_cast<uint8_t>(*name);
    }
    return hash;
}

struct image {
    uintptr_t bias;
    const Elf64_Sym* symbols;
    const char* strings;
    const uint32_t* sysv_table; // DT_HASH
    const uint32_t* gnu_table;  // DT_GNU_HASH
    const uint16_t* versions;
    const verdef* version_definitions;

    // The number under which the symbol table knows a version name; 0 where it does not.
    [[nodiscard]] uint16_t version_index(const char* version) const {
        const uint32_t hash = sysv_hash(version);
        for (const verdef* def = version_definitions;;) {
            const auto* const address = reinterpret_cast<const unsigned char*>(def);
            const auto* const aux = reinterpret_cast<const verdaux*>(address + def->vd_aux);
            if ((def->vd_flags & version_is_base) == 0 && def->vd_hash == hash &&
                same(strings + aux->vda_name, version)) {
                return def->vd_ndx & version_mask;
            }
            if (def->vd_next == 0) {
                return 0;
            }
            def = reinterpret_cast<const verdef*>(address + def->vd_next);
        }
    }

    [[nodiscard]] const void* match(uint32_t index, const char* name, uint16_t version) const {
        const Elf64_Sym& symbol = symbols[index];
        if (ELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
            !same(strings + symbol.st_name, name) ||
            (versions != nullptr && (versions[index] & version_mask) != version)) {
            return nullptr;
        }
        return reinterpret_cast<const void*>(bias + symbol.st_value);
    }

    [[nodiscard]] const void* find_gnu(const char* name, uint16_t version) const {
        // Header: number of buckets, first symbol that is hashed, words of the Bloom filter, its
        // shift. Then the filter (64-bit words), the buckets, and a hash for each symbol, whose
        // lowest bit ends a chain.
        const uint32_t buckets = gnu_table[0];
        const uint32_t first = gnu_table[1];
        const uint32_t* const bucket = gnu_table + 4 + size_t{2} * gnu_table[2];
        const uint32_t* const chain = bucket + buckets;
        const uint32_t hash = gnu_hash(name);
        if (buckets == 0) {
            return nullptr;
        }
        uint32_t index = bucket[hash % buckets];
        if (index < first) {
            return nullptr;
        }
        for (;; ++index) {
            const uint32_t entry = chain[index - first];
            if ((entry | 1) == (hash | 1)) {
                if (const void* const found = match(index, name, version)) {
                    return found;
                }
            }
            if ((entry & 1) != 0) {
                return nullptr;
            }
        }
    }

    [[nodiscard]] const void* find_sysv(const char* name, uint16_t version) const {
        // Number of buckets, number of symbols, the buckets, and for each symbol the next of its
        // chain.
        const uint32_t buckets = sysv_table[0];
        const uint32_t* const bucket = sysv_table + 2;
        const uint32_t* const chain = bucket + buckets;
        if (buckets == 0) {
            return nullptr;
        }
        for (uint32_t index = bucket[sysv_hash(name) % buckets]; index != 0; index = chain[index]) {
            if (const void* const found = match(index, name, version)) {
                return found;
            }
        }
        return nullptr;
    }
};

} // namespace

const void* vdso_lookup(const void* ehdr, const char* name, const char* version) {
    const auto* const header = static_cast<const Elf64_Ehdr*>(ehdr);
    const auto base = reinterpret_cast<uintptr_t>(ehdr);
    if (header->e_ident[EI_MAG0] != ELFMAG0 || header->e_ident[EI_MAG1] != ELFMAG1 ||
        header->e_ident[EI_MAG2] != ELFMAG2 || header->e_ident[EI_MAG3] != ELFMAG3 ||
        header->e_ident[EI_CLASS] != ELFCLASS64) {
        return nullptr;
    }
    const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(base + header->e_phoff);
    const Elf64_Phdr* load = nullptr;
    const Elf64_Phdr* dynamic_segment = nullptr;
    for (uint16_t i = 0; i < header->e_phnum; ++i) {
        if (segments[i].p_type == PT_LOAD && load == nullptr) {
            load = &segments[i];
        } else if (segments[i].p_type == PT_DYNAMIC) {
            dynamic_segment = &segments[i];
        }
    }
    if (load == nullptr || dynamic_segment == nullptr) {
        return nullptr;
    }
    image found{};
    found.bias = base + load->p_offset - load->p_vaddr;
    const auto at = [&](const Elf64_Dyn& entry) { return found.bias + entry.d_un.d_ptr; };
    for (const auto* entry =
             reinterpret_cast<const Elf64_Dyn*>(found.bias + dynamic_segment->p_vaddr);
         entry->d_tag != DT_NULL; ++entry) {
        switch (entry->d_tag) {
        case DT_STRTAB:
            found.strings = reinterpret_cast<const char*>(at(*entry));
            break;
        case DT_SYMTAB:
            found.symbols = reinterpret_cast<const Elf64_Sym*>(at(*entry));
            break;
        case DT_HASH:
            found.sysv_table = reinterpret_cast<const uint32_t*>(at(*entry));
            break;
        case dt_gnu_hash:
            found.gnu_table = reinterpret_cast<const uint32_t*>(at(*entry));
            break;
        case dt_versym:
            found.versions = reinterpret_cast<const uint16_t*>(at(*entry));
            break;
        case dt_verdef:
            found.version_definitions = reinterpret_cast<const verdef*>(at(*entry));
            break;
        default:
            break;
        }
    }
    if (found.strings == nullptr || found.symbols == nullptr) {
        return nullptr;
    }
    uint16_t index = 0;
    if (found.versions != nullptr && found.version_definitions != nullptr) {
        index = found.version_index(version);
        if (index == 0) {
            return nullptr;
        }
    } else {
        found.versions = nullptr; // an image without versions matches by name alone
    }
    if (found.gnu_table != nullptr) {
        return found.find_gnu(name, index);
    }
    return found.sysv_table != nullptr ? found.find_sysv(name, index) : nullptr;
}

namespace {

using clock_function = int (*)(int clock, timespec* time);
constinit clock_function vdso_clock_gettime;

} // namespace

void vdso_init(const void* ehdr) {
    if (ehdr != nullptr) {
        const void* const found = vdso_lookup(ehdr, "__vdso_clock_gettime", "LINUX_2.6");
        vdso_clock_gettime = reinterpret_cast<clock_function>(reinterpret_cast<uintptr_t>(found));
    }
}

int fast_clock_gettime(int clock, timespec* time) {
    // The vDSO passes on to the kernel what it cannot answer itself.
    return vdso_clock_gettime != nullptr ? vdso_call(vdso_clock_gettime, clock, time)
                                         : clock_gettime(clock, time);
}

} // namespace runtime::os
