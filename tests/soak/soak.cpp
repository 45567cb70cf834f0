// Random mixes of all that goroutines can do, for so many seconds, with what must hold whatever the
// schedule is:
//
//   * every goroutine that is started begins once and ends once, and never runs twice at once;
//   * what it has on its stack, in its registers and on the heap is what it left there;
//   * what is sent through channels is received, once, and from one goroutine in order;
//   * at the end of a round nothing is left: goroutines, descriptors, threads beyond those that the
//     rounds needed at the same time, memory beyond that of the first rounds.
//
//     soak [preempted|squeezed] SECONDS [SEED [ROUND]]
//
// preempted: every p is asked to give way every 100 us, through the guard or by a signal. squeezed:
// one process after the other gets a few MiB of address space beside what it has, and goes on or
// ends with a fatal error that says so.
//
// All choices follow from the seed, round by round; the schedule does not, so what a seed has found
// once may take a few tries. A second process, which has one goroutine and needs no scheduler,
// watches: a hang, a signal, or an end that should not be is a failure that names seed and round.
#include <alloca.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <rt0/rt0.h>

#include "choices.h"
#include "sched/sched.h"

// What a compiler calls around the initialisation of a function-local static. Called here, because
// a static is initialised once and the rounds are many.
extern "C" int __cxa_guard_acquire(std::uint64_t* guard);
extern "C" void __cxa_guard_release(std::uint64_t* guard);

namespace {

using soak::choices;
using soak::fill;
using soak::is_filled;
using soak::mix;

// The kernel.

long raw_call(long number, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0) {
    long result = 0; // NOLINT(misc-const-correctness): the assembly writes it
    register const long r10 asm("r10") = a4;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a1), "S"(a2), "d"(a3), "r"(r10)
                 : "rcx", "r11", "memory");
    return result;
}

template <class T>
long address(T* pointer) {
    return reinterpret_cast<long>(pointer);
}

constexpr long sys_read = 0;
constexpr long sys_write = 1;
constexpr long sys_poll = 7;
constexpr long sys_pipe = 22;
constexpr long sys_dup = 32;
constexpr long sys_close = 3;
constexpr long sys_fork = 57;
constexpr long sys_wait4 = 61;
constexpr long sys_kill = 62;
constexpr long sys_prctl = 157;
constexpr long sys_gettid = 186;
constexpr long sys_exit_group = 231;
constexpr long sys_timerfd_create = 283;
constexpr long sys_timerfd_settime = 286;
constexpr long sys_pread64 = 17;
constexpr long sys_dup2 = 33;
constexpr long sys_prlimit64 = 302;
constexpr long sys_memfd_create = 319;

long thread_id() {
    return raw_call(sys_gettid);
}

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

// What the child process tells the one that watches it, as each round begins and at the end.
struct progress {
    std::uint64_t round;
    std::uint64_t goroutines;
    std::uint64_t operations;
};

enum class way : std::uint8_t { normal, preempted, squeezed };

way of_all;
std::uint64_t seed_of_all;
std::uint64_t current_round;

[[noreturn]] void fail(std::string_view what) {
    // Whatever is broken, it must not keep this from being told.
    (void)rt0::eprintln("soak: seed {}, round {}: {}", seed_of_all, current_round, what);
    raw_call(sys_exit_group, 1);
    __builtin_unreachable();
}

void require(bool holds, std::string_view what) {
    if (!holds) [[unlikely]] {
        fail(what);
    }
}

void require_at_most(std::uint64_t limit, std::uint64_t value, std::string_view what) {
    if (value > limit) {
        (void)rt0::eprintln("soak: {} where {} are the most", value, limit);
        fail(what);
    }
}

template <std::size_t Size>
struct payload {
    std::array<std::byte, Size> bytes;
    explicit payload(std::uint64_t seed) { fill(bytes, seed); }
};

struct alignas(64) aligned_payload : payload<64> {
    using payload::payload;
};

// A block of the heap that goes from goroutine to goroutine.
struct block {
    std::size_t size;
    std::uint64_t seed;

    std::span<std::byte> contents() { return {reinterpret_cast<std::byte*>(this + 1), size}; }

    static block* make(std::size_t size, std::uint64_t seed) {
        auto* const made = ::new (::operator new(sizeof(block) + size)) block{size, seed};
        fill(made->contents(), seed);
        return made;
    }
    static void check_and_free(block* of) {
        if (of != nullptr) {
            require(is_filled(of->contents(), of->seed), "a block of the heap has changed");
            ::operator delete(of);
        }
    }
};

// What lives as long as a round.

// A goroutine's, which outlives it.
struct life {
    std::atomic<int> inside;
    std::atomic<int> began;
    std::atomic<int> ended;
};

// How many there are, and the most there ever were.
struct gauge {
    std::atomic<int> there;
    std::atomic<int> most;

    void enter() {
        const int n = ++there;
        int before = most;
        while (before < n && !most.compare_exchange_weak(before, n)) {
        }
    }
    void leave() { --there; }
};

gauge alive;   // started and not ended
gauge blocked; // in the kernel
gauge locked;  // tied to a thread

template <class Mutex>
struct shared_sum {
    Mutex mutex;
    std::uint64_t sum = 0;
    std::atomic<std::uint64_t> expected = 0;
    int inside = 0;
};

// Read by many, and now and then written: both the same.
struct read_mostly {
    rt0::shared_mutex mutex;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

// As many are put as are taken, first.
struct shared_items {
    rt0::mutex mutex;
    rt0::condition_variable some;
    std::uint64_t there = 0;
};

struct lazily_made {
    std::uint64_t guard = 0;
    std::atomic<int> made = 0;
    std::uint64_t value = 0;
};

constexpr std::size_t sums = 4;
constexpr std::size_t lazies = 8;
constexpr std::size_t exchanged = 32;

using letter = std::unique_ptr<std::uint64_t>;

struct round_state {
    explicit round_state(std::size_t most)
        : lives(std::make_unique<life[]>(most))
        , capacity(most) {}

    life& take() {
        const std::size_t index = started++;
        require(index < capacity, "the soak itself: more goroutines than a round may have");
        alive.enter();
        return lives[index];
    }

