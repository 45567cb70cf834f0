#include "tests/explore/machine.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fatal.h"
#include "base/knobs.h"
#include "mem/heap.h"
#include "mem/tls.h"
#include "os/os.h"
#include "os/process.h"
#include "os/vdso.h"
#include "sched/quota.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/host/context.h"
#include "tests/host/switching.h"

namespace runtime {

knob_values knobs{};

} // namespace runtime

namespace machine {

namespace {

using namespace runtime;
using explore::anew;
constexpr auto relaxed = std::memory_order_relaxed;

// A goroutine: its g, room for what prepare_g writes below stack_hi, and a stack of the host's.
struct coroutine {
    g self;
    std::array<void*, 4> top;
    std::function<void()> body;
    funcval* start = nullptr;
    void* sp = nullptr;
    std::vector<std::byte> stack;
};

constexpr std::size_t most_coroutines = 16;
constexpr std::size_t coroutine_stack = std::size_t{128} * 1024;
std::array<coroutine, most_coroutines> coroutines;
std::size_t used_coroutines = 0;
funcval entry{};

thread first_thread;
std::vector<thread*> alive; // those that run goroutines
uint32_t next_tid = 0;
bool threads_refused = false;
bool memory_refused = false;
int64_t seconds = 0;
const char* expected_fatal = nullptr;

// Memory by the order in which it is asked for, so that a schedule has the same addresses each
// time.
constexpr std::size_t arena_size = std::size_t{1} << 20;
alignas(4096) std::array<std::byte, arena_size> arena;
std::size_t arena_used = 0;

void* allocate(std::size_t size) {
    const std::size_t begin = arena_used;
    arena_used += (size + 63) & ~std::size_t{63};
    if (arena_used > arena_size) {
        explore::fail("the model's memory is used up");
    }
    std::memset(&arena.at(begin), 0, size);
    return &arena.at(begin);
}

coroutine& coroutine_of(g* gp) {
    return *reinterpret_cast<coroutine*>(gp); // its first member
}

// The outermost function of a goroutine.
void begin() {
    const coroutine& self = coroutine_of(getg());
    self.start->fn(self.start);
    g* const gp = getg();
    no_preempt::begin();
    p* const pp = getp();
    pp->ended.store(pp->ended.load(relaxed) + 1, relaxed);
    set_status(gp, g_status::running, g_status::dead);
    no_preempt::end();
    mcall(
        [](g* dead, void*) -> g* {
            m* const mp = dead->m;
            mp->curg = nullptr;
            dead->m = nullptr;
            if (std::exchange(dead->locked, false)) {
                exit_locked_m(mp);
            }
            return schedule();
        },
        nullptr);
    std::abort();
}

} // namespace

thread* here() {
    return static_cast<thread*>(explore::local());
}

uintptr_t guard_for(const g* /*gp*/) {
    return some_guard;
}

void enter(g* gp) {
    thread* const self = here();
    for (const thread* const other : alive) {
        explore::check(other == self || other->block.p != self->block.p, "two threads have one p");
    }
    coroutine& to = coroutine_of(gp);
    if ((gp->sp & SP_FRESH) != 0) {
        to.start = begins_with(gp);
        gp->sp = 0;
        if (to.stack.empty()) {
            to.stack.resize(coroutine_stack);
        }
        to.sp = host::fresh_context(to.stack.data() + to.stack.size() / 16 * 16, &begin);
    }
    host::host_switch(&self->sp, to.sp);
}

void leave(g* gp) {
    host::host_switch(&coroutine_of(gp).sp, here()->sp);
}

void run(uint32_t procs, std::function<void()> main) {
    for (coroutine& one : coroutines) {
        anew(one.self);
        one.body = nullptr;
    }
    used_coroutines = 0;
    arena_used = 0;
    next_tid = 1;
    seconds = 1;
    expected_fatal = nullptr;
    anew(sched);
    anew(m0);
    anew(g0);
    anew(p0);
    anew(first_thread);
    first_thread.id = next_tid++;
    alive = {&first_thread};
    threads_refused = false;
    memory_refused = false;
    explore::local() = &first_thread;
    boot(first_thread, procs);
    // As start_threads does.
    p0.exclusive.store(procs == 1, relaxed);
    sched.first = &coroutines[0].self;
    go([main = std::move(main)] {
        main();
        explore::check(expected_fatal == nullptr, "it was not fatal");
        explore::finish();
    });
    run_goroutines();
}

void go(std::function<void()> body) {
    g* const gp = new_g(0);
    coroutine_of(gp).body = std::move(body);
    entry.fn = [](funcval*) {
        const std::function<void()> own = std::move(coroutine_of(getg()).body);
        own();
    };
    start_g(gp, &entry, 0, 0);
}

void start_sysmon() {
    {
        const lock_guard guard(sched.lock);
        ++sched.mcount;
        ++sched.nmsys;
    }
    start_thread([] { sysmon(); });
}

void expect_fatal(const char* text) {
    expected_fatal = text;
}

void start_thread(std::function<void()> body) {
    explore::start([body = std::move(body)] {
        auto* const self = new (allocate(sizeof(thread))) thread{};
        self->block.nopreempt = 1;
        explore::local() = self;
        body();
    });
}

void refuse_threads() {
    threads_refused = true;
}

void refuse_memory() {
    memory_refused = true;
}

bool interrupt(uint32_t id, std::function<void()> handler) {
    explore::point(); // the call
    for (thread* const one : alive) {
        if (one->id == id) {
            return explore::interrupt(one, std::move(handler));
        }
    }
    return false;
}

void take_off(g* gp, g* (*next)(g* gp)) {
    thread* const self = here();
    self->function = [](g* left, void* argument) {
        return reinterpret_cast<g* (*)(g*)>(argument)(left);
    };
    self->argument = reinterpret_cast<void*>(next);
    self->left = gp;
    leave(gp);
}

} // namespace machine

