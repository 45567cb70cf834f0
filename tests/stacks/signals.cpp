// Goroutines that a signal takes off their thread, at any instruction: of functions that cross from
// one segment to the next, of their prologues, of __morestack. What they had in registers is there
// when they go on, though others have run meanwhile that changed all of them. In the runtime the
// signal changes nothing.
//
//      random COUNT    signals from another thread, until COUNT of them took one of the goroutines
//                      off
//      steps COUNT     one goroutine and one thread: a signal before each instruction, until COUNT
//                      of them took it off
//
// Returns 0 where all was right, and so many did within a time limit.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <rt0/rt0.h>

#include "../sched/kernel.h"
#include "os/os.h"
#include "others.h"

extern "C" {
// The linker puts ours in the place of these (-Wl,--wrap), and has the runtime's under these names.
void real_preempt(runtime::p* pp, uint32_t slice,
                  bool by_signal) asm("__real__ZN7runtime7preemptEPNS_1pEjb");
void sysmon_preempts(runtime::p* pp, uint32_t slice,
                     bool by_signal) asm("__wrap__ZN7runtime7preemptEPNS_1pEjb");
runtime::g* real_preempted0(runtime::g* gp) asm("__real_runtime.preempted0");
runtime::g* count_preempted(runtime::g* gp) asm("__wrap_runtime.preempted0");

extern const char morestack[] asm("__morestack");
extern const char morestack_end[] asm("runtime.next_segment");
extern const char sigresume[] asm("runtime.sigresume");
extern const char sigresume_end[] asm("runtime.sigresume_end");
extern const char preempted[] asm("runtime.preempted");
extern const char sigreturn[] asm("runtime.sigreturn");
}

// sysmon asks nobody here, so that all signals are ours, and runtime::preempt, which is not for two
// threads at once, is too.
void sysmon_preempts(runtime::p* /*pp*/, uint32_t /*slice*/, bool /*by_signal*/) {}

namespace {

// In the kernel's frame, in words: rip and the flags.
constexpr size_t rip_at = 21;
constexpr size_t flags_at = 22;

// The goroutines whose registers are looked at.
std::array<std::atomic<runtime::g*>, 2> targets;

// How often a signal took one of them off, and where.
std::atomic<long> taken;
std::atomic<long> taken_keeping;   // in the loop of keep_registers
std::atomic<long> taken_comparing; // before a prologue compares
std::atomic<long> taken_in_morestack;

[[gnu::always_inline]] inline bool between(uintptr_t rip, const char* begin, const char* end) {
    return rip >= reinterpret_cast<uintptr_t>(begin) && rip < reinterpret_cast<uintptr_t>(end);
}

// cmpq %fs:0x70, %rsp or %r11.
bool compares(uintptr_t rip) {
    uint64_t code = 0;
    std::memcpy(&code, reinterpret_cast<const void*>(rip), sizeof code);
    code &= 0xff'ffff'ffff'ffff;
    return code == 0x7025'243b'4864 || code == 0x7025'1c3b'4c64;
}

void count(std::atomic<long>& what) {
    what.fetch_add(1, std::memory_order_relaxed);
}

uint64_t now() {
    runtime::os::timespec time{};
    CHECK(runtime::os::clock_gettime(1, &time) == 0);
    return static_cast<uint64_t>(time.seconds) * 1'000'000'000 +
           static_cast<uint64_t>(time.nanoseconds);
}

// When it has taken too long: a minute, and several times what each takes.
uint64_t time_limit(long wanted) {
    return now() + 60'000'000'000 + 1'000'000 * static_cast<uint64_t>(wanted);
}

} // namespace

// On g0. gp's registers are the kernel's frame, behind a word.
runtime::g* count_preempted(runtime::g* gp) {
    for (const auto& target : targets) {
        if (gp == target.load(std::memory_order_relaxed)) {
            const auto* const words =
                reinterpret_cast<const uint64_t*>(gp->sp & ~uintptr_t{SP_PREEMPTED});
            const uintptr_t rip = words[1 + rip_at];
            count(taken);
            if (between(rip, keep_registers_loaded, keep_registers_stored)) {
                count(taken_keeping);
            } else if (between(rip, morestack, morestack_end)) {
                count(taken_in_morestack);
            } else if (compares(rip)) {
                count(taken_comparing);
            }
        }
    }
    return real_preempted0(gp);
}

