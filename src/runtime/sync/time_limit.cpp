#include "sync/time_limit.h"

namespace rt0::detail {

namespace {

void expire_limit(runtime::timer* self, runtime::timer_heap& from, int64_t /*now*/,
                  runtime::expired& to) {
    auto* const limit = static_cast<time_limit*>(self);
    auto* const gp = static_cast<runtime::g*>(limit->self()->goroutine);
    from.remove(limit);
    uint32_t was = limit->state.load(std::memory_order_relaxed);
    while (was != time_limit::given) {
        // Acquire: pairs with park_limit's release: it is off its stack. Release: with its acquire.
        if (limit->state.compare_exchange_weak(was, time_limit::over, std::memory_order_acq_rel,
                                               std::memory_order_relaxed)) {
            if (was == time_limit::parked) {
                runtime::add_ready(to, gp);
            }
            return;
        }
    }
}

// On g0.
bool park_limit(runtime::g* /*gp*/, void* of) {
    auto* const limit = static_cast<time_limit*>(of);
    runtime::biased_lock* const held = limit->lock;
    uint32_t was = time_limit::waits;
    // Release: pairs with the acquire of who decides, who may make it ready. Acquire: with their
    // releases. From here on it may be gone, unless held keeps off who could give it something and
    // the timer is the only one.
    const bool parks = limit->state.compare_exchange_strong(
        was, time_limit::parked, std::memory_order_acq_rel, std::memory_order_acquire);
    if (held != nullptr) {
        held->unlock_word();
        runtime::set_claim(0);
    }
    return parks;
}

} // namespace

void time_limit::start(int64_t when) {
    expire = expire_limit;
    home.store(nullptr, std::memory_order_relaxed);
    place = 0;
    state.store(waits, std::memory_order_relaxed);
    self()->timed = true;
    (void)runtime::set_timer(this, when);
}

bool time_limit::park(runtime::biased_lock* held, runtime::wait_reason reason) {
    lock = held;
    runtime::park(park_limit, this, reason);
    // Relaxed: who has decided made this goroutine ready, or park_limit has acquired.
    if (state.load(std::memory_order_relaxed) != given) {
        return false;
    }
    stop();
    return true;
}

} // namespace rt0::detail
