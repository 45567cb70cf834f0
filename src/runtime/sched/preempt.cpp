// Preemption: taking a goroutine off its thread that does not leave it by itself. sysmon asks
// twice.
//
// First it stores STACK_PREEMPT where the prologues of the program's functions find the stack's
// guard. The next function that is called finds no room, and __morestack calls preempt_here, which
// keeps what the function was called with on the goroutine's own stack. The store races with the
// thread's own of its guard, at the boundary of a segment or in gogo, and may be lost.
//
// A goroutine that calls nothing is sent a signal. The handler looks whether it may be interrupted
// here: it runs code of the program, not of the runtime (nopreempt is zero), on its own stack. If
// so, the handler copies what the kernel has saved, all registers, vector registers included, to
// memory of the runtime, and lets the signal return into the scheduler instead. So nothing is
// written to the goroutine's stack, however small that is, and its red zone does not matter. The
// goroutine continues by a sigreturn from the copy, on whatever thread.
//
// What is lost on the way: nothing of the goroutine. FS is not among the registers that a sigreturn
// loads, so it is the new thread's; the address of the alternate stack is, and is set to the new
// thread's before.
#include <cstddef>
#include <cstring>

#include "base/cpu.h"
#include "base/fatal.h"
#include "base/knobs.h"
#include "os/os.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// The kernel's frame, as far as a sigreturn reads it.
struct signal_context {
    uint64_t flags;
    void* link;
    struct {
        uintptr_t base;
        int32_t flags;
        uint64_t size;
    } stack;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
    uint64_t rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, oldmask, cr2;
    unsigned char* fpstate;
    uint64_t reserved[8];
    uint64_t mask;
};
static_assert(offsetof(signal_context, rip) == 168 && sizeof(signal_context) == 304);

// The software part of the FXSAVE area tells how large the whole is.
constexpr size_t fxsave_size = 512;
constexpr size_t fxsave_magic_at = 464;
constexpr uint32_t fxsave_magic = 0x46505853;
constexpr size_t extended_size_at = 468;

constexpr uint64_t direction_flag = 0x400;

// Enough for every vector state there is (AMX: 11 KiB), and the handler beside it.
constexpr size_t signal_stack_size = 32 * 1024;

} // namespace

// A preempted goroutine's registers.
struct preempted_state {
    preempted_state* next; // while nobody uses it
    signal_context context;
    alignas(64) unsigned char vectors[16 * 1024 - 320];
};
static_assert(sizeof(preempted_state) == 16 * 1024);

extern "C" {
// arch/amd64/sigreturn.S
void sigreturn() asm("runtime.sigreturn");
void preempted() asm("runtime.preempted");
[[noreturn]] void sigresume(g* gp, void* context) asm("runtime.sigresume");
extern const char sigresume_end[] asm("runtime.sigresume_end");
}

namespace {

// Under sched.lock.
constinit preempted_state* free_states = nullptr;

// Room for one goroutine's registers. A thread without would have its goroutine run for as long as
// it likes, whoever waits.
preempted_state* new_state() {
    {
        const lock_guard guard(sched.lock);
        if (preempted_state* const state = free_states) {
            free_states = state->next;
            return state;
        }
    }
    int error = 0;
    void* const memory = os::map(sizeof(preempted_state), &error);
    if (memory == nullptr) {
        fatal_no_memory("cannot map the registers of a goroutine", error);
    }
    return static_cast<preempted_state*>(memory);
}

// Takes the goroutine off this thread, if that may be.
bool take_off(signal_context* context, tcb* block) {
    if (block->nopreempt != 1 || // the handler's own
        block->claim.load(std::memory_order_relaxed) != 0) {
        return false;
    }
    g* const gp = block->current;
    m* const mp = gp->m;
    if (gp == mp->g0 || gp != mp->curg || block->p == nullptr || mp->preempt_room == nullptr ||
        gp->status.load(std::memory_order_relaxed) != g_status::running ||
        block->p->preempt.load(std::memory_order_relaxed) !=
            block->p->schedtick.load(std::memory_order_relaxed)) {
        return false;
    }
    const auto resume = reinterpret_cast<uintptr_t>(sigresume);
    if (context->rip >= resume && context->rip < reinterpret_cast<uintptr_t>(sigresume_end)) {
        return false;
    }
    preempted_state* const state = mp->preempt_room;
    size_t size = 0;
    if (context->fpstate != nullptr) {
        uint32_t magic = 0;
        uint32_t extended = 0;
        std::memcpy(&magic, context->fpstate + fxsave_magic_at, sizeof magic);
        std::memcpy(&extended, context->fpstate + extended_size_at, sizeof extended);
        size = magic == fxsave_magic ? extended : fxsave_size;
        if (size > sizeof state->vectors) {
            return false;
        }
        std::memcpy(state->vectors, context->fpstate, size);
    }
    state->context = *context;
    state->context.fpstate = context->fpstate != nullptr ? state->vectors : nullptr;
    gp->sp = reinterpret_cast<uintptr_t>(state) | SP_PREEMPTED;
    mp->preempt_room = nullptr;
    // From here on the thread is the scheduler's.
    block->nopreempt = 1;
    block->current = mp->g0;
    context->rip = reinterpret_cast<uintptr_t>(preempted);
    context->rsp = mp->g0->sp;
    context->rdi = reinterpret_cast<uintptr_t>(gp);
    context->rbp = 0;
    context->rflags &= ~direction_flag;
    return true;
}

void on_preempt_signal(int /*signal*/, void* /*info*/, void* frame) {
    tcb* const block = get_tcb();
    // First of all: an inline function that the runtime shares with the program may have been
    // compiled to ask for stack. Here nobody gives way where sysmon asks, and the signal stack does
    // not grow, nor does g0's.
    ++block->nopreempt;
    const uintptr_t guard = block->stack_guard;
    block->stack_guard = 0;
    if (!take_off(static_cast<signal_context*>(frame), block)) {
        block->stack_guard = guard;
        --block->nopreempt;
    }
}

} // namespace

