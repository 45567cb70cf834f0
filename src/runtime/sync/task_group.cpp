// What task_group says in Go's words; the rest is in rt0/task_group.h.
#include <rt0/task_group.h>

#include "base/fatal.h"
#include "base/text.h"

namespace rt0::detail {

void limit_while_active(std::int64_t active) {
    runtime::text<80> said;
    said << "errgroup: modify limit while " << static_cast<uint64_t>(active)
         << " goroutines in the group are still active";
    runtime::panic(said.view());
}

} // namespace rt0::detail
