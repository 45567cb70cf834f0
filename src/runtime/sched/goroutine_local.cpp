// rt0/goroutine_local.h: each goroutine has a list of its values. A search, because there are few.
#include <rt0/goroutine_local.h>

#include "sched/sched.h"

namespace runtime {

// One at a time, and then another look: what destroys one may use others, and make them anew.
void destroy_locals() {
    g* const gp = getg();
    while (rt0::detail::local* const last = gp->locals) {
        gp->locals = last->older;
        last->destroy(last);
    }
}

} // namespace runtime

namespace rt0::detail {

local*& locals() {
    return getg()->locals;
}

std::uint64_t new_local_key() {
    static constinit runtime::atomic<std::uint64_t> last{0};
    // Relaxed: only the number matters.
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace rt0::detail
