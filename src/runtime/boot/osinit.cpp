#include "base/boot_step.h"
#include "boot/boot.h"
#include "os/os.h"
#include "os/process.h"

namespace runtime {

namespace {

// The processors in a mask of this many bits that this thread may run on; 0 where the mask is
// shorter than the kernel's own, 1 where the kernel does not say. Not inlined: each size has its
// own frame, and the common one touches no further page of stack.
template <int bits>
[[gnu::noinline]] uint32_t count_cpus() {
    uint64_t mask[bits / 64];
    const int size = os::sched_getaffinity(mask, sizeof mask);
    if (size == -os::EINVAL_) {
        return 0;
    }
    uint32_t cpus = 0;
    for (int i = 0; i < size / 8; ++i) {
        for (uint64_t rest = mask[i]; rest != 0; rest &= rest - 1) {
            ++cpus;
        }
    }
    return cpus > 0 ? cpus : 1;
}

} // namespace

void osinit() {
    boot_step = "runtime.osinit";
    // The length of the kernel's mask is told nowhere. Nearly all have at most 1024 processors;
    // 65536 are more than any kernel can be built for.
    uint32_t cpus = count_cpus<1024>();
    if (cpus == 0) {
        cpus = count_cpus<65536>();
    }
    os::process.cpus = cpus > 0 ? cpus : 1;
}

} // namespace runtime
