#include "tests/sanitize/machine.h"

#include <rt0/go.h>

#include <atomic>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/knobs.h"
#include "os/os.h"
#include "os/process.h"
#include "os/vdso.h"
#include "sched/quota.h"
#include "sched/sched.h"
#include "tests/host/context.h"
#include "tests/host/switching.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace runtime {

// No signals: goroutines give way at preemption_point.
knob_values knobs{.asyncpreemptoff = 1};

extern "C" {
[[noreturn]] void goexit1() asm("runtime.goexit1");
void gopreempt() asm("runtime.gopreempt");
}

} // namespace runtime

// gogo, where a goroutine has ended: a jump that does not come back (continue_with). And what
// preempt.cpp would use for signals.
asm(R"(
    .text
    .globl runtime.gogo
runtime.gogo:
    and $-16, %rsp
    call gogo_from_the_end
    ud2
    .globl runtime.sigreturn, runtime.preempted, runtime.sigresume, runtime.sigresume_end
runtime.sigreturn:
runtime.preempted:
runtime.sigresume:
runtime.sigresume_end:
    ud2
)");

namespace machine {

namespace {

using namespace runtime;

// A coroutine, at the high end of its stack's mapping. It belongs to a goroutine from its first
// step to its last, by g::sp while that does not run, and then to the next: what ThreadSanitizer
// needs for one takes long to make. Aligned, because the stack begins below it.
struct alignas(16) fiber {
    void* sp = nullptr;
    funcval* start = nullptr;
    fiber* next = nullptr; // while no goroutine has it
    jmp_buf end{};         // where a goroutine that is over makes room for the next
    // The sanitizers' of it.
    void* clock = nullptr;
    void* fake_stack = nullptr;
};

constexpr std::size_t guard_size = 4096;
constexpr std::size_t fiber_size = std::size_t{128} * 1024;
constexpr std::size_t most_spares = 32;

// A thread of the host's.
struct host_thread {
    thread* runs = nullptr;
    fiber* running = nullptr;
    fiber* spares = nullptr;
    std::size_t spare_count = 0;
    // The sanitizers' of its own stack.
    void* clock = nullptr;
    void* fake_stack = nullptr;
    const void* stack = nullptr;
    std::size_t stack_size = 0;
};

thread_local host_thread of_this_thread;

// Not inline: see get_tcb.
[[gnu::noinline]] host_thread& this_thread() {
    asm volatile("" : : : "memory");
    return of_this_thread;
}

void must(bool done, const char* what) {
    if (!done) {
        std::perror(what);
        std::abort();
    }
}

// The usable part of its stack.
[[maybe_unused]] std::byte* lowest(fiber* of) {
    return reinterpret_cast<std::byte*>(of + 1) - fiber_size + guard_size;
}
[[maybe_unused]] constexpr std::size_t usable_size = fiber_size - guard_size - sizeof(fiber);

// A switch, told to the sanitizers: from one stack, which is over or goes on later, to the other;
// and by who arrives there.

void tell_thread_leaves([[maybe_unused]] host_thread& self, [[maybe_unused]] fiber* to) {
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(to->clock, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&self.fake_stack, lowest(to), usable_size);
#endif
}

void tell_thread_is_back([[maybe_unused]] host_thread& self) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(self.fake_stack, nullptr, nullptr);
#endif
}

void tell_fiber_leaves([[maybe_unused]] fiber* from, [[maybe_unused]] host_thread& to,
                       [[maybe_unused]] bool over) {
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(to.clock, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
    from->fake_stack = nullptr;
    __sanitizer_start_switch_fiber(over ? nullptr : &from->fake_stack, to.stack, to.stack_size);
#endif
}

void tell_fiber_is_back([[maybe_unused]] fiber* to) {
#ifdef __SANITIZE_ADDRESS__
    host_thread& from = this_thread();
    __sanitizer_finish_switch_fiber(to->fake_stack, &from.stack, &from.stack_size);
#endif
}

// While no goroutine has it, its stack is nobody's.

void poison([[maybe_unused]] fiber* one) {
#ifdef __SANITIZE_ADDRESS__
    __asan_poison_memory_region(lowest(one), usable_size);
#endif
}

void clean([[maybe_unused]] fiber* one) {
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(lowest(one), usable_size);
#endif
}

// The outermost function of goroutines, one after another.
void begin() {
    tell_fiber_is_back(this_thread().running);
    for (;;) {
        fiber* const self = this_thread().running;
        // ThreadSanitizer finds the frames of its own count here, and AddressSanitizer forgets
        // those that are gone.
        if (setjmp(self->end) == 0) { // NOLINT(cert-err52-cpp,modernize-avoid-setjmp-longjmp)
            self->start->fn(self->start);
            goexit1();
        }
    }
}

// Fibers that no goroutine has. Each thread has some of its own, and what is too much or too little
// goes through a list of all: seldom, because a fiber carries what its last thread did to its next.
// For the same reason ThreadSanitizer sees nothing of it.
std::atomic<bool> pool_taken{false};
fiber* pool = nullptr;

[[gnu::no_sanitize_thread]] void lock_pool() {
    while (pool_taken.exchange(true, std::memory_order_acquire)) {
        sched_yield();
    }
}

[[gnu::no_sanitize_thread]] void give_to_pool(fiber* one) {
    lock_pool();
    one->next = pool;
    pool = one;
    pool_taken.store(false, std::memory_order_release);
}

[[gnu::no_sanitize_thread]] fiber* take_from_pool() {
    lock_pool();
    fiber* const one = pool;
    if (one != nullptr) {
        pool = one->next;
    }
    pool_taken.store(false, std::memory_order_release);
    return one;
}

fiber* make_fiber() {
    void* const memory = mmap(nullptr, fiber_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(memory != MAP_FAILED && mprotect(memory, guard_size, PROT_NONE) == 0,
         "no stack for a goroutine");
    auto* const made = new (static_cast<std::byte*>(memory) + fiber_size - sizeof(fiber)) fiber{};
    made->sp = host::fresh_context(made, &begin);
#ifdef __SANITIZE_THREAD__
    made->clock = __tsan_create_fiber(0);
#endif
    return made;
}

// For a goroutine that begins.
[[gnu::no_sanitize_thread]] fiber* take_fiber(funcval* start) {
    host_thread& self = this_thread();
    fiber* one = self.spares;
    if (one != nullptr) {
        self.spares = one->next;
        --self.spare_count;
    } else {
        one = take_from_pool();
    }
    if (one == nullptr) {
        one = make_fiber();
    } else {
        clean(one);
    }
    one->start = start;
    return one;
}

// Of a goroutine that is over.
[[gnu::no_sanitize_thread]] void give_fiber(fiber* one) {
    poison(one);
    host_thread& self = this_thread();
    if (self.spare_count == most_spares) {
        give_to_pool(one);
        return;
    }
    one->next = self.spares;
    self.spares = one;
    ++self.spare_count;
}

// gp belongs to the calling thread.
bool is_over(const g* gp) {
    return gp->status.load(std::memory_order_relaxed) == g_status::dead;
}

void begin_thread(thread* runs) {
    host_thread& self = this_thread();
    self.runs = runs;
#ifdef __SANITIZE_THREAD__
    self.clock = __tsan_get_current_fiber();
#endif
}

} // namespace

thread* here() {
    return this_thread().runs;
}

uintptr_t guard_for(const g* gp) {
    return gp->segment->guard;
}

void enter(g* gp) {
    host_thread& self = this_thread();
    // g::sp is a plain word, so that ThreadSanitizer sees whether the goroutine was passed on from
    // thread to thread as it has to be.
    fiber* const to =
        (gp->sp & SP_FRESH) != 0 ? take_fiber(begins_with(gp)) : reinterpret_cast<fiber*>(gp->sp);
    self.running = to;
    tell_thread_leaves(self, to);
    host::host_switch(&self.runs->sp, to->sp);
    tell_thread_is_back(self);
    if (is_over(gp)) {
        give_fiber(to);
    }
}

void leave(g* gp) {
    host_thread& from = this_thread();
    fiber* const self = from.running;
    gp->sp = reinterpret_cast<uintptr_t>(self);
    const bool over = is_over(gp);
    tell_fiber_leaves(self, from, over);
    host::host_switch(&self->sp, from.runs->sp);
    tell_fiber_is_back(self);
    if (over) {
        std::longjmp(self->end, 1); // NOLINT(cert-err52-cpp,modernize-avoid-setjmp-longjmp)
    }
}

void run(uint32_t procs, std::function<int()> main) {
    static thread first;
    begin_thread(&first);
    boot(first, procs);
    rt0::go([main = std::move(main)] {
        const int status = main();
        // Others still run.
        std::fflush(nullptr);
        _exit(status);
    });
    run_goroutines();
}

void preemption_point() {
    tcb* const block = get_tcb();
    // Acquire: as the prologue's load on the processor.
    const auto guard = atomic_ref<uintptr_t>(block->stack_guard).load(std::memory_order_acquire);
    if (guard == static_cast<uintptr_t>(STACK_PREEMPT) && !block->in_runtime()) {
        gopreempt();
    }
}

} // namespace machine

namespace runtime {

using machine::this_thread;

tcb* get_tcb() {
    return &this_thread().runs->block;
}

extern "C" {

[[noreturn]] void gogo_from_the_end(g* to) {
    machine::thread* const self = machine::here();
    self->left = getg();
    self->to = to;
    self->published = nullptr;
    machine::leave(self->left);
    std::abort();
}

long start_thread(uint64_t flags, void* stack, atomic<uint32_t>* tid,
                  tcb* tls) asm("runtime.clone");
long start_thread(uint64_t /*flags*/, void* /*stack*/, atomic<uint32_t>* tid, tcb* tls) {
    static std::atomic<uint32_t> last{1};
    // As the kernel does it for CLONE_PARENT_SETTID.
    tid->store(last.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    reinterpret_cast<machine::thread*>(tls)->tid = tid;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_t made{};
    const int error = pthread_create(
        &made, &detached,
        [](void* runs) -> void* {
            machine::begin_thread(static_cast<machine::thread*>(runs));
            machine::run_goroutines();
        },
        tls);
    pthread_attr_destroy(&detached);
    return -error;
}

} // extern "C"

void schedtrace(uint64_t /*milliseconds*/) {}

uint32_t cpu_quota() {
    return no_cpu_quota;
}

namespace os {

int fast_clock_gettime(int clock, timespec* time) {
    return clock_gettime(clock, time);
}

void sleep(int64_t nanoseconds) {
    const ::timespec time{.tv_sec = nanoseconds / 1'000'000'000,
                          .tv_nsec = nanoseconds % 1'000'000'000};
    (void)nanosleep(&time, nullptr);
}

uint32_t thread_id() {
    return 1;
}

void exit_thread() {
    machine::host_thread& self = this_thread();
    while (machine::fiber* const spare = self.spares) {
        self.spares = spare->next;
        machine::give_to_pool(spare);
    }
    // The kernel's part, with which the thread's memory may be used again.
    self.runs->tid->store(0, std::memory_order_release);
    pthread_exit(nullptr);
}

// knobs.asyncpreemptoff: none is ever sent.
int set_signal_stack(void* /*stack*/, size_t /*size*/) {
    return 0;
}
int set_signal_handler(int /*signal*/, signal_handler /*handler*/, void (* /*restorer*/)()) {
    return 0;
}
int unblock_signal(int /*signal*/) {
    return 0;
}
int signal_thread(uint32_t /*thread*/, int /*signal*/) {
    std::abort();
}

} // namespace os

} // namespace runtime
