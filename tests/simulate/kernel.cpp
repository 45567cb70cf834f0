#include "tests/simulate/kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <poll.h>
#include <sys/mman.h>

#include "base/cpu.h"
#include "base/fatal.h"
#include "base/knobs.h"
#include "mem/segment.h"
#include "os/os.h"
#include "os/process.h"
#include "os/vdso.h"
#include "sched/quota.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/host/context.h"
#include "tests/host/switching.h"
#include "tests/simulate/simulator.h"

extern "C" {
// sched/goroutine.cpp
[[noreturn]] void goexit1() asm("runtime.goexit1");
// sched/preempt.cpp
runtime::g* preempted0(runtime::g* gp) asm("runtime.preempted0");
void gopreempt() asm("runtime.gopreempt");
// mem/segment.cpp
void grow_stack(runtime::mem::segment* last, std::size_t need) asm("runtime.grow_stack");
}

namespace runtime {

knob_values knobs{};

} // namespace runtime

namespace {

using namespace runtime;
using machine::thread;

// Places that a signal's frame may name.
extern "C" {
void runtime_text() asm("runtime.preempted");
void runtime_text() {}
void sigreturn() asm("runtime.sigreturn");
void sigreturn() {}
extern const char sigresume_end[] asm("runtime.sigresume_end");
const char sigresume_end[1] = {};
}

thread first_thread;
// The kernel's stack of the first thread, as far as goroutine 1's g lies on it.
alignas(64) std::array<std::byte, FIRST_G_ROOM> kernel_stack;
struct coroutine {
    void* sp = nullptr;
    std::unique_ptr<std::byte[]> stack;
};
constexpr std::size_t coroutine_stack = std::size_t{128} * 1024;
std::unordered_map<g*, coroutine> coroutines;
void (*program)() = nullptr;
std::string expected_fatal;
std::set<const thread*> alive; // which are the kernel's too, until they are over
os::signal_handler handler = nullptr;
std::string said; // on stderr, last

// Memory, from a place that is the same in each run.
class address_space {
public:
    void* map(std::size_t size) {
        size = rounded(size);
        // The lowest that fits, so that what was given back is soon used again.
        for (auto& [at, room] : free_) {
            if (room >= size) {
                char* const memory = at;
                const std::size_t rest = room - size;
                free_.erase(at);
                if (rest != 0) {
                    free_.emplace(memory + size, rest);
                }
                return memory;
            }
        }
        if (end_ == nullptr) {
            constexpr std::uintptr_t place = 0x100000000000;
            base_ = end_ = static_cast<char*>(
                mmap(reinterpret_cast<void*>(place), most, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0));
            if (base_ == MAP_FAILED) {
                explore::fail("the simulator's own memory cannot be mapped");
            }
        }
        if (static_cast<std::size_t>(end_ - base_) + size > most) {
            explore::fail("the simulated memory is used up");
        }
        char* const memory = end_;
        end_ += size;
        return memory;
    }

    void unmap(void* memory, std::size_t size) {
        auto* const at = static_cast<char*>(memory);
        size = rounded(size);
        must_be_mapped(at, size);
        clear(at, size);
        auto made = free_.emplace(at, size).first;
        if (const auto next = std::next(made);
            next != free_.end() && made->first + made->second == next->first) {
            made->second += next->second;
            free_.erase(next);
        }
        if (made != free_.begin()) {
            if (const auto before = std::prev(made);
                before->first + before->second == made->first) {
                before->second += made->second;
                free_.erase(made);
            }
        }
    }

    void clear(void* memory, std::size_t size) {
        must_be_mapped(static_cast<char*>(memory), size);
        if (madvise(memory, size, MADV_DONTNEED) != 0) {
            explore::fail("the simulator's own memory cannot be given back");
        }
    }

private:
    static constexpr std::size_t most = std::size_t{64} << 30;
    static constexpr std::size_t page = 4096;

    static std::size_t rounded(std::size_t size) { return (size + page - 1) & ~(page - 1); }