namespace {

// gp is off its thread, and what the others wait for comes first. On g0.
g* give_way(g* gp) {
    set_status(gp, g_status::running, g_status::runnable);
    leave_m(gp);
    {
        const lock_guard guard(sched.lock);
        globrunqput(gp);
    }
    // As tell_others: an m that goes to sleep counts itself as a spinner no more, and then looks at
    // the queue once more. One of the two sees the other.
    runtime::atomic_thread_fence(std::memory_order_seq_cst);
    if (sched.npidle.load(std::memory_order_relaxed) != 0 &&
        sched.nmspinning.load(std::memory_order_relaxed) == 0) {
        wakep(); // an idle p may run it
    }
    return schedule();
}

} // namespace

extern "C" {

// Where the signal returns to, on g0.
g* preempted0(g* gp) asm("runtime.preempted0");
g* preempted0(g* gp) {
    gp->m->preempt_room = new_state();
    return give_way(gp);
}

// preempt_here's.
void gopreempt() asm("runtime.gopreempt");
void gopreempt() {
    if (always_asked != 0 && drawn_to_go_on()) {
        ask_if_always();
        return;
    }
    mcall([](g* gp, void* /*nothing*/) { return give_way(gp); }, nullptr);
    ask_if_always();
}

// gogo's, on g0: continues what a signal took off its thread.
[[noreturn]] void resume_preempted(g* gp) asm("runtime.resume_preempted");
void resume_preempted(g* gp) {
    m* const mp = gp->m;
    auto* const state = reinterpret_cast<preempted_state*>(gp->sp & ~uintptr_t{SP_PREEMPTED});
    // The state is this thread's from now on: the kernel reads it before the next signal can come.
    if (preempted_state* const other = mp->preempt_room) {
        const lock_guard guard(sched.lock);
        other->next = free_states;
        free_states = other;
    }
    mp->preempt_room = state;
    state->context.stack.base = mp->signal_stack;
    state->context.stack.size = signal_stack_size;
    state->context.stack.flags = 0;
    sigresume(gp, &state->context);
}

// Where a sigreturn has come back: the registers are lost.
[[noreturn]] void sigreturn_refused(int error) asm("runtime.sigreturn_refused");
void sigreturn_refused(int error) {
    fatal_errno("cannot return from a signal (rt_sigreturn)", error,
                "allow it in the seccomp filter");
}

// What preempt_here asks XSAVE for; 0: it has FXSAVE.
extern uint32_t xsave_mask asm("runtime.xsave_mask");
constinit uint32_t xsave_mask = 0;
}

void init_preemption(m* mp) {
    static constinit atomic<bool> handled{false};
    if (mp->signal_stack == 0) {
        int error = 0;
        void* const stack = os::map(signal_stack_size, &error);
        if (stack == nullptr) {
            fatal_no_memory("cannot map a signal stack", error);
        }
        mp->signal_stack = reinterpret_cast<uintptr_t>(stack);
    }
    int error = os::set_signal_stack(reinterpret_cast<void*>(mp->signal_stack), signal_stack_size);
    if (error == 0 && !handled.exchange(true)) {
        error = os::set_signal_handler(os::sigurg, on_preempt_signal, sigreturn);
        if (error == 0) {
            // The program's parent may have left it blocked. Further threads inherit the mask.
            error = os::unblock_signal(os::sigurg);
        }
    }
    if (error != 0) {
        fatal_errno("cannot handle signals (sigaltstack, rt_sigaction, rt_sigprocmask)", error,
                    "allow them in the seccomp filter");
    }
    if (mp->preempt_room == nullptr) {
        mp->preempt_room = new_state();
    }
}

bool guard_works() {
    static constinit bool known = false;
    static constinit bool works = false;
    if (!known) {
        // Not at the start of the program: it takes several microseconds in a virtual machine.
        xsave_mask = cpu_xsave_arguments(PREEMPT_VECTORS, &works);
        known = true;
    }
    return works;
}

// sysmon alone calls this.
void preempt(p* pp, uint32_t slice, bool by_signal) {
    pp->preempt.store(slice, std::memory_order_relaxed);
    // The p may change hands meanwhile. An m is never unmapped; who is asked and not meant gives
    // way once too often, and a signal to the wrong thread finds that nobody asked its p.
    // Acquire: pairs with acquirep's release; mp->tls is there.
    m* const mp = pp->m.load(std::memory_order_acquire);
    if (mp == nullptr) {
        return;
    }
    const uint32_t thread = mp->tid.load(std::memory_order_relaxed);
    if ((by_signal || !guard_works()) && knobs.asyncpreemptoff == 0 && thread != 0) {
        const int error = os::signal_thread(thread, os::sigurg);
        if (error == 0 || error == -os::ESRCH_) { // ESRCH: it is over
            return;
        }
    }
    // Without signals the guard is asked again: the store may have been lost.
    if (guard_works()) {
        // Release: pairs with the prologue's load, which on this processor acquires; preempt_here
        // sees the mask.
        atomic_ref<uintptr_t>(mp->tls->stack_guard)
            .store(static_cast<uintptr_t>(STACK_PREEMPT), std::memory_order_release);
    }
}

} // namespace runtime
