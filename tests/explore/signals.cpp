// What sched/preempt.cpp finds below it: the kernel's signals, arch/amd64/preempt.S and the part of
// __morestack that gives way. Registers are not modelled: a goroutine that was taken off goes on
// where its coroutine is.
#include "tests/explore/signals.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>

#include "base/cpu.h"
#include "os/os.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/host/switching.h"

asm(R"(
    .text
    .globl runtime.sigresume, runtime.sigresume_end
    .type runtime.sigresume, @function
runtime.sigresume:
    jmp explore_sigresume
runtime.sigresume_end:
    .size runtime.sigresume, . - runtime.sigresume
)");

namespace runtime {

extern "C" {
void sigreturn() asm("runtime.sigreturn");
void preempted() asm("runtime.preempted");
void sigresume() asm("runtime.sigresume");
// sched/preempt.cpp
g* preempted0(g* gp) asm("runtime.preempted0");
void gopreempt() asm("runtime.gopreempt");
}

} // namespace runtime

namespace machine {

namespace {

using namespace runtime;

os::signal_handler handler = nullptr; // all runs'
// Threads in the handler, where the kernel keeps the next signal back; threads between the last
// instruction that counts and the kernel's part of a resume.
std::set<const void*> handling;
std::set<const void*> resuming;

// Places in the kernel's frame.
constexpr std::size_t frame_size = 304;
constexpr std::size_t rdi_at = 104;
constexpr std::size_t rip_at = 168;
constexpr std::uintptr_t somewhere = 1; // in the program

std::uintptr_t read(const std::array<std::byte, frame_size>& frame, std::size_t at) {
    std::uintptr_t value = 0;
    std::memcpy(&value, &frame.at(at), sizeof value);
    return value;
}

// On the interrupted thread.
void deliver() {
    if (handling.contains(explore::local())) {
        (void)explore::interrupt(explore::local(), deliver);
        return;
    }
    alignas(16) std::array<std::byte, frame_size> frame{};
    const bool resumes = resuming.contains(explore::local());
    const auto rip = resumes ? reinterpret_cast<std::uintptr_t>(sigresume) : somewhere;
    std::memcpy(&frame.at(rip_at), &rip, sizeof rip);
    handling.insert(explore::local());
    handler(os::sigurg, nullptr, frame.data());
    handling.erase(explore::local());
    if (read(frame, rip_at) == rip) {
        return;
    }
    explore::check(!resumes, "a goroutine is taken off while it is being resumed");
    explore::check(read(frame, rip_at) == reinterpret_cast<std::uintptr_t>(preempted),
                   "a signal returns to nowhere");
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    take_off(reinterpret_cast<g*>(read(frame, rdi_at)), preempted0);
}

// arch/amd64/preempt.S's.
extern "C" [[noreturn]] void explore_sigresume(g* gp, void* /*context*/);
void explore_sigresume(g* gp, void* /*context*/) {
    tcb* const block = get_tcb();
    block->current = gp;
    block->stack_guard = some_guard;
    no_preempt::end();
    resuming.insert(explore::local());
    explore::point();
    resuming.erase(explore::local());
    gp->sp = 0;
    resumed();
}

} // namespace

void forget_signals() {
    handling.clear();
    resuming.clear();
}

// As __morestack.
void prologue() {
    while (atomic_ref<uintptr_t>(get_tcb()->stack_guard).load(std::memory_order_acquire) ==
           static_cast<uintptr_t>(STACK_PREEMPT)) {
        if (get_tcb()->in_runtime()) {
            return;
        }
        no_preempt::begin();
        if (getg()->status.load(std::memory_order_relaxed) != g_status::running) {
            no_preempt::end();
            return;
        }
        get_tcb()->stack_guard = some_guard;
        no_preempt::end();
        gopreempt();
    }
}

} // namespace machine

namespace runtime {

void sigreturn() {
    explore::fail("nobody returns there");
}
void preempted() {
    explore::fail("nobody returns there");
}

uint32_t cpu_xsave_arguments(size_t /*room*/, bool* fits) {
    *fits = true;
    return 0;
}

namespace os {

int set_signal_handler(int /*signal*/, signal_handler handler, void (* /*restorer*/)()) {
    machine::handler = handler;
    return 0;
}
int unblock_signal(int /*signal*/) {
    return 0;
}
int set_signal_stack(void* /*stack*/, size_t /*size*/) {
    return 0;
}
int signal_thread(uint32_t thread, int /*signal*/) {
    return machine::interrupt(thread, machine::deliver) ? 0 : -ESRCH;
}

} // namespace os

} // namespace runtime