    void must_be_mapped(const char* at, std::size_t size) const {
        explore::check(at >= base_ && at + size <= end_, "what was never mapped is given back");
        auto next = free_.upper_bound(const_cast<char*>(at));
        explore::check(next == free_.end() || next->first >= at + size,
                       "what is not mapped is given back");
        explore::check(next == free_.begin() ||
                           std::prev(next)->first + std::prev(next)->second <= at,
                       "what is not mapped is given back");
    }

    char* base_ = nullptr;
    char* end_ = nullptr;
    std::map<char*, std::size_t> free_;
};

address_space memory;

// Descriptors: pipes, by number. Even ones read, odd ones write.
struct pipe_state {
    std::vector<std::byte> bytes;
    bool reader = true;
    bool writer = true;
};
constexpr std::size_t pipe_room = 512;
std::deque<pipe_state> pipes; // which waiters know by its place
constexpr int first_descriptor = 1000;

pipe_state* pipe_of(int fd) {
    const auto index = static_cast<std::size_t>(fd - first_descriptor) / 2;
    return fd >= first_descriptor && index < pipes.size() ? &pipes[index] : nullptr;
}
bool reads(int fd) {
    return (fd - first_descriptor) % 2 == 0;
}

// Vector registers, as they are in a signal's frame: none of them, FXSAVE's, or more, and then they
// say how much.
struct vectors {
    std::size_t size = 0;
    std::byte value{};
};
constexpr std::size_t fxsave_size = 512;
constexpr std::size_t fpstate_at = 224;                   // in the frame
constexpr std::size_t room_for_vectors = 16 * 1024 - 320; // the runtime's
using vector_frame = std::array<std::byte, room_for_vectors + 64>;
std::unordered_map<g*, vectors> taken_off; // what the registers of those were

vectors choose_vectors() {
    std::size_t size = simulate::one_in(2) ? 0 : fxsave_size;
    if (simulate::one_in(16)) {
        size = sizeof(vector_frame);
    } else if (simulate::one_in(2)) {
        size = fxsave_size + 64 * (1 + simulate::below((room_for_vectors - fxsave_size) / 64));
    }
    return {size, static_cast<std::byte>(simulate::below(256))};
}

void fill(vector_frame& frame, const vectors& with) {
    std::fill_n(frame.begin(), with.size, with.value);
    if (with.size > fxsave_size) {
        const std::array<std::uint32_t, 2> says{0x46505853, static_cast<std::uint32_t>(with.size)};
        std::memcpy(&frame.at(464), says.data(), sizeof says);
    }
}

// A signal that the thread has got: what arch/amd64/preempt.S and the kernel do around the handler.
void deliver() {
    thread* const self = machine::here();
    if (handler == nullptr || self == nullptr) {
        return;
    }
    struct {
        std::array<std::uint64_t, 21> before;
        std::uint64_t rip;
        std::array<std::uint64_t, 6> between;
        std::byte* fpstate;
        std::array<std::uint64_t, 9> behind;
    } frame{};
    static_assert(sizeof frame == 304 && offsetof(decltype(frame), rip) == 168 &&
                  offsetof(decltype(frame), fpstate) == fpstate_at);
    const vectors registers = choose_vectors();
    alignas(64) vector_frame fpstate;
    fill(fpstate, registers);
    frame.fpstate = registers.size != 0 ? fpstate.data() : nullptr;
    handler(os::sigurg, nullptr, &frame);
    if (frame.rip != reinterpret_cast<std::uintptr_t>(&runtime_text)) {
        return;
    }
    explore::check(registers.size <= room_for_vectors, "registers are kept without room for them");
    // The handler has made this thread the scheduler's. The goroutine goes on here some time, maybe
    // on another thread.
    g* const gp = self->block.current->m->curg; // it is on g0
    taken_off[gp] = registers;
    fpstate.fill({}); // the kernel's frame is gone
    self->function = [](g* off, void*) { return preempted0(off); };
    self->left = gp;
    self->to = nullptr;
    machine::leave(gp);
}

} // namespace

