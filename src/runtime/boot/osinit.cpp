#include "base/boot_step.h"
#include "boot/boot.h"
#include "os/os.h"
#include "os/process.h"

namespace runtime {

namespace {

// The processors in a mask of that many bytes that this thread may run on; 0 where the mask is
// shorter than the kernel's own, 1 where the kernel does not say.
[[gnu::noinline]] uint32_t count_cpus(uint64_t* mask, size_t bytes) {
    const int size = os::sched_getaffinity(mask, bytes);
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

// With a frame of its own: the common case touches no further page of stack.
[[gnu::noinline]] uint32_t count_many_cpus() {
    uint64_t mask[65536 / 64];
    return count_cpus(mask, sizeof mask);
}

} // namespace

void osinit() {
    boot_step = "runtime.osinit";
    // The length of the kernel's mask is told nowhere. Nearly all have at most 1024 processors;
    // 65536 are more than any kernel can be built for.
    uint64_t mask[1024 / 64];
    uint32_t cpus = count_cpus(mask, sizeof mask);
    if (cpus == 0) {
        cpus = count_many_cpus();
    }
    os::process.cpus = cpus > 0 ? cpus : 1;
}

} // namespace runtime
