#include "base/boot_step.h"
#include "base/elf.h"
#include "base/fatal.h"
#include "base/if_linked.h"
#include "boot/boot.h"
#include "mem/tls.h"
#include "os/os.h"

namespace runtime {

// In a static program at a fixed address the linker puts IRELATIVE relocations between these two. A
// static-PIE has them in its dynamic section.
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const Elf64_Rela __rela_iplt_start[];
[[gnu::weak, gnu::visibility("hidden")]] extern const Elf64_Rela __rela_iplt_end[];
}

namespace {

[[noreturn]] void fail(char** argv, std::string_view text) {
    while (*argv != nullptr) {
        ++argv;
    }
    settls_for_fatal(argv + 1);
    fatal(text);
}

} // namespace

void relocate(char** argv) {
    boot_step = "runtime.relocate";
    const elf_image image = own_image();
    if (image.has_interpreter) {
        fail(argv,
             "this program was linked dynamically, and rt0 programs are static: add -static (or "
             "-static-pie) to the link command, or use rt0-c++");
    }
    if (image.dynamic != nullptr && !apply_relative(read_relocations(image), image.bias)) {
        fail(argv, "the program has relocations that only a dynamic linker can do: link it with "
                   "-static or -static-pie");
    }
}

void irelocate() {
    boot_step = "runtime.irelocate";
    const elf_image image = own_image();
    if (image.dynamic != nullptr) {
        const relocation_tables tables = read_relocations(image);
        apply_irelative(tables.rela, tables.rela + tables.rela_size / sizeof(Elf64_Rela),
                        image.bias);
        apply_irelative(tables.plt, tables.plt + tables.plt_size / sizeof(Elf64_Rela), image.bias);
    } else {
        apply_irelative(if_linked(__rela_iplt_start), if_linked(__rela_iplt_end), 0);
    }
    if (image.relro != nullptr) {
        // The part of whole pages: the linker has aligned the end.
        constexpr uintptr_t page = 4096;
        const uintptr_t begin = (image.bias + image.relro->p_vaddr) & ~(page - 1);
        const uintptr_t end =
            (image.bias + image.relro->p_vaddr + image.relro->p_memsz) & ~(page - 1);
        if (end > begin) {
            const int error = os::protect_read_only(reinterpret_cast<void*>(begin), end - begin);
            if (error != 0) {
                fatal_errno("cannot make relocated data read-only", error,
                            "link with -z norelro where mprotect is not allowed");
            }
        }
    }
}

} // namespace runtime