extern "C" {

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
[[noreturn, gnu::used]] void gogo_on_host(g* gp) {
    thread* const self = machine::here();
    g* const over = self->block.current;
    self->to = gp;
    self->published = nullptr;
    self->block.current = gp->m->g0;
    machine::leave(over);
    std::abort(); // it was over
}

// Of what the handler has copied only the vector registers are looked at: the others are where the
// goroutine went off its stack.
[[noreturn]] void sigresume(g* gp, void* context) asm("runtime.sigresume");
void sigresume(g* gp, void* context) {
    const std::byte* saved = nullptr;
    std::memcpy(static_cast<void*>(&saved), static_cast<std::byte*>(context) + fpstate_at,
                sizeof saved);
    const vectors registers = taken_off.at(gp);
    vector_frame expected;
    fill(expected, registers);
    explore::check((saved == nullptr) == (registers.size == 0) &&
                       std::equal(saved, saved + registers.size, expected.begin()),
                   "a goroutine goes on with other registers");
    gp->sp = 0;
    get_tcb()->current = gp;
    get_tcb()->stack_guard = machine::guard_for(gp);
    no_preempt::end();
    machine::resumed();
}

long start_thread(std::uint64_t flags, void* stack, runtime::atomic<std::uint32_t>* tid,
                  tcb* tls) asm("runtime.clone");
long start_thread(std::uint64_t /*flags*/, void* /*stack*/, runtime::atomic<std::uint32_t>* tid,
                  tcb* tls) {
    auto* const made = reinterpret_cast<thread*>(tls);
    made->tid = tid;
    simulate::enter_kernel("clone");
    if (const int error = simulate::refusal("clone"); error != 0) {
        return -error;
    }
    explore::check(alive.insert(made).second, "a thread has the memory of one that is not over");
    static std::uint32_t started = 0;
    const std::uint32_t id = ++started + 1;
    tid->store(id, std::memory_order_release);
    explore::start([made] {
        explore::local() = made;
        machine::run_goroutines();
    });
    return id;
}

} // extern "C"

namespace machine {

thread* here() {
    return static_cast<thread*>(explore::local());
}

std::uintptr_t guard_for(const g* gp) {
    return gp->segment != nullptr ? gp->segment->guard : 0;
}

void enter(g* gp) {
    thread* const self = here();
    coroutine& to = coroutines[gp];
    if ((gp->sp & SP_FRESH) != 0) {
        gp->sp &= ~std::uintptr_t{SP_FRESH};
        if (to.stack == nullptr) {
            to.stack = std::make_unique_for_overwrite<std::byte[]>(coroutine_stack);
        }
        to.sp = host::fresh_context(to.stack.get() + coroutine_stack, [] {
            funcval* const start = begins_with(getg());
            start->fn(start);
            goexit1();
        });
    }
    host::host_switch(&self->sp, to.sp);
}

void leave(g* gp) {
    host::host_switch(&coroutines[gp].sp, here()->sp);
}

} // namespace machine

namespace simulate {

void prologue() {
    explore::fence(0); // a step
    tcb* const block = get_tcb();
    if (block->stack_guard != static_cast<std::uintptr_t>(STACK_PREEMPT)) {
        return;
    }
    block->stack_guard = machine::guard_for(getg());
    if (!block->in_runtime()) {
        gopreempt();
    }
}

void grow_stack(std::size_t bytes) {
    const no_preempt here;
    mem::segment* last = getg()->segment;
    if (last == nullptr) {
        return; // the kernel's stack
    }
    while (last->next != nullptr) {
        last = last->next;
    }
    ::grow_stack(last, bytes);
}

std::array<int, 2> make_pipe() {
    const int first = first_descriptor + 2 * static_cast<int>(pipes.size());
    pipes.emplace_back();
    return {first, first + 1};
}

void sleep_in_the_kernel(std::int64_t nanoseconds) {
    const syscall_scope blocking;
    enter_kernel("sleep");
    const std::int64_t deadline = now() + nanoseconds;
    while (now() < deadline) {
        (void)wait(nullptr, deadline);
    }
}

void expect_fatal(std::string_view text) {
    expected_fatal = text;
}

std::string_view last_said() {
    return said;
}

void boot(std::uint32_t procs, void (*main)()) {
    program = main;
    explore::local() = &first_thread;
    on_signal(&deliver);
    g0.stack_hi = reinterpret_cast<std::uintptr_t>(kernel_stack.data());
    knobs.asyncpreemptoff = one_in(8) ? 1 : 0;
    knobs.randsched = one_in(8) ? 1 + static_cast<std::uint32_t>(below(1000)) : 0;
    knobs.schedtrace = one_in(8) ? static_cast<std::uint32_t>(1 + below(20)) : 0;
    knobs.scheddetail = one_in(2) ? 1 : 0;
    machine::boot(first_thread, procs);
    static funcval entry{[](funcval*) {
        program();
        explore::check(expected_fatal.empty(), "it was not fatal");
        end("ok");
    }};
    newproc(&entry);
    machine::run_goroutines();
}

} // namespace simulate