    std::unique_ptr<life[]> lives;
    std::size_t capacity;
    std::atomic<std::size_t> started = 0;
    std::atomic<std::uint64_t> operations = 0;
    rt0::wait_group all;
    std::array<shared_sum<std::mutex>, sums> sum;
    std::array<shared_sum<rt0::mutex>, sums> own_sum;
    read_mostly read;
    shared_items items;
    std::array<lazily_made, lazies> lazy;
    std::array<std::atomic<block*>, exchanged> exchange{};
    // Between all of them; what has gone in and come out, in all.
    std::array<rt0::chan<letter>, 3> letters{rt0::chan<letter>(0), rt0::chan<letter>(1),
                                             rt0::chan<letter>(16)};
    std::atomic<std::uint64_t> sent = 0;
    std::atomic<std::uint64_t> received = 0;
};

// Waiting in the kernel.

struct pipe_ends {
    rt0::file read{-1};
    rt0::file write{-1};
};

pipe_ends make_pipe() {
    std::array<int, 2> fds{-1, -1};
    require(raw_call(sys_pipe, address(fds.data())) == 0, "no pipe");
    return {rt0::file(fds[0]), rt0::file(fds[1])};
}

void sleep_in_the_kernel(std::int64_t nanoseconds) {
    rt0::file timer(static_cast<int>(raw_call(sys_timerfd_create, 1)));
    require(timer.descriptor() >= 0, "no timer");
    const std::array<std::int64_t, 4> time{0, 0, nanoseconds / 1'000'000'000,
                                           nanoseconds % 1'000'000'000};
    require(raw_call(sys_timerfd_settime, timer.descriptor(), 0, address(time.data())) == 0,
            "the timer is not set");
    std::array<std::byte, 8> buffer{};
    require(timer.read(buffer).value_or(0) == 8, "a read of a timer");
}

thread_local long of_thread;

// Fills all registers with what follows from seed, compares them over and over until *stop or
// `turns` are over, and calls nothing meanwhile. Vector registers, the x87's and the red zone too.
// The number of turns in which something was different.
[[gnu::noinline]] std::uint64_t keep_registers(std::uint64_t seed, const std::atomic<bool>& stop,
                                               std::uint64_t turns) {
    std::uint64_t wrong = 0; // NOLINT(misc-const-correctness): the assembly writes it
    alignas(16) const std::array<std::uint64_t, 4> vector{seed, seed * 3, seed * 5, seed * 7};
    asm volatile("subq $256, %%rsp\n\t"
                 "movq %[seed], -8(%%rsp)\n\t"
                 "movq %[seed], -128(%%rsp)\n\t"
                 "leaq 1(%[seed]), %%r8\n\t"
                 "leaq 2(%[seed]), %%r9\n\t"
                 "leaq 3(%[seed]), %%r10\n\t"
                 "leaq 4(%[seed]), %%r11\n\t"
                 "leaq 5(%[seed]), %%r12\n\t"
                 "leaq 6(%[seed]), %%r13\n\t"
                 "leaq 7(%[seed]), %%r14\n\t"
                 "leaq 8(%[seed]), %%r15\n\t"
                 "movaps (%[vector]), %%xmm1\n\t"
                 "movaps 16(%[vector]), %%xmm8\n\t"
                 "movaps (%[vector]), %%xmm15\n\t"
                 "fldpi\n\t"
                 "fld1\n\t"
                 "fldpi\n\t"
                 "1:\n\t"
                 // Eight differences, which are 1 to 8, times 1, 2, 4 ... 128: no two errors of a
                 // bit cancel out.
                 "xorl %%eax, %%eax\n\t"
                 "subq %[seed], %%r15\n\t"
                 "leaq (%%r15, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r15\n\t"
                 "subq %[seed], %%r14\n\t"
                 "leaq (%%r14, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r14\n\t"
                 "subq %[seed], %%r13\n\t"
                 "leaq (%%r13, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r13\n\t"
                 "subq %[seed], %%r12\n\t"
                 "leaq (%%r12, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r12\n\t"
                 "subq %[seed], %%r11\n\t"
                 "leaq (%%r11, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r11\n\t"
                 "subq %[seed], %%r10\n\t"
                 "leaq (%%r10, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r10\n\t"
                 "subq %[seed], %%r9\n\t"
                 "leaq (%%r9, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r9\n\t"
                 "subq %[seed], %%r8\n\t"
                 "leaq (%%r8, %%rax, 2), %%rax\n\t"
                 "addq %[seed], %%r8\n\t"
                 "cmpq $1793, %%rax\n\t"
                 "jne 2f\n\t"
                 "cmpq %[seed], -8(%%rsp)\n\t"
                 "jne 2f\n\t"
                 "cmpq %[seed], -128(%%rsp)\n\t"
                 "jne 2f\n\t"
                 "movaps %%xmm15, %%xmm0\n\t"
                 "pcmpeqb (%[vector]), %%xmm0\n\t"
                 "pmovmskb %%xmm0, %%eax\n\t"
                 "cmpl $0xffff, %%eax\n\t"
                 "jne 2f\n\t"
                 "movaps %%xmm8, %%xmm0\n\t"
                 "pcmpeqb 16(%[vector]), %%xmm0\n\t"
                 "pmovmskb %%xmm0, %%eax\n\t"
                 "cmpl $0xffff, %%eax\n\t"
                 "jne 2f\n\t"
                 "movaps %%xmm1, %%xmm0\n\t"
                 "pcmpeqb (%[vector]), %%xmm0\n\t"
                 "pmovmskb %%xmm0, %%eax\n\t"
                 "cmpl $0xffff, %%eax\n\t"
                 "jne 2f\n\t"
                 // pi, 1, pi
                 "fucomi %%st(2), %%st\n\t"
                 "jp 2f\n\t"
                 "jne 2f\n\t"
                 "fucomi %%st(1), %%st\n\t"
                 "jp 2f\n\t"
                 "jne 3f\n\t"
                 "2: incq %[wrong]\n\t"
                 "3: cmpb $0, (%[stop])\n\t"
                 "jne 4f\n\t"
                 "decq %[turns]\n\t"
                 "jnz 1b\n\t"
                 "4:\n\t"
                 "fstp %%st(0)\n\t"
                 "fstp %%st(0)\n\t"
                 "fstp %%st(0)\n\t"
                 "addq $256, %%rsp\n\t"
                 : [wrong] "+r"(wrong), [turns] "+r"(turns)
                 : [seed] "r"(seed), [vector] "r"(vector.data()), [stop] "r"(&stop)
                 : "rax", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                   "xmm8", "xmm15", "st", "st(1)", "st(2)", "st(3)", "memory", "cc");
    return wrong;
}

// Needs all but one of the x87's registers to be free.
[[gnu::noinline]] bool long_doubles_add_up() {
    alignas(16) const std::array<long double, 7> numbers{1, 2, 3, 4, 5, 6, 7};
    long double sum = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("fldt (%[from])\n\t"
                 "fldt 16(%[from])\n\t"
                 "fldt 32(%[from])\n\t"
                 "fldt 48(%[from])\n\t"
                 "fldt 64(%[from])\n\t"
                 "fldt 80(%[from])\n\t"
                 "fldt 96(%[from])\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 : "=t"(sum)
                 : [from] "r"(numbers.data())
                 : "memory", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)");
    return sum == 28;
}

// Has them in all registers that arguments may be in, and on the stack.
[[gnu::noinline]] std::int64_t sum_of_arguments(std::int64_t a, std::int64_t b, std::int64_t c,
                                                std::int64_t d, std::int64_t e, std::int64_t f,
                                                std::int64_t g, std::int64_t h, double s, double t,
                                                double u, double v, double w, double x, double y,
                                                double z) {
    std::array<std::byte, 64> frame; // or it would not ask for stack
    asm volatile("" : : "r"(frame.data()) : "memory");
    return a + b + c + d + e + f + g + h + static_cast<std::int64_t>(s + t + u + v + w + x + y + z);
}

std::uint32_t get_mxcsr() {
    std::uint32_t value = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}

void set_mxcsr(std::uint32_t value) {
    asm volatile("ldmxcsr %0" : : "m"(value));
}

constexpr std::uint32_t rounding = 0x6000; // of MXCSR

// Nobody looks at the flags, which any division may set.
constexpr std::uint32_t mxcsr_flags = 0x3f;

// So much of a stack recursion takes, at most.
constexpr std::size_t deepest = 100'000;

class actor;
using deep_function = void (*)(actor& self, std::size_t room, std::uint64_t a, std::uint64_t b,
                               std::uint64_t c, std::uint64_t d, payload<40> by_value);

// A goroutine.
class actor {
public:
    // budget: how many goroutines it may start, directly or not.
    actor(round_state& round, life& own, std::uint64_t seed, std::size_t budget)
        : round_(round)
        , own_(own)
        , choose_(seed)
        , budget_(budget)
        , number_(rt0::goid()) {
        require(++own_.began == 1, "a goroutine began twice");
        enter();
    }
    actor(const actor&) = delete;
    actor& operator=(const actor&) = delete;
    ~actor() {
        leave();
        require(get_mxcsr_mode() == 0, "another goroutine's rounding mode");
        round_.operations += operations_;
        require(++own_.ended == 1, "a goroutine ended twice");
        alive.leave();
        round_.all.done();
    }

    void live(std::uint64_t turns) {
        for (std::uint64_t i = 0; i < turns; ++i) {
            do_something();
        }
        while (budget_ > 0) {
            spawn_or_join();
        }
        if (choose_.one_in(40)) {
            // Ends tied, and its thread with it.
            locked.enter();
            rt0::lock_os_thread();
            of_thread = thread_id();
            yield();
            require(of_thread == thread_id(), "a tied goroutine is on another thread");
            locked.leave();
        }
    }

    // Mostly in the kernel, where the p is taken from it. Nobody else changes gomaxprocs.
    void live_quietly(std::uint64_t turns) {
        const bool tied = choose_.one_in(2);
        if (tied) {
            locked.enter();
            rt0::lock_os_thread();
        }
        for (std::uint64_t i = 0; i < turns; ++i) {
            ++operations_;
            if (choose_.one_in(4)) {
                add_to_a_sum(round_.own_sum[choose_.below(sums)]);
            } else {
                sleep(choose_.between(1'000, 150'000));
            }
        }
        if (choose_.one_in(3)) {
            // Its p may have a number that is too large now, and still somebody has to interrupt
            // it.
            const int procs = rt0::gomaxprocs(1);
            compute_without_a_call();
            rt0::gomaxprocs(procs);
        }
        if (tied) {
            rt0::unlock_os_thread();
            locked.leave();
        }
    }

    // Always about to be somewhere else: short queues, and thieves at each of them.
    void live_hotly(std::uint64_t turns) {
        std::atomic<int> ran = 0;
        int started = 0;
        for (std::uint64_t i = 0; i < turns; ++i) {
            ++operations_;
            if (choose_.one_in(3)) {
                rt0::wait_group group;
                for (std::uint64_t n = choose_.between(1, 3); n > 0; --n) {
                    ++started;
                    group.go([&ran] { ++ran; });
                }
                leave();
                group.wait();
                enter();
                require(ran == started, "a goroutine that was waited for did not run once");
            } else {
                yield();
            }
        }
    }

    // What deep calls at the bottom, and in between.
    void do_something() {
        ++operations_;
        switch (choose_.below(77)) {
        case 0 ... 11:
            for (std::uint64_t n = choose_.between(1, 8); n > 0; --n) {
                yield();
            }
            break;
        case 12 ... 19:
            compute(choose_.below(3000));
            break;
        case 20 ... 27:
            spawn_or_join();
            break;
        case 28 ... 30:
            add_to_a_sum(round_.sum[choose_.below(sums)]);
            break;
        case 31 ... 33:
            add_to_a_sum(round_.own_sum[choose_.below(sums)]);
            break;
        case 34 ... 36:
            make_lazily();
            break;
        case 37 ... 42:
            exchange_a_block();
            break;
        case 43 ... 45:
            use_a_pipe();
            break;
        case 46 ... 47:
            sleep(choose_.between(1'000, 300'000));
            break;
        case 48 ... 55:
            recurse();
            break;
        case 56:
            be_tied();
            break;
        case 57:
            if (choose_.one_in(8)) {
                compute_without_a_call();
            }
            break;
        case 58:
            compute_with_calls();
            break;
        case 59:
            keep_errno();
            break;
        case 60 ... 61:
            require(long_doubles_add_up(), "another goroutine's x87 registers");
            break;
        case 62 ... 64:
            exchange_letters();
            break;
        case 65:
            use_a_channel();
            break;
        case 66 ... 68:
            read_or_write();
            break;
        case 69 ... 70:
            put_and_take();
            break;
        case 71 ... 72:
            wait_for_time();
            break;
        case 73:
            cancel_a_tree();
            break;
        case 74:
            have_limits();
            break;
        default:
            round_upward();
            break;
        }
    }

    void wait_for_time() {
        leave();
        const std::chrono::nanoseconds time(choose_.below(300'000));
        const auto start = std::chrono::steady_clock::now();
        if (choose_.one_in(3)) {
            rt0::sleep_for(time);
        } else if (choose_.one_in(2)) {
            rt0::ticker ticks(time + std::chrono::nanoseconds(1));
            require(ticks.recv().has_value() && ticks.recv().has_value(), "a tick is lost");
            ticks.stop();
            require(!ticks.try_recv().has_value(), "a stopped ticker has sent");
        } else {
            rt0::timer t(time);
            if (choose_.one_in(2)) {
                require(t.stop() || time.count() < 300'000, "a value of a timer is lost");
                require(!t.try_recv().has_value(), "a stopped timer has sent");
                (void)t.reset(time);
            }
            require(t.recv().has_value(), "a timer sends nothing");
        }
        require(std::chrono::steady_clock::now() - start >= time, "a timer is too early");
        enter();
    }

    void cancel_a_tree() {
        leave();
        const std::chrono::nanoseconds time(choose_.below(100'000));
        rt0::task_group group(rt0::with_timeout(rt0::context(), time).ctx);
        for (std::uint64_t n = choose_.below(5); n > 0; --n) {
            group.go([ctx = group.ctx(), time] {
                const rt0::cancellable own = rt0::with_timeout(ctx, time * 2);
                rt0::context_stop stop = rt0::after_func(own.ctx, [] {});
                (void)own.ctx.done().recv();
                require(!stop() && static_cast<bool>(own.ctx.cause()),
                        "a context ends for nothing");
            });
        }
        require(!group.wait() && static_cast<bool>(group.ctx().err()), "a context is left");
        enter();
    }

    // Each limit ends by what comes or by the time, at about the same moment.
    void have_limits() {
        leave();
        const std::chrono::nanoseconds time(choose_.below(100'000));
        rt0::counting_semaphore<> permits(0);
        rt0::mutex mutex;
        rt0::condition_variable said;
        bool so = false;
        rt0::wait_group other;
        other.go([&] {
            rt0::sleep_for(time);
            permits.release();
            const std::lock_guard lock(mutex);
            so = true;
            said.notify_all();
        });
        const bool taken = permits.try_acquire_for(time);
        std::unique_lock lock(mutex, std::defer_lock);
        while (!lock.try_lock_for(time)) {
        }
        while (!so) {
            (void)said.wait_for(lock, time);
        }
        lock.unlock();
        other.wait();
        require(permits.try_acquire() != taken, "a permit is lost, or there are two");
        enter();
    }

    void yield() {
        leave();
        rt0::yield();
        enter();
    }

    choices& choose() { return choose_; }

private:
    // In between it is this goroutine that runs, and on one thread only. Around all that may take
    // the thread away from it.
    void enter() {
        require(own_.inside.exchange(1, std::memory_order_relaxed) == 0,
                "a goroutine runs twice at once");
        require(rt0::goid() == number_, "a goroutine goes on as another");
    }
    void leave() {
        require(own_.inside.exchange(0, std::memory_order_relaxed) == 1,
                "a goroutine ran twice at once");
    }

    void sleep(std::uint64_t nanoseconds) {
        leave();
        blocked.enter();
        sleep_in_the_kernel(static_cast<std::int64_t>(nanoseconds));
        blocked.leave();
        enter();
    }

    static std::uint32_t get_mxcsr_mode() { return get_mxcsr() & rounding; }

    void compute(std::uint64_t turns) {
        for (std::uint64_t i = 0; i < turns; ++i) {
            asm volatile("" ::: "memory");
        }
    }

    // The goroutine's closure: of many sizes; on its stack or, beyond 256 bytes, on the heap.
    template <class Payload>
    void spawn_with(std::size_t budget, std::uint64_t turns, rt0::wait_group* joined) {
        const std::uint64_t seed = choose_.next();
        round_.all.add(1);
        auto begin = [&round = round_, &own = round_.take(), seed, budget, turns,
                      carried = Payload(seed),
                      boxed = std::make_unique<std::uint64_t>(seed)]() mutable {
            require(*boxed == seed && is_filled(carried.bytes, seed),
                    "a closure is not what it was");
            require(reinterpret_cast<std::uintptr_t>(&carried) % alignof(Payload) == 0,
                    "a closure is not aligned");
            actor self(round, own, seed, budget);
            self.live(turns);
            require(*boxed == seed && is_filled(carried.bytes, seed), "a closure has changed");
        };
        if (choose_.one_in(16)) {
            // On a stack that does not grow, but is as large as any of these needs.
            if (joined != nullptr) {
                joined->add(1);
            }
            rt0::go(rt0::stack_size(2 * deepest), [begin = std::move(begin), joined]() mutable {
                begin();
                if (joined != nullptr) {
                    joined->done();
                }
            });
        } else if (joined != nullptr) {
            joined->go(std::move(begin));
        } else {
            rt0::go(std::move(begin));
        }
    }

    void spawn(std::size_t budget, std::uint64_t turns, rt0::wait_group* joined) {
        switch (choose_.below(16)) {
        case 0 ... 5:
            spawn_with<payload<1>>(budget, turns, joined);
            break;
        case 6 ... 9:
            spawn_with<payload<40>>(budget, turns, joined);
            break;
        case 10 ... 11:
            spawn_with<payload<170>>(budget, turns, joined);
            break;
        case 12 ... 13:
            spawn_with<aligned_payload>(budget, turns, joined);
            break;
        case 14:
            spawn_with<payload<400>>(budget, turns, joined);
            break;
        default:
            spawn_with<payload<5000>>(budget, turns, joined);
            break;
        }
    }

    // One; a chain of them; a tree; a burst. Joined or not.
    void spawn_or_join() {
        if (budget_ == 0) {
            return;
        }
        const bool burst = budget_ > 20 && choose_.one_in(4);
        const std::size_t children = burst ? choose_.between(10, budget_)
                                           : choose_.between(1, std::min<std::size_t>(budget_, 4));
        std::size_t left = choose_.between(children, budget_);
        budget_ -= left;
        rt0::wait_group joined;
        const bool join = choose_.one_in(2);
        for (std::size_t i = children; i > 0; --i) {
            const std::size_t share = i == 1 ? left : choose_.between(1, left - (i - 1));
            left -= share;
            spawn(share - 1, burst ? choose_.below(2) : choose_.below(8), join ? &joined : nullptr);
        }
        if (join) {
            if (choose_.one_in(2)) {
                yield();
            }
            leave();
            joined.wait();
            enter();
        }
    }

    template <class Mutex>
    void add_to_a_sum(shared_sum<Mutex>& to) {
        const std::uint64_t n = choose_.below(1000);
        to.expected += n;
        leave();
        {
            const std::lock_guard guard(to.mutex);
            enter();
            require(++to.inside == 1, "two have a mutex");
            const std::uint64_t before = to.sum;
            switch (choose_.below(8)) {
            case 0:
                yield();
                break;
            case 1:
                sleep(20'000);
                break;
            default:
                compute(choose_.below(300));
                break;
            }
            to.sum = before + n;
            require(--to.inside == 0, "two had a mutex");
            leave();
        }
        enter();
    }

    void read_or_write() {
        read_mostly& of = round_.read;
        for (std::uint64_t n = choose_.between(1, 200); n > 0; --n) {
            leave();
            if (choose_.one_in(100)) {
                const std::lock_guard guard(of.mutex);
                enter();
                ++of.first;
                compute(choose_.below(300));
                ++of.second;
                leave();
            } else {
                const std::shared_lock guard(of.mutex);
                enter();
                const std::uint64_t before = of.first;
                if (choose_.one_in(50)) {
                    yield();
                }
                require(of.second == before, "somebody writes while another one reads");
                leave();
            }
            enter();
        }
    }

    void put_and_take() {
        shared_items& of = round_.items;
        const std::uint64_t count = choose_.between(1, 5);
        leave();
        {
            const std::lock_guard guard(of.mutex);
            of.there += count;
        }
        if (count == 1) {
            of.some.notify_one();
        } else {
            of.some.notify_all();
        }
        for (std::uint64_t n = count; n > 0; --n) {
            std::unique_lock guard(of.mutex);
            of.some.wait(guard, [&of] { return of.there != 0; });
            --of.there;
        }
        enter();
    }

    void make_lazily() {
        lazily_made& object = round_.lazy[choose_.below(lazies)];
        const std::uint64_t yields =
            choose_.below(5); // whoever makes it: the choices stay the same
        // As the compiler's code does it: the first byte says that it is initialised.
        if (__atomic_load_n(reinterpret_cast<char*>(&object.guard), __ATOMIC_ACQUIRE) == 0) {
            leave();
            const int mine = __cxa_guard_acquire(&object.guard);
            enter();
            if (mine != 0) {
                require(++object.made == 1, "initialised twice");
                for (std::uint64_t n = yields; n > 0; --n) {
                    yield();
                }
                object.value = 42;
                __cxa_guard_release(&object.guard);
            }
        }
        require(object.made == 1 && object.value == 42, "seen before it was initialised");
    }

    void exchange_a_block() {
        const std::size_t size = choose_.one_in(50) ? choose_.below(200'000) : choose_.below(2000);
        block* const mine = block::make(size, choose_.next());
        // Release and acquire: the contents go with it.
        block::check_and_free(
            round_.exchange[choose_.below(exchanged)].exchange(mine, std::memory_order_acq_rel));
    }

    // Sends one, or receives one, whatever can be done first.
    void exchange_letters() {
        auto mine = std::make_unique<std::uint64_t>(choose_.between(1, 1000));
        const std::uint64_t value = *mine;
        const auto count = [this](std::optional<letter> got) { round_.received += **got; };
        const auto& one = round_.letters[choose_.below(round_.letters.size())];
        const auto& other = round_.letters[choose_.below(round_.letters.size())];
        leave();
        rt0::select(rt0::recv(one, count), rt0::recv(other, count),
                    rt0::send(one, std::move(mine), [this, value] { round_.sent += value; }),
                    rt0::otherwise([] {}));
        enter();
    }

    // A goroutine of its own sends what this one receives, which parks now and then.
    void use_a_channel() {
        const rt0::chan<std::uint64_t> numbers(choose_.below(3));
        const rt0::chan<letter> letters(choose_.below(3));
        const std::uint64_t count = choose_.one_in(20) ? 4000 : choose_.below(50);
        const bool alone = choose_.one_in(2);
        rt0::wait_group group;
        group.go([&, seed = choose_.next()] {
            choices choose(seed);
            for (std::uint64_t n = 1; n <= count; ++n) {
                if (alone || choose.one_in(2)) {
                    numbers.send(n);
                } else {
                    rt0::select(rt0::send(letters, std::make_unique<std::uint64_t>(n), [] {}),
                                rt0::send(numbers, n, [] {}));
                }
            }
            numbers.close();
        });
        leave();
        std::uint64_t got = 0;
        std::uint64_t sum = 0;
        // Of one channel: in order.
        const auto take = [&](std::uint64_t& last, std::uint64_t n) {
            require(n > last, "what was sent later has come earlier");
            last = n;
            ++got;
            sum += n;
        };
        std::uint64_t number = 0;
        std::uint64_t letter_number = 0;
        const auto take_letter = [&](std::optional<letter> n) { take(letter_number, **n); };
        for (bool open = true; open;) {
            rt0::select(rt0::recv(numbers,
                                  [&](std::optional<std::uint64_t> n) {
                                      open = n.has_value();
                                      if (open) {
                                          take(number, *n);
                                      }
                                  }),
                        rt0::recv(letters, take_letter));
        }
        while (auto n = letters.try_recv()) {
            take_letter(*std::move(n));
        }
        require(got == count && sum == count * (count + 1) / 2,
                "what comes out of channels is not what went in");
        group.wait();
        enter();
    }

    // A goroutine of its own reads, what is there already or only comes when it waits for it.
    void use_a_pipe() {
        pipe_ends ends = make_pipe();
        const std::uint64_t wait = choose_.below(4);
        std::array<std::byte, 100> sent{};
        const std::uint64_t seed = choose_.next();
        fill(sent, seed);
        const auto write = [&] {
            require(ends.write.write(sent).has_value(), "a write to a pipe");
        };
        if (wait == 0) {
            write();
        }
        rt0::wait_group group;
        group.go([&ends, seed] {
            std::array<std::byte, 100> got{};
            blocked.enter();
            const auto size = ends.read.read(got);
            blocked.leave();
            require(size.value_or(0) == got.size() && is_filled(got, seed), "a read of a pipe");
        });
        if (wait == 1) {
            yield();
        } else if (wait == 2) {
            compute(choose_.below(20'000));
        } else if (wait == 3) {
            sleep(choose_.between(1, 500'000));
        }
        if (wait != 0) {
            write();
        }
        leave();
        group.wait();
        enter();
    }

    void recurse();

    void be_tied() {
        locked.enter();
        rt0::lock_os_thread();
        const long thread = thread_id();
        of_thread = thread;
        for (std::uint64_t n = choose_.between(1, 6); n > 0; --n) {
            switch (choose_.below(4)) {
            case 0:
                add_to_a_sum(round_.own_sum[choose_.below(sums)]);
                break;
            case 1:
                sleep(choose_.between(1, 200'000));
                break;
            case 2:
                use_a_pipe();
                break;
            default:
                yield();
                break;
            }
            require(thread_id() == thread && of_thread == thread,
                    "a tied goroutine is on another thread");
        }
        of_thread = 0;
        rt0::unlock_os_thread();
        locked.leave();
    }

    // The other one waits in runnext, and nothing but a signal gives it its turn.
    void compute_without_a_call() {
        std::atomic<bool> stop = false;
        rt0::wait_group other;
        other.go([&stop] { stop = true; });
        const std::uint64_t wrong = keep_registers(choose_.next(), stop, ~std::uint64_t{0});
        require(wrong == 0, "registers have changed");
        // And for longer than a time slice.
        const std::atomic<bool> never = false;
        require(keep_registers(choose_.next(), never, choose_.below(3'000'000) + 1) == 0,
                "registers have changed");
        leave();
        other.wait();
        enter();
    }

    // Here the stack guard asks for the processor, where a function begins.
    void compute_with_calls() {
        const auto a = static_cast<std::int64_t>(choose_.below(1000));
        const auto x = static_cast<double>(choose_.below(1000));
        for (std::uint64_t turns = choose_.below(100'000); turns > 0; --turns) {
            require(sum_of_arguments(a, 2 * a, 4 * a, 8 * a, 16 * a, 32 * a, 64 * a, 128 * a, x,
                                     2 * x, 4 * x, 8 * x, 16 * x, 32 * x, 64 * x,
                                     128 * x) == 255 * a + 255 * static_cast<std::int64_t>(x),
                    "a function's arguments have changed");
        }
    }

    void keep_errno() {
        const int value = static_cast<int>(choose_.between(1, 1000));
        errno = value;
        compute(choose_.below(500'000)); // long enough for a signal to come
        require(errno == value, "another goroutine's errno");
    }

    // Its rounding mode is its own as long as it does not leave the thread by itself.
    void round_upward() {
        const std::uint32_t before = get_mxcsr() & ~mxcsr_flags;
        require((before & rounding) == 0, "another goroutine's rounding mode");
        const std::uint32_t mode = static_cast<std::uint32_t>(choose_.between(1, 3)) << 13;
        set_mxcsr(before | mode);
        if (choose_.one_in(2)) {
            compute(choose_.below(200'000));
        } else {
            compute_with_calls();
        }
        require(get_mxcsr_mode() == mode, "the rounding mode has changed");
        set_mxcsr(before);
    }

    round_state& round_;
    life& own_;
    choices choose_;
    std::size_t budget_;
    std::uint64_t number_;
    std::uint64_t operations_ = 0;
};

// Recursion with frames of many sizes. Each has to find its locals, and what alloca gave it, as
// they were when what it called returns.

extern const std::array<deep_function, 6> deep_functions;

void go_deeper(actor& self, std::size_t room, std::uint64_t seed) {
    const deep_function next = deep_functions[self.choose().below(deep_functions.size())];
    next(self, room, seed, seed + 1, seed + 2, seed + 3, payload<40>(seed));
}

template <std::size_t Frame>
[[gnu::noinline]] void deep(actor& self, std::size_t room, std::uint64_t a, std::uint64_t b,
                            std::uint64_t c, std::uint64_t d, payload<40> by_value) {
    payload<Frame> local(a);
    // What a frame takes beside its locals, without optimisation too.
    std::size_t taken = Frame + 400;
    std::span<std::byte> extra;
    if (a % 4 == 0) {
        const std::size_t size = a / 4 % 600;
        extra = {static_cast<std::byte*>(alloca(size)), size};
        fill(extra, b);
        taken += size;
    }
    asm volatile("" : : "r"(&local) : "memory");
    if (room > taken) {
        if (self.choose().one_in(30)) {
            self.yield();
        }
        go_deeper(self, room - taken, self.choose().next());
    } else if (self.choose().one_in(4)) {
        self.do_something();
    }
    require(is_filled(local.bytes, a) && is_filled(extra, b), "a frame's locals have changed");
    require(b == a + 1 && c == a + 2 && d == a + 3 && is_filled(by_value.bytes, a),
            "a frame's arguments have changed");
}

const std::array<deep_function, 6> deep_functions{deep<8>,   deep<100>,  deep<230>,
                                                  deep<400>, deep<1500>, deep<6000>};

void actor::recurse() {
    const std::size_t room =
        choose_.one_in(10) ? choose_.below(deepest) : choose_.below(deepest / 16);
    const std::uint64_t seed = choose_.next();
    if (choose_.one_in(8)) {
        rt0::on_big_stack([&] { go_deeper(*this, room, seed); }, choose_.below(deepest));
    } else {
        go_deeper(*this, room, seed);
    }
}

// The process, as the kernel sees it.

// The number behind a name, or the n-th, in a file of /proc.
std::uint64_t number_in(const char* path, std::string_view name, std::size_t n) {
    auto file = rt0::file::open(path);
    require(file.has_value(), "cannot open a file of /proc");
    std::array<char, 4096> text{};
    const auto size = file->read(std::as_writable_bytes(std::span(text)));
    std::string_view rest(text.data(), size.value_or(0));
    rest.remove_prefix(std::min(rest.find(name), rest.size()));
    for (std::size_t i = 0;; ++i) {
        rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        require(error == std::errc(), "a file of /proc is not as expected");
        if (i == n) {
            return value;
        }
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    }
}

std::uint64_t resident_bytes() {
    return number_in("/proc/self/statm", "", 1) * 4096;
}

std::uint64_t threads() {
    return number_in("/proc/self/status", "Threads:", 0);
}

// Descriptors are given out in ascending order, so where one was lost the lowest that is free is
// higher.
long lowest_free_descriptor() {
    const long free = raw_call(sys_dup, 0);
    require(free >= 0 && raw_call(sys_close, free) == 0, "cannot duplicate a descriptor");
    return free;
}

void change_gomaxprocs(choices choose, const std::atomic<bool>& over) {
    int before = rt0::gomaxprocs();
    while (!over) {
        // With one, and with nothing else running, the runtime does without locked instructions.
        const int n = choose.one_in(2) ? 1 : static_cast<int>(choose.between(2, 8));
        require(rt0::gomaxprocs(n) == before, "gomaxprocs is not what it was set to");
        before = n;
        if (choose.one_in(3)) {
            sleep_in_the_kernel(static_cast<std::int64_t>(choose.between(1, 3'000'000)));
        }
        for (std::uint64_t i = choose.below(200); i > 0; --i) {
            rt0::yield();
        }
    }
}

// As sysmon does, where it has waited long enough; that goes on beside it.
void ask_everybody(choices choose, const std::atomic<bool>& over) {
    while (!over) {
        sleep_in_the_kernel(100'000);
        const runtime::no_preempt here;
        const std::uint32_t made = runtime::sched.procs_made.load(std::memory_order_acquire);
        for (std::uint32_t id = 0; id < made; ++id) {
            runtime::p* const pp = runtime::proc(id);
            const std::uint32_t slice = pp->schedtick.load(std::memory_order_relaxed);
            runtime::preempt(pp, slice, choose.one_in(2));
        }
    }
}

progress run_round(choices choose) {
    const int procs = rt0::gomaxprocs();
    enum class kind : std::uint8_t {
        mixed,
        quiet, // a few goroutines, and time for every thread to sleep
        hot,   // as many goroutines as p's or a few more
    };
    constexpr std::array<kind, 6> kinds{kind::mixed, kind::mixed, kind::mixed,
                                        kind::mixed, kind::quiet, kind::hot};
    const kind of = kinds[choose.below(kinds.size())];
    const std::size_t first = choose.between(1, of == kind::mixed ? 30 : of == kind::hot ? 10 : 3);
    std::size_t budget = choose.one_in(4) ? choose.between(200, 1500) : choose.below(100);
    if (of != kind::mixed) {
        budget = 0;
    }
    round_state round(first + budget);
    const bool tied = choose.one_in(8); // main, too
    if (tied) {
        rt0::lock_os_thread();
    }
    std::atomic<bool> over = false;
    rt0::wait_group changer;
    if (of != kind::quiet && choose.one_in(3)) {
        changer.go(change_gomaxprocs, choose, std::cref(over));
    }
    if (of_all == way::preempted) {
        changer.go(ask_everybody, choose, std::cref(over));
    }
    std::size_t left = budget;
    for (std::size_t i = 0; i < first; ++i) {
        const std::size_t share = i + 1 == first ? left : choose.between(0, left);
        left -= share;
        round.all.add(1);
        rt0::go([&round, &own = round.take(), seed = choose.next(), share, of,
                 turns = choose.between(1, 20)] {
            actor self(round, own, seed, share);
            switch (of) {
            case kind::mixed:
                self.live(turns);
                break;
            case kind::quiet:
                self.live_quietly(turns * 20);
                break;
            case kind::hot:
                self.live_hotly(turns * 500);
                break;
            }
        });
    }
    round.all.wait();
    over = true;
    changer.wait();
    if (tied) {
        rt0::unlock_os_thread();
    }
    rt0::gomaxprocs(procs);
    // Those that have done all they do are still about to end.
    while (rt0::num_goroutine() != 1) {
        rt0::yield();
    }
    const std::size_t started = round.started;
    require(started == first + budget, "not all goroutines were started");
    for (std::size_t i = 0; i < started; ++i) {
        const life& each = round.lives[i];
        require(each.began == 1, "a goroutine never began");
        require(each.ended == 1, "a goroutine never ended");
        require(each.inside == 0, "a goroutine that has ended runs");
    }
    for (std::size_t i = 0; i < sums; ++i) {
        require(round.sum[i].sum == round.sum[i].expected &&
                    round.own_sum[i].sum == round.own_sum[i].expected,
                "a sum under a mutex is wrong");
    }
    require(round.items.there == 0, "something is left that was put there");
    for (const auto& each : round.letters) {
        while (const auto unread = each.try_recv()) {
            round.received += **unread;
        }
    }
    require(round.received == round.sent, "what comes out of channels is not what went in");
    for (auto& each : round.exchange) {
        block::check_and_free(each.exchange(nullptr));
    }
    return {current_round, started, round.operations};
}

// What the process may have beside what the goroutines begin with: the rest of their stacks goes
// back when they end.
constexpr std::uint64_t memory_slack = std::uint64_t{32} << 20;
constexpr std::uint64_t memory_of_goroutine = 8192;

// Threads beside those that tied goroutines have, and those that wait in the kernel: one for each
// p, one that finds none, and those whose end has begun.
constexpr std::uint64_t thread_slack = 24;

// A long soak has pauses in which the threads that have nothing to do end.
constexpr std::int64_t between_pauses = 30'000'000'000;
constexpr std::int64_t pause = 7'000'000'000;
// The first thread, main's, sysmon, and one that may just have found nothing.
constexpr std::uint64_t threads_after_pause = 4;

void squeeze(choices choose) {
    const std::uint64_t room = choose.between(1, 64) << 20;
    const std::uint64_t limit = number_in("/proc/self/statm", "", 0) * 4096 + room;
    const std::array<std::uint64_t, 2> both{limit, limit};
    constexpr long rlimit_as = 9;
    require(raw_call(sys_prlimit64, 0, rlimit_as, address(both.data()), 0) == 0,
            "the limit is not set");
}

int run_rounds(std::int64_t seconds, int watcher) {
    if (of_all == way::squeezed) {
        squeeze(choices(mix(seed_of_all + current_round)));
    }
    const std::int64_t end = now() + seconds * 1'000'000'000;
    const long free_descriptor = lowest_free_descriptor();
    progress sum{current_round, 0, 0};
    std::int64_t next_pause = now() + between_pauses;
    do {
        require(raw_call(sys_write, watcher, address(&sum), sizeof sum) == sizeof sum,
                "nobody watches");
        const progress done = run_round(choices(mix(seed_of_all) ^ mix(current_round + 1)));
        sum.goroutines += done.goroutines;
        sum.operations += done.operations;
        require(lowest_free_descriptor() == free_descriptor, "a descriptor was lost");
        require_at_most(thread_slack + static_cast<std::uint64_t>(blocked.most + locked.most),
                        threads(), "threads are not given back");
        require_at_most(memory_slack + static_cast<std::uint64_t>(alive.most) * memory_of_goroutine,
                        resident_bytes(), "memory is not given back");
        sum.round = ++current_round;
        if (now() > next_pause) {
            sleep_in_the_kernel(pause);
            require_at_most(threads_after_pause, threads(), "idle threads do not end");
            next_pause = now() + between_pauses;
        }
    } while (now() < end);
    // It ends while goroutines compute, yield, wait, and are in the kernel.
    static rt0::wait_group never;
    never.add(1);
    static pipe_ends ends = make_pipe();
    for (int i = 0; i < 4; ++i) {
        rt0::go([] {
            for (;;) {
                asm volatile("");
            }
        });
        rt0::go([] {
            for (;;) {
                rt0::yield();
            }
        });
        rt0::go([] { never.wait(); });
        rt0::go([] {
            std::array<std::byte, 1> buffer{};
            (void)ends.read.read(buffer);
        });
    }
    rt0::yield();
    require(raw_call(sys_write, watcher, address(&sum), sizeof sum) == sizeof sum,
            "nobody watches");
    return 0;
}

// No round takes nearly as long.
constexpr long patience_ms = 60'000;

// What a process that ends for lack of memory has written to last_words begins like this.
bool says_so(int last_words) {
    constexpr std::string_view begin = "fatal error: ";
    std::array<char, begin.size()> text{};
    return raw_call(sys_pread64, last_words, address(text.data()), text.size()) ==
               static_cast<long>(text.size()) &&
           std::string_view(text.data(), text.size()) == begin;
}

// Returns when the child has ended, as it should or not; current_round is the one behind its last.
int watch(long child, int from, int last_words) {
    const std::uint64_t first = current_round;
    progress last{first, 0, 0};
    const auto tell = [&](std::string_view what, long number) {
        (void)rt0::eprintln("soak: seed {}, round {}: {}{}", seed_of_all, last.round, what, number);
        return 1;
    };
    for (;;) {
        struct {
            int fd;
            short events;
            short revents;
        } waited{from, 1, 0};
        const long ready = raw_call(sys_poll, address(&waited), 1, patience_ms);
        if (ready == -4) { // a signal
            continue;
        }
        if (ready == 0) {
            raw_call(sys_kill, child, 6); // whoever wants one gets a core file
            return tell("hangs; milliseconds without a new round: ", patience_ms);
        }
        progress next{};
        if (raw_call(sys_read, from, address(&next), sizeof next) != sizeof next) {
            break; // it has ended
        }
        last = next;
    }
    int status = 0;
    while (raw_call(sys_wait4, child, address(&status)) == -4) {
    }
    if ((status & 0x7f) != 0) {
        return tell("ended by signal ", status & 0x7f);
    }
    current_round = last.round + 1;
    if (of_all == way::squeezed && status >> 8 == 2 && says_so(last_words)) {
        return 0;
    }
    if (status != 0) {
        return tell("ended with status ", status >> 8);
    }
    rt0::println("soak: {} rounds, {} goroutines, {} operations, seed {}: ok", last.round - first,
                 last.goroutines, last.operations, seed_of_all);
    return 0;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        rt0::eprintln("soak SECONDS [SEED [ROUND]]: not a number: {}", text);
        rt0::exit(2);
    }
    return value;
}

} // namespace

int main(int argc, char** argv) {
    std::span<char*> words(argv + 1, static_cast<std::size_t>(std::max(argc, 1) - 1));
    if (!words.empty() && std::string_view(words[0]) == "preempted") {
        of_all = way::preempted;
    } else if (!words.empty() && std::string_view(words[0]) == "squeezed") {
        of_all = way::squeezed;
    }
    words = words.subspan(of_all != way::normal ? 1 : 0);
    if (words.empty() || words.size() > 3) {
        rt0::eprintln("soak [preempted|squeezed] SECONDS [SEED [ROUND]]");
        return 2;
    }
    const std::int64_t end = now() + static_cast<std::int64_t>(number(words[0])) * 1'000'000'000;
    seed_of_all =
        words.size() > 1 ? number(words[1]) : static_cast<std::uint64_t>(now()) % 1'000'000'000;
    current_round = words.size() > 2 ? number(words[2]) : 0;
    rt0::println("soak: seed {}, gomaxprocs {}", seed_of_all, rt0::gomaxprocs());
    long processes = 0;
    int failed = 0;
    do {
        ++processes;
        std::array<int, 2> ends{-1, -1};
        const long last_words = raw_call(sys_memfd_create, address("soak"), 0);
        if (raw_call(sys_pipe, address(ends.data())) != 0 || last_words < 0) {
            rt0::eprintln("soak: no pipe, or no file in memory");
            return 1;
        }
        const long child = raw_call(sys_fork);
        if (child < 0) {
            rt0::eprintln("soak: no second process: {}", child);
            return 1;
        }
        if (child == 0) {
            raw_call(sys_close, ends[0]);
            raw_call(sys_prctl, 1, 9); // ends when the one that watches does
            if (of_all == way::squeezed) {
                raw_call(sys_dup2, last_words, 2);
            }
            raw_call(sys_close, last_words);
            return run_rounds((end - now()) / 1'000'000'000, ends[1]);
        }
        raw_call(sys_close, ends[1]);
        failed = watch(child, ends[0], static_cast<int>(last_words));
        raw_call(sys_close, ends[0]);
        raw_call(sys_close, last_words);
    } while (of_all == way::squeezed && failed == 0 && now() < end);
    if (of_all == way::squeezed && failed == 0) {
        rt0::println("soak: {} processes, {} rounds: ok", processes, current_round);
    }
    return failed;
}
