// What rt0/time.h has of sleeping.
#include <rt0/time.h>

#include "sched/timer.h"

namespace rt0::detail {

void sleep_for_ns(std::int64_t nanoseconds) {
    if (nanoseconds > 0) {
        runtime::sleep_for(nanoseconds);
    }
}

} // namespace rt0::detail
