// membarrier, for what has biased locks.
#include "os/os.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"

namespace {

bool refused = false;

} // namespace

namespace machine {

void refuse_fences(bool are) {
    refused = are;
}

} // namespace machine

namespace runtime::os {

int prepare_fence_all() {
    return refused ? -EPERM_ : 0;
}

int fence_all() {
    explore::check(!refused, "somebody relies on what the kernel has refused");
    explore::fence_all();
    return 0;
}

} // namespace runtime::os
