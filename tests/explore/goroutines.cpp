#include "tests/explore/goroutines.h"

#include <cerrno>
#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "mem/tls.h"
#include "tests/explore/explore.h"

extern "C" {
// sched/preempt.cpp's, where that is linked.
[[noreturn, gnu::weak]] void resume_preempted(runtime::g* gp) asm("runtime.resume_preempted");
// Where goroutines continue others that they know of.
[[noreturn]] void gogo_on_host(runtime::g* gp);
}

namespace machine {

namespace {

using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t stack_size = std::size_t{128} * 1024;
static_assert(offsetof(thread, block) == 0);

// The outermost function of a goroutine.
void begin() {
    g* const gp = getg();
    auto* const start = *reinterpret_cast<funcval**>(gp->sp);
    start->fn(start);
    end_goroutine();
}

// On a thread's own stack: gp, until it goes off its stack.
void continue_goroutine(g* gp) {
    thread* const self = here();
    coroutine& to = coroutine_of(gp);
    if ((gp->sp & SP_PREEMPTED) != 0 && setjmp(self->resumed) == 0) {
        resume_preempted(gp); // sigresume comes back
    }
    self->block.current = gp;
    self->block.stack_guard = gp->segment != nullptr ? gp->segment->guard : 0;
    if ((gp->sp & SP_FRESH) != 0) {
        gp->sp &= ~uintptr_t{SP_FRESH};
        if (to.stack == nullptr) {
            to.stack = std::make_unique_for_overwrite<std::byte[]>(stack_size);
        }
        to.sp = explore::fresh_context(to.stack.get() + stack_size, &begin);
    }
    no_preempt::end();
    explore::explore_switch(&self->sp, to.sp);
}

// Goes off the goroutine's stack.
void go_off(g* gp) {
    explore::explore_switch(&coroutine_of(gp).sp, here()->sp);
}

} // namespace

thread* here() {
    return static_cast<thread*>(explore::local());
}

void leave(g* (*function)(g* gp, void* argument), void* argument) {
    thread* const self = here();
    g* const gp = self->block.current;
    self->function = function;
    self->argument = argument;
    self->left = gp;
    self->block.current = gp->m->g0;
    go_off(gp);
}

void run_goroutines() {
    g* next = mstart1();
    for (;;) {
        continue_goroutine(next);
        thread* const self = here();
        if (self->to != nullptr) {
            // What switch_to's stores are on x86: in this order, for whoever sees the second.
            if (self->slot != nullptr) {
                std::exchange(self->slot, nullptr)->store(self->left, relaxed);
                self->published->store(self->value, std::memory_order_release);
            }
            next = std::exchange(self->to, nullptr);
        } else {
            next = self->function(self->left, self->argument);
        }
    }
}

} // namespace machine

namespace runtime {

using machine::here;

extern "C" {

void mcall(g* (*fn)(g* gp, void* argument), void* argument) {
    no_preempt::begin();
    machine::leave(fn, argument);
}

void switch_to(g* from, g* to, atomic<g*>* slot, atomic<uint32_t>* published, uint32_t value) {
    machine::thread* const self = here();
    self->left = from;
    self->to = to;
    self->slot = slot;
    self->published = published;
    self->value = value;
    machine::go_off(from);
}

void systemstack(void (*fn)()) {
    fn();
}

// continue_with jumps, from wherever the stack pointer is.
asm(R"(
    .text
    .globl runtime.gogo
    .type runtime.gogo, @function
runtime.gogo:
    and $-16, %rsp
    call gogo_on_host
    .size runtime.gogo, . - runtime.gogo
)");

void gogo_on_host(g* gp) {
    machine::thread* const self = here();
    g* const over = self->block.current;
    self->to = gp;
    self->block.current = gp->m->g0;
    machine::go_off(over);
    std::abort(); // it was over
}

// What the scheduler has put into the copy of the registers counts for nothing here: they are where
// the goroutine went off its stack.
void sigresume(g* gp, void* /*context*/) asm("runtime.sigresume");
void sigresume(g* gp, void* /*context*/) {
    gp->sp = 0;
    longjmp(here()->resumed, 1);
}

long start_thread(uint64_t flags, void* stack, atomic<uint32_t>* tid,
                  tcb* tls) asm("runtime.clone");
long start_thread(uint64_t /*flags*/, void* /*stack*/, atomic<uint32_t>* tid, tcb* tls) {
    auto* const made = reinterpret_cast<machine::thread*>(tls);
    made->tid = tid;
    const uint32_t id = machine::start_thread(made);
    return id != 0 ? long{id} : -EAGAIN;
}

} // extern "C"

size_t thread_tls_size() {
    return sizeof(machine::thread);
}

tcb* make_thread_tls(void* memory, g* current) {
    auto* const made = new (memory) machine::thread{};
    made->block.self = &made->block;
    made->block.current = current;
    made->block.nopreempt = 1;
    return &made->block;
}

} // namespace runtime
