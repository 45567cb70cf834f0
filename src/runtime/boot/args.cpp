#include <linux/auxvec.h>

#include "base/boot_step.h"
#include "base/if_linked.h"
#include "boot/boot.h"
#include "os/process.h"
#include "os/vdso.h"

namespace runtime {

namespace {

template <class T>
T* pointer(uint64_t value) {
    return reinterpret_cast<T*>(value);
}

// Everything in one walk: the vector has about twenty entries.
void sysauxv(const os::auxv_entry* auxv) {
    os::process_info& process = os::process;
    process.auxv = auxv;
    process.page_size = 4096;
    process.min_signal_stack = 2048;
    for (; auxv->type != AT_NULL; ++auxv) {
        const uint64_t value = auxv->value;
        if (auxv->type == AT_PAGESZ) {
            process.page_size = value;
        } else if (auxv->type == AT_RANDOM) {
            process.random = pointer<const uint8_t>(value);
        } else if (auxv->type == AT_SECURE) {
            process.secure = value != 0;
        } else if (auxv->type == AT_EXECFN) {
            process.executable = pointer<const char>(value);
        } else if (auxv->type == AT_MINSIGSTKSZ) {
            process.min_signal_stack = value;
        } else if (auxv->type == AT_SYSINFO_EHDR) {
            process.vdso = pointer<const void>(value);
        }
    }
}

} // namespace

void args(int argc, char** argv) {
    boot_step = "runtime.args";
    os::process.argc = argc;
    os::process.argv = argv;
    os::process.envp = argv + argc + 1;
    sysauxv(os::find_auxv(os::process.envp));
    if (auto* const init = if_linked(os::vdso_init)) {
        init(os::process.vdso);
    }
}

} // namespace runtime