namespace {

// A goroutine's own registers.
struct kept {
    registers in;
    registers out;
    uint64_t random;
};

NOINLINE void keep(kept& own, uint64_t rounds) {
    own.in.general[1] = 0; // counted down
    own.out.mask = own.in.mask;
    keep_registers(&own.in, &own.out, rounds);
}

// Half of the times where each of all_calls' calls crosses.
constexpr long each_crosses = -16;
void choose_place(uint64_t& random) {
    constexpr auto places = static_cast<uint64_t>(highest_call - lowest_call) / 16;
    const auto place = static_cast<long>(next_random(random) % places);
    calls_at = next_random(random) % 2 == 0 ? each_crosses : lowest_call + 16 * place;
}

// What has to have happened.
bool enough(long wanted) {
    rt0::eprintln(
        "{} taken off: {} with all registers known, {} at the beginning of a prologue, {} "
        "in __morestack",
        taken.load(), taken_keeping.load(), taken_comparing.load(), taken_in_morestack.load());
    return taken >= wanted && taken_keeping > wanted / 100 && taken_comparing > 0 &&
           taken_in_morestack > 0;
}

// Random moments.

// Signals to whatever runs, until so many took a goroutine off. Between entersyscall and
// exitsyscall, so without a p; on a plain stack, because nothing may grow meanwhile.
void send_signals(long wanted) {
    rt0::on_big_stack([wanted] {
        constexpr long set_timer_slack = 29;
        CHECK(raw_call(157, set_timer_slack, 1) == 0); // prctl: as precise as it gets
        runtime::entersyscall();
        uint64_t random = 1;
        const uint64_t end = time_limit(wanted);
        while (taken.load(std::memory_order_relaxed) < wanted && now() < end) {
            runtime::os::sleep(static_cast<int64_t>(next_random(random) % 30'000));
            const uint32_t procs = runtime::sched.procs_made.load(std::memory_order_acquire);
            runtime::p* const pp =
                runtime::proc(static_cast<uint32_t>(next_random(random) % procs));
            real_preempt(pp, pp->schedtick.load(std::memory_order_relaxed), true);
        }
        runtime::exitsyscall();
    });
}

void at_random(long wanted) {
    among_others([wanted] {
        std::atomic<bool> stop = false;
        rt0::wait_group group;
        for (size_t i = 0; i < targets.size(); ++i) {
            group.go([&stop, i] {
                const auto own = std::make_unique<kept>();
                own->random = i + 1;
                while (!stop) {
                    // Anew now and then, so that there are segments to get.
                    rt0::wait_group one;
                    one.go([&own, &stop, i] {
                        targets.at(i) = getg();
                        for (int round = 0; round < 20 && !stop; ++round) {
                            fill(own->in, own->random);
                            keep(*own, 1 + next_random(own->random) % 20'000);
                            CHECK(same(own->in, own->out, all_registers));
                            choose_place(own->random);
                            at_distance(far, calls_and_large_frames);
                        }
                        targets.at(i) = nullptr;
                    });
                    one.wait();
                }
            });
        }
        rt0::wait_group sender;
        sender.go([wanted] { send_signals(wanted); });
        sender.wait();
        stop = true;
        group.wait();
    });
    CHECK(enough(wanted));
}

// Step by step.

bool everywhere;    // on g0 too
bool expected;      // that the signal takes the goroutine off
uintptr_t last_rip; // where it was sent
long refused;       // signals that change nothing,
long refused_in_sigresume;
long refused_on_g0;
long surprises; // where it should have been otherwise
uintptr_t surprise;

// SIGTRAP: the goroutine is about to execute the next instruction. SIGURG is blocked meanwhile and
// comes when this one is over, before that instruction.
extern "C" [[gnu::no_split_stack]] void on_step(int signal, void* info, void* frame);
void on_step(int /*signal*/, void* /*info*/, void* frame) {
    auto* const words = static_cast<uint64_t*>(frame);
    const uintptr_t rip = words[rip_at];
    const runtime::tcb* const block = runtime::get_tcb();
    runtime::g* const gp = block->current;
    runtime::m* const mp = gp->m;
    if ((words[flags_at] & TRAP_FLAG) == 0) {
        expected = false;
        return; // the last one
    }
    // Taken off, and fninit, of two bytes, is over.
    const bool was_taken = rip == reinterpret_cast<uintptr_t>(preempted) + 2;
    if (was_taken != expected) {
        if (surprises++ == 0) {
            surprise = last_rip;
        }
    }
    if (was_taken && !everywhere) {
        expected = false;
        words[flags_at] &= ~uint64_t{TRAP_FLAG}; // until the goroutine has its own flags again
        return;
    }
    const bool resumes = between(rip, sigresume, sigresume_end);
    expected = gp == targets.data()[0].load(std::memory_order_relaxed) && !block->in_runtime() &&
               gp->status.load(std::memory_order_relaxed) == runtime::g_status::running && !resumes;
    if (!expected) {
        ++refused;
        refused_in_sigresume += resumes && !block->in_runtime() ? 1 : 0;
        refused_on_g0 += gp == mp->g0 ? 1 : 0;
    }
    last_rip = rip;
    real_preempt(&runtime::p0, runtime::p0.schedtick.load(std::memory_order_relaxed), true);
}

void handle_steps() {
    constexpr long rt_sigaction = 13;
    constexpr long sigtrap = 5;
    constexpr uint64_t flags = 0x0c000004; // SA_SIGINFO, SA_ONSTACK, SA_RESTORER
    const std::array<uint64_t, 4> action{reinterpret_cast<uint64_t>(on_step), flags,
                                         reinterpret_cast<uint64_t>(sigreturn),
                                         uint64_t{1} << (runtime::os::sigurg - 1)};
    CHECK(raw_call(rt_sigaction, sigtrap, reinterpret_cast<long>(action.data()), 0, 8) == 0);
}

// f, on a goroutine that a signal takes off where f asks for steps.
template <class F>
void step_through(F f) {
    rt0::wait_group group;
    group.go([&f] {
        targets[0] = getg();
        f();
        targets[0] = nullptr;
    });
    group.wait();
}

void steps(long wanted) {
    handle_steps();
    const auto own = std::make_unique<kept>();
    own->random = 1;
    const uint64_t end = time_limit(wanted);
    calls_at = each_crosses;
    among_others([&] {
        while (taken < wanted && now() < end) {
            step_through([&own] {
                for (int round = 0; round < 2; ++round) { // later with kept segments
                    fill(own->in, own->random);
                    own->in.flags = round == 0 ? ARITHMETIC_FLAGS : 0;
                    set_steps(true);
                    keep(*own, 100);
                    at_distance(far, all_calls);
                    set_steps(false);
                    CHECK(same(own->in, own->out, all_registers));
                }
            });
            choose_place(own->random);
        }
    });
    // Nobody else is there, so that the scheduler and what continues the goroutine are stepped
    // through too.
    calls_at = anywhere;
    everywhere = true;
    step_through([] {
        set_steps(true);
        CHECK(middle_frame(1) == 2);
        ask_now();
        CHECK(middle_frame(1) == 2);
        set_steps(false);
    });
    rt0::eprintln("{} changed nothing, {} on g0, {} in sigresume; {} surprises, at {:#x}", refused,
                  refused_on_g0, refused_in_sigresume, surprises, surprise);
    CHECK(surprises == 0);
    CHECK(refused_on_g0 > 1000 && refused_in_sigresume > 100);
    CHECK(enough(wanted));
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc == 3 ? argv[1] : "";
    const long wanted = argc == 3 ? std::atol(argv[2]) : 0;
    may_move = true; // or another one comes between, on the same thread
    CHECK((states().mask & (state_x87 | state_sse)) == (state_x87 | state_sse)); // XSAVE is there
    all_calls(); // what is initialised once
    if (word == "random") {
        at_random(wanted);
    } else if (word == "steps") {
        rt0::gomaxprocs(1);
        steps(wanted);
    } else {
        return 1;
    }
    return wrong == 0 ? 0 : 1;
}