namespace runtime {

using machine::allocate;
using machine::here;

tcb* get_tcb() {
    return &here()->block;
}

// What the rest of the runtime has.

extern "C" {

long start_thread(uint64_t flags, void* stack, atomic<uint32_t>* tid,
                  tcb* tls) asm("runtime.clone");
long start_thread(uint64_t /*flags*/, void* /*stack*/, atomic<uint32_t>* tid, tcb* tls) {
    if (machine::threads_refused) {
        return -os::EAGAIN_;
    }
    const uint32_t id = machine::next_tid++;
    auto* const made = reinterpret_cast<machine::thread*>(tls);
    tid->store(id, std::memory_order_release);
    made->tid = tid;
    made->id = id;
    for (const machine::thread* const other : machine::alive) {
        explore::check(other != made, "a thread has the memory of one that is not over");
    }
    machine::alive.push_back(made);
    explore::start([tls] {
        explore::local() = tls;
        machine::run_goroutines();
    });
    return id;
}

} // extern "C"

g* new_g(size_t /*stack*/) {
    if (machine::used_coroutines == machine::most_coroutines) {
        explore::fail("the model has too many goroutines");
    }
    machine::coroutine& made = machine::coroutines.at(machine::used_coroutines++);
    made.self.stack_hi = reinterpret_cast<uintptr_t>(made.top.data() + made.top.size());
    made.self.status.store(g_status::dead, std::memory_order_relaxed);
    return &made.self;
}

// Weak: the models of preemption have the runtime's.
[[gnu::weak]] void init_preemption(m* /*mp*/) {}
[[gnu::weak]] bool guard_works() {
    return true;
}
[[gnu::weak]] void preempt(p* /*pp*/, uint32_t /*slice*/, bool /*by_signal*/) {}
void drop_caches(p* pp) {
    // Nobody has it, and nobody gets it meanwhile.
    explore::point();
    explore::check(pp->m.load(machine::relaxed) == nullptr, "the p has an owner");
}
void schedtrace(uint64_t /*milliseconds*/) {}
uint32_t cpu_quota() {
    return no_cpu_quota;
}

void fatal(std::string_view text) {
    if (machine::expected_fatal != nullptr && text == machine::expected_fatal) {
        explore::finish();
    }
    explore::fail(("fatal error: " + std::string(text)).c_str());
}
void fatal_after(std::string_view /*lines*/, std::string_view text) {
    fatal(text);
}
void fatal_errno(std::string_view what, int /*error*/, std::string_view /*hint*/) {
    fatal(what);
}
void panic(std::string_view text) {
    fatal(text);
}

namespace mem {
void drop_goroutine_batches() {}
// A channel lies at the beginning of a line, as all from the arena.
void* allocate(size_t size, size_t /*alignment*/) {
    return machine::allocate(size);
}
void deallocate(void* /*pointer*/) {}
} // namespace mem

namespace os {

void* map(size_t size, int* error) {
    if (machine::memory_refused) {
        *error = ENOMEM_;
        return nullptr;
    }
    return allocate(size);
}
void* map_stack(size_t size, int* error) {
    return map(size, error);
}
int unmap(void* /*address*/, size_t /*size*/) {
    return 0;
}
int guard(void* /*address*/, size_t /*size*/) {
    return 0;
}
// Each look at it is long after the last.
int fast_clock_gettime(int /*clock*/, timespec* time) {
    *time = {machine::seconds++, 0};
    return 0;
}
void sleep(int64_t /*nanoseconds*/) {
    explore::pause();
}
uint32_t thread_id() {
    return 1;
}
void exit_thread() {
    explore::point();
    // The kernel's part, with which the thread's memory may be used again.
    std::erase(machine::alive, here());
    here()->tid->store(0, std::memory_order_release);
    explore::end_thread();
}
int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    return explore::futex_wait(word, expected, nanoseconds);
}
int futex_wake(const uint32_t* word, int count) {
    return explore::futex_wake(word, count);
}

} // namespace os

} // namespace runtime
