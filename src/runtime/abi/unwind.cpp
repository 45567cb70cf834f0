// What libgcc's unwinder asks a C library for: where the program's unwind tables are. Both ways:
// newer libgcc call _dl_find_object, older ones, and those built for another C library,
// dl_iterate_phdr.
#include <cstddef>
#include <cstdint>

#include "base/elf.h"
#include "base/fatal.h"
#include "base/if_linked.h"

namespace runtime {

namespace {

extern "C" [[gnu::visibility("hidden")]] const Elf64_Ehdr __ehdr_start;
extern "C" [[gnu::visibility("hidden")]] const char _end;

// librt0-exceptions.a's.
extern "C" [[gnu::weak]] void unwind_segment() asm("runtime.unwind_segment");

// Without that archive there are no tables or no room for the unwinder, and it knows nothing of
// stacks that grow. Code that was compiled with -fexceptions can be linked all the same.
void check_exceptions_are_linked() {
    if (if_linked(&unwind_segment) == nullptr) {
        fatal("an exception was thrown in a program that was linked without exceptions: link with "
              "rt0::exceptions or rt0-c++ -fexceptions");
    }
}

const Elf64_Phdr* segments() {
    return reinterpret_cast<const Elf64_Phdr*>(reinterpret_cast<const char*>(&__ehdr_start) +
                                               __ehdr_start.e_phoff);
}

// glibc's structures, <dlfcn.h> and <link.h>.
struct find_object_result {
    uint64_t flags;
    const void* map_start;
    const void* map_end;
    void* link_map;
    const void* eh_frame;
    uint64_t reserved[7];
};

struct phdr_info {
    uintptr_t address;
    const char* name;
    const Elf64_Phdr* phdr;
    uint16_t phnum;
    uint64_t adds;
    uint64_t subs;
    size_t tls_module;
    void* tls_data;
};

} // namespace

extern "C" {

// 0 and the result for an address in the program; -1 for any other, and in a program that was
// linked without --eh-frame-hdr.
int _dl_find_object(const void* address, find_object_result* result) {
    check_exceptions_are_linked();
    if (address < &__ehdr_start || address >= &_end) {
        return -1;
    }
    const uintptr_t bias = own_image().bias;
    for (uint16_t i = 0; i < __ehdr_start.e_phnum; ++i) {
        const Elf64_Phdr& segment = segments()[i];
        if (segment.p_type == PT_GNU_EH_FRAME) {
            *result = {};
            result->map_start = &__ehdr_start;
            result->map_end = &_end;
            result->eh_frame = reinterpret_cast<const void*>(bias + segment.p_vaddr);
            return 0;
        }
    }
    return -1;
}

// Calls callback once, for the program, which is the only object, and returns what it returns.
int dl_iterate_phdr(int (*callback)(phdr_info* info, size_t size, void* data), void* data) {
    check_exceptions_are_linked();
    phdr_info info{};
    info.address = own_image().bias;
    info.name = "";
    info.phdr = segments();
    info.phnum = __ehdr_start.e_phnum;
    return callback(&info, sizeof info, data);
}

} // extern "C"

} // namespace runtime
