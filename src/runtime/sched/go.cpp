// rt0/go.h.
#include <rt0/go.h>

#include "base/lock.h"
#include "os/process.h"
#include "sched/runq.h"
#include "sched/sched.h"

namespace rt0 {

namespace {

using runtime::funcval;
using runtime::g;
using runtime::sched;

static_assert(sizeof(detail::closure_base) == sizeof(funcval));

uintptr_t address(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

} // namespace

namespace detail {

void* new_goroutine(std::size_t size, std::size_t alignment, std::size_t stack,
                    closure_base** room) {
    runtime::start_threads();
    g* const gp = runtime::new_g(stack);
    const uintptr_t at = (gp->stack_hi - size) & ~(alignment - 1);
    *room = reinterpret_cast<closure_base*>(at);
    gp->sp = at;
    return gp;
}

void start_goroutine(void* goroutine) {
    g* const gp = static_cast<g*>(goroutine);
    runtime::no_preempt::begin();
    runtime::p* const pp = getp();
    runtime::prepare_g(pp, gp, reinterpret_cast<funcval*>(gp->sp), gp->stack_hi - gp->sp,
                       address(__builtin_return_address(0)));
    (void)runtime::submit_or_run(pp, gp);
}

void drop_goroutine(void* goroutine) noexcept {
    runtime::drop_g(static_cast<g*>(goroutine));
}

} // namespace detail

void yield() {
    runtime::gosched();
}

int gomaxprocs(int n) {
    runtime::apply_cpu_quota();
    const int before = static_cast<int>(sched.gomaxprocs.load(std::memory_order_relaxed));
    if (n > 0) {
        runtime::set_gomaxprocs(static_cast<uint32_t>(n));
        runtime::systemstack(runtime::wakep); // for a p that is new
    }
    return before;
}

int num_cpu() {
    return static_cast<int>(runtime::os::process.cpus);
}

int num_goroutine() {
    return static_cast<int>(runtime::count_goroutines());
}

std::uint64_t goid() {
    return getg()->goid;
}

void lock_os_thread() {
    runtime::start_threads();
    const runtime::no_preempt here;
    g* const gp = getg();
    runtime::m* const mp = gp->m;
    ++mp->lockedext;
    mp->lockedg = gp;
    gp->locked = true;
}

void unlock_os_thread() {
    const runtime::no_preempt here;
    g* const gp = getg();
    runtime::m* const mp = gp->m;
    if (!gp->locked || --mp->lockedext != 0) {
        return;
    }
    mp->lockedg = nullptr;
    gp->locked = false;
}

} // namespace rt0