namespace runtime {

using simulate::enter_kernel;
using simulate::refusal;

tcb* get_tcb() {
    return &machine::here()->block;
}

uint32_t cpu_xsave_arguments(size_t /*room*/, bool* fits) {
    *fits = true;
    return 0;
}
uint32_t cpu_quota() {
    return simulate::one_in(2) ? no_cpu_quota : static_cast<uint32_t>(2 + simulate::below(4));
}

// What abi/atexit.cpp does. Some threads have destructors to run.
bool has_thread_exit_handlers() {
    return simulate::thread_number() % 8 == 7;
}
void run_thread_exit_handlers() {
    const g* const gp = getg();
    explore::check(gp->locked && gp->m->lockedg == gp && gp != gp->m->g0,
                   "a thread's destructors run where it does not end");
}

void fatal(std::string_view text) {
    if (text == expected_fatal) {
        simulate::end("ok, " + expected_fatal);
    }
    // What the runtime cannot do without was refused, and it says so.
    if (simulate::refused_once() && text != "all goroutines are asleep - deadlock!" &&
        text != "a goroutine is not in the state that its owner left it in") {
        simulate::end("ok, fatal error: " + std::string(text));
    }
    explore::fail(("fatal error: " + std::string(text)).c_str());
}
void fatal(std::initializer_list<std::string_view> parts) {
    fatal(*parts.begin());
}
void fatal_after(std::string_view /*lines*/, std::string_view text) {
    fatal(text);
}
void fatal_errno(std::string_view what, int /*error*/, std::string_view /*hint*/) {
    fatal(what);
}
void panic(std::string_view text) {
    if (text == expected_fatal) {
        simulate::end("ok, " + expected_fatal);
    }
    explore::fail(("panic: " + std::string(text)).c_str());
}

namespace os {

namespace {

void* map_for(size_t size, int* error) {
    enter_kernel("mmap");
    *error = refusal("mmap");
    return *error == 0 ? memory.map(size) : nullptr;
}

} // namespace

void* map(size_t size, int* error) {
    return map_for(size, error);
}
void* map_stack(size_t size, int* error) {
    return map_for(size, error);
}
int unmap(void* address, size_t size) {
    enter_kernel("munmap");
    if (const int error = refusal("munmap"); error != 0) {
        return -error;
    }
    memory.unmap(address, size);
    return 0;
}
int decommit(void* address, size_t size) {
    enter_kernel("madvise");
    if (const int error = refusal("madvise"); error != 0) {
        return -error;
    }
    memory.clear(address, size);
    return 0;
}
int guard(void* /*address*/, size_t /*size*/) {
    enter_kernel("mprotect");
    return -refusal("mprotect");
}

int fast_clock_gettime(int /*clock*/, timespec* time) {
    if (const int error = refusal("clock_gettime"); error != 0) {
        return -error;
    }
    constexpr int64_t second = 1'000'000'000;
    *time = {1 + simulate::now() / second, simulate::now() % second};
    return 0;
}
void sleep(int64_t nanoseconds) {
    enter_kernel("nanosleep");
    (void)simulate::wait(nullptr, simulate::now() + nanoseconds);
}

uint32_t thread_id() {
    return static_cast<uint32_t>(simulate::thread_number() + 1);
}
int set_signal_handler(int /*signal*/, signal_handler to, void (* /*restorer*/)()) {
    enter_kernel("rt_sigaction");
    handler = to;
    return 0;
}
int set_signal_stack(void* /*stack*/, size_t /*size*/) {
    enter_kernel("sigaltstack");
    return -refusal("sigaltstack");
}
int unblock_signal(int /*signal*/) {
    enter_kernel("rt_sigprocmask");
    return 0;
}
int signal_thread(uint32_t to, int /*signal*/) {
    enter_kernel("tgkill");
    if (const int error = refusal("tgkill"); error != 0) {
        return -error;
    }
    return simulate::signal(to - 1) ? 0 : -ESRCH;
}
void exit_thread() {
    enter_kernel("exit");
    // The kernel's part, with which the thread's memory may be used again.
    machine::thread* const self = machine::here();
    self->tid->store(0, std::memory_order_release);
    alive.erase(self);
    explore::end_thread();
}

int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    if (const int error = refusal("futex"); error != 0) {
        return -error;
    }
    return explore::futex_wait(word, expected, nanoseconds);
}
int futex_wake(const uint32_t* word, int count) {
    return explore::futex_wake(word, count);
}

// Atomics are in order here.
int prepare_fence_all() {
    enter_kernel("membarrier");
    return -refusal("membarrier");
}
int fence_all() {
    enter_kernel("membarrier");
    return -refusal("membarrier");
}

long read(int fd, void* buffer, size_t size) {
    enter_kernel("read");
    pipe_state* const from = pipe_of(fd);
    if (from == nullptr || !reads(fd)) {
        return -EBADF;
    }
    for (;;) {
        if (simulate::interrupted()) {
            return -EINTR;
        }
        if (const size_t there = std::min(size, pipe_of(fd)->bytes.size()); there != 0) {
            const size_t count = 1 + simulate::below(there); // a short one is one, too
            auto& bytes = pipe_of(fd)->bytes;
            std::memcpy(buffer, bytes.data(), count);
            bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
            simulate::wake_all(pipe_of(fd + 1));
            return static_cast<long>(count);
        }
        if (!pipe_of(fd)->writer) {
            return 0;
        }
        if (!simulate::wait(pipe_of(fd), -1)) {
            return -EINTR;
        }
    }
}
long write(int fd, const void* data, size_t size) {
    enter_kernel("write");
    if (fd == 2) {
        said.assign(static_cast<const char*>(data), size);
        explore::check(said.back() == '\n', "a line is written in two parts");
        return static_cast<long>(size);
    }
    if (pipe_of(fd) == nullptr || reads(fd)) {
        return -EBADF;
    }
    for (;;) {
        if (simulate::interrupted()) {
            return -EINTR;
        }
        auto& bytes = pipe_of(fd)->bytes;
        if (!pipe_of(fd)->reader) {
            return -EPIPE;
        }
        if (bytes.size() < pipe_room) {
            const size_t count = 1 + simulate::below(std::min(size, pipe_room - bytes.size()));
            const auto* const from = static_cast<const std::byte*>(data);
            bytes.insert(bytes.end(), from, from + count);
            simulate::wake_all(pipe_of(fd));
            return static_cast<long>(count);
        }
        if (!simulate::wait(pipe_of(fd), -1)) {
            return -EINTR;
        }
    }
}
int close(int fd) {
    enter_kernel("close");
    pipe_state* const of = pipe_of(fd);
    if (of == nullptr) {
        return -EBADF;
    }
    (reads(fd) ? of->reader : of->writer) = false;
    simulate::wake_all(of);
    return 0;
}
int open(const char* /*path*/, int /*flags*/, unsigned /*mode*/) {
    enter_kernel("open");
    return -ENOENT;
}
int poll(pollfd* /*fds*/, unsigned /*count*/, int /*timeout_ms*/) {
    enter_kernel("poll");
    return -ENOSYS;
}

} // namespace os

} // namespace runtime
