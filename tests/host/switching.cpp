#include "tests/host/switching.h"

#include <csetjmp>
#include <new>
#include <utility>

#include "mem/tls.h"
#include "os/process.h"

extern "C" {
// sched/preempt.cpp's, where that is linked.
[[noreturn, gnu::weak]] void resume_preempted(runtime::g* gp) asm("runtime.resume_preempted");
}

namespace runtime {

scheduler sched;
m m0;
g g0;
p p0;
namespace os {
process_info process{};
}

} // namespace runtime

namespace machine {

using namespace runtime;

// sysmon stores to it too.
static auto guard_of(tcb& block) {
    return atomic_ref<uintptr_t>(block.stack_guard);
}

namespace {

// Returns where resumed is called.
[[gnu::noinline]] void resume(g* gp) {
    if (setjmp(here()->back) == 0) {
        resume_preempted(gp);
    }
}

} // namespace

void boot(thread& first, uint32_t procs) {
    first.block.current = &g0;
    first.block.nopreempt = 1;
    first.block.self = &first.block;
    g0.m = &m0;
    m0.g0 = &g0;
    m0.random = 1;
    os::process.cpus = procs;
    m0.id = sched.mnext++;
    procresize(procs);
}

funcval* begins_with(const g* gp) {
    return *reinterpret_cast<funcval**>(gp->sp & ~uintptr_t{SP_FRESH});
}

void run_goroutines() {
    g* next = mstart1();
    for (;;) {
        if ((next->sp & SP_PREEMPTED) != 0) {
            resume(next);
        } else {
            tcb& block = here()->block;
            block.current = next;
            guard_of(block).store(guard_for(next), std::memory_order_relaxed);
            no_preempt::end();
        }
        enter(next);
        thread* const self = here();
        if (self->to == nullptr) {
            next = self->function(self->left, self->argument);
            continue;
        }
        if (self->published != nullptr) {
            // What switch_to's store is on x86: behind all that were before.
            self->published->store(self->value, std::memory_order_release);
        } else {
            set_claim(0); // switch_to_as_owner's
        }
        next = std::exchange(self->to, nullptr);
    }
}

void resumed() {
    std::longjmp(here()->back, 1);
}

} // namespace machine

namespace runtime {

using machine::guard_of;
using machine::here;
using machine::thread;

extern "C" {

void mcall(g* (*fn)(g* gp, void* argument), void* argument) {
    no_preempt::begin();
    thread* const self = here();
    g* const gp = self->block.current;
    self->function = fn;
    self->argument = argument;
    self->left = gp;
    self->block.current = gp->m->g0;
    guard_of(self->block).store(0, std::memory_order_relaxed);
    machine::leave(gp);
}

uint8_t switch_to(g* from, g* to, atomic<uint32_t>* published, uint32_t value) {
    thread* const self = here();
    self->left = from;
    self->to = to;
    self->published = published;
    self->value = value;
    machine::leave(from);
    return 0;
}

void switch_to_as_owner(g* from, g* to) {
    no_preempt::begin();
    (void)switch_to(from, to, nullptr, 0);
}

void systemstack(void (*fn)()) {
    const no_preempt here;
    const uintptr_t guard = guard_of(*get_tcb()).load(std::memory_order_relaxed);
    guard_of(*get_tcb()).store(0, std::memory_order_relaxed);
    fn();
    guard_of(*get_tcb()).store(guard, std::memory_order_relaxed);
}

} // extern "C"

size_t thread_tls_size() {
    return sizeof(thread);
}

tcb* make_thread_tls(void* memory, g* current) {
    auto* const made = static_cast<thread*>(memory);
    if (made->block.self != &made->block) {
        new (memory) thread{};
    } else {
        // Another thread had it, and others may look at its claim.
        made->block.p = nullptr;
        made->block.blocks = nullptr;
        made->block.slots = nullptr;
        guard_of(made->block).store(0, std::memory_order_relaxed);
        made->left = nullptr;
        made->to = nullptr;
        made->published = nullptr;
        made->tid = nullptr;
    }
    made->block.self = &made->block;
    made->block.current = current;
    made->block.nopreempt = 1;
    return &made->block;
}

} // namespace runtime
