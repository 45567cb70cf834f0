// A bit of all that the runtime asks the kernel for, in rounds that are all the same: threads that
// block in reads, that are tied, that end and that have nothing to do; goroutines that are taken
// off their threads; channels that a thread has for itself, and another one wants; stacks that grow
// and are given back; the heap. What it prints depends on the number of rounds alone.
//
//     work ROUNDS [refuse CALL ERROR | kill CALL | limit RESOURCE VALUE]
//
// When half of the rounds are over, all of its threads are refused a system call, or are to be
// killed by it, or a limit is lowered. In the environment:
//
//     LOOPS=short    loops that call nothing end by themselves, where nothing interrupts them
//     LOOPS=more     in the second half there are more of them
//     RESTART=no     signals interrupt system calls, which the kernel otherwise goes on with
#include <array>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include <rt0/rt0.h>

#include "arch/amd64/syscall.h"

namespace {

using runtime::arch::syscall;

constexpr int procs = 4;

template <class T>
long address(T* pointer) {
    return reinterpret_cast<long>(pointer);
}

// Without memory of the heap, which may be what is refused.
[[noreturn]] void give_up(std::string_view call, std::string_view why) {
    std::array<char, 80> text{};
    std::size_t size = 0;
    for (const std::string_view part : {call, std::string_view(": "), why}) {
        size += part.copy(text.data() + size, text.size() - size);
    }
    rt0::panic({text.data(), size});
}

template <class T>
T must(std::expected<T, rt0::error> got, std::string_view call) {
    if (!got) {
        give_up(call, got.error().name());
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(got);
    }
}

long must(long result, std::string_view call) {
    if (result < 0) {
        give_up(call, rt0::error(static_cast<int>(-result)).name());
    }
    return result;
}

void use(void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

// A while in the kernel, with the p.
void doze() {
    const std::array<long, 2> time{0, 2'000'000};
    syscall(__NR_nanosleep, address(time.data()));
}

// What is different where a goroutine has been lost, ran twice or found something that is not its
// own.
std::atomic<std::uint64_t> sum;

struct pipe_ends {
    rt0::file read{-1};
    rt0::file write{-1};
};

pipe_ends make_pipe(long flags = 0) {
    std::array<int, 2> ends{};
    must(syscall(__NR_pipe2, address(ends.data()), flags), "pipe2");
    return {rt0::file(ends[0]), rt0::file(ends[1])};
}

std::uint64_t receive(pipe_ends& from) {
    std::uint64_t value = 0;
    const auto bytes = std::as_writable_bytes(std::span(&value, 1));
    // Eight bytes are read in one piece, as they are written.
    if (must(from.read.read(bytes), "file::read") != bytes.size()) {
        give_up("file::read", "short");
    }
    return value;
}

void send(pipe_ends& to, std::uint64_t value) {
    must(to.write.write(std::as_bytes(std::span(&value, 1))), "file::write");
}

// More goroutines in the kernel than there are p's.
void through_pipes(std::span<pipe_ends> pipes) {
    constexpr std::uint64_t messages = 50;
    rt0::wait_group group;
    for (pipe_ends& pipe : pipes) {
        group.go([&pipe] {
            for (std::uint64_t i = 0; i < messages; ++i) {
                sum += receive(pipe);
            }
        });
    }
    for (pipe_ends& pipe : pipes) {
        group.go([&pipe] {
            for (std::uint64_t i = 0; i < messages; ++i) {
                send(pipe, i);
                rt0::yield();
            }
        });
    }
    group.wait();
}

// From here on on one p.
void on_one_p() {
    rt0::gomaxprocs(1);
    rt0::yield();
}

// The reader is in the kernel before there is something to read, and main has its p from sysmon.
void through_an_unready_pipe(pipe_ends& pipe) {
    on_one_p();
    rt0::wait_group group;
    group.go([&pipe] { sum += receive(pipe); });
    rt0::yield();
    doze();
    send(pipe, 1);
    group.wait();
    rt0::gomaxprocs(procs);
}

[[gnu::noinline]] std::uint64_t recurse(std::uint64_t depth) {
    std::array<std::byte, 1000> room; // NOLINT(cppcoreguidelines-pro-type-member-init)
    use(room.data());
    const std::uint64_t below = depth == 0 ? 0 : recurse(depth - 1) + 1;
    use(room.data());
    return below;
}

void on_deep_stacks() {
    rt0::wait_group group;
    for (std::uint64_t depth = 100; depth < 116; ++depth) {
        group.go([depth] { sum += recurse(depth); });
    }
    group.go([] { sum += recurse(1200); }); // segments that are mappings of their own
    group.go([] { sum += rt0::on_big_stack([] { return recurse(200); }); });
    group.add(1);
    rt0::go(rt0::stack_size(300'000), [&group] {
        sum += recurse(200);
        group.done();
    });
    group.wait();
}

void on_the_heap() {
    rt0::wait_group group;
    std::mutex mutex;
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < 8; ++i) {
        group.go([&, i] {
            for (std::uint64_t turn = 0; turn < 20; ++turn) {
                const std::vector<std::uint64_t> own(1000, i);
                const std::lock_guard guard(mutex);
                all.push_back(own[turn]);
            }
        });
    }
    group.wait();
    for (const std::uint64_t value : all) {
        sum += value;
    }
    // Not touched, and a mapping of its own.
    const auto large = std::make_unique_for_overwrite<std::byte[]>(8 << 20);
    use(large.get());
}

// As many threads as goroutines, which end with them.
void on_tied_threads() {
    constexpr int count = 8;
    rt0::wait_group arrived;
    rt0::wait_group group;
    arrived.add(count);
    for (int i = 0; i < count; ++i) {
        group.go([&arrived] {
            rt0::lock_os_thread();
            arrived.done();
            arrived.wait();
            ++sum;
        });
    }
    group.wait();
}

// A channel that one thread has had for itself, long enough for it to be its own, and then another
// one uses it.
void through_a_channel() {
    const rt0::chan<std::uint64_t> channel(1);
    rt0::wait_group arrived;
    rt0::wait_group used;
    rt0::wait_group group;
    arrived.add(2);
    used.add(1);
    const auto on_its_thread = [&arrived] {
        rt0::lock_os_thread();
        arrived.done();
        arrived.wait();
    };
    group.go([&] {
        on_its_thread();
        for (std::uint64_t i = 0; i < 3000; ++i) {
            channel.send(i);
            sum += channel.recv().value_or(0);
        }
        used.done();
    });
    group.go([&] {
        on_its_thread();
        used.wait();
        channel.send(1);
        sum += channel.recv().value_or(0);
    });
    group.wait();
}

void with_files() {
    rt0::file zero = must(rt0::file::open("/dev/zero"), "file::open");
    std::array<std::byte, 64> bytes{};
    sum += must(zero.read(bytes), "file::read");
    must(zero.close(), "file::close");
}

std::uint64_t longest_loop = ~std::uint64_t{0};
int loops = 1;

// Goroutines that do not leave by themselves: one or more call nothing, one crosses to its next
// segment over and over, which stores the guard each time.
void in_loops() {
    on_one_p();
    std::atomic<bool> over = false;
    rt0::wait_group group;
    for (int i = 0; i < loops; ++i) {
        group.go([&over] {
            for (std::uint64_t turns = 0; !over && turns < longest_loop; ++turns) {
                __builtin_ia32_pause();
            }
        });
    }
    group.go([&over] {
        while (!over) {
            recurse(3);
        }
        ++sum;
    });
    rt0::yield();
    over = true;
    group.wait();
    rt0::gomaxprocs(procs);
}

struct kept_open {
    std::array<pipe_ends, 4> pipes;
    pipe_ends unready = make_pipe(O_NONBLOCK);
    pipe_ends for_long = make_pipe();

    kept_open() {
        for (pipe_ends& pipe : pipes) {
            pipe = make_pipe();
        }
    }
};

void one_round(kept_open& open) {
    rt0::gomaxprocs(procs);
    through_pipes(open.pipes);
    through_an_unready_pipe(open.unready);
    in_loops();
    on_deep_stacks();
    on_the_heap();
    on_tied_threads();
    through_a_channel();
    with_files();
}

void half(kept_open& open, std::uint64_t first, std::uint64_t rounds) {
    for (std::uint64_t i = first; i < rounds; ++i) {
        one_round(open);
    }
    // More than there is room for on the stack.
    must(rt0::println("{} rounds, {} {}", rounds, sum.load(), std::string(600, '.')), "println");
}

// The middle.

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        give_up("not a number", text);
    }
    return value;
}

void filter(std::uint64_t call, std::uint32_t verdict) {
    std::array<sock_filter, 4> code{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, verdict),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    must(syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
    // Positive: a thread that did not follow.
    if (must(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                     address(&program)),
             "seccomp") != 0) {
        give_up("seccomp", "not for all threads");
    }
}

void limit(std::uint64_t resource, std::uint64_t value) {
    const std::array<std::uint64_t, 2> both{value, value};
    must(syscall(__NR_prlimit64, 0, static_cast<long>(resource), address(both.data()), 0),
         "prlimit64");
}

void in_the_middle(std::span<char* const> what) {
    const std::string_view verb = what.empty() ? std::string_view() : what[0];
    if (verb == "refuse" && what.size() == 3) {
        filter(number(what[1]), SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number(what[2])));
    } else if (verb == "kill" && what.size() == 2) {
        filter(number(what[1]), SECCOMP_RET_KILL_PROCESS);
    } else if (verb == "limit" && what.size() == 3) {
        limit(number(what[1]), number(what[2]));
    } else if (!what.empty()) {
        give_up("no such thing", verb);
    }
}

// The runtime's handler, for calls that do not go on.
void interrupt_calls() {
    constexpr long sigurg = 23;
    constexpr std::uint64_t restart = 0x10000000;
    std::array<std::uint64_t, 4> action{}; // the kernel's: handler, flags, restorer, mask
    must(syscall(__NR_rt_sigaction, sigurg, 0, address(action.data()), 8), "rt_sigaction");
    action[1] &= ~restart;
    must(syscall(__NR_rt_sigaction, sigurg, address(action.data()), 0, 8), "rt_sigaction");
}

} // namespace

int main(int argc, char** argv) {
    const std::span<char* const> args(argv, static_cast<std::size_t>(argc));
    if (args.size() < 2) {
        give_up("work", "how many rounds?");
    }
    if (rt0::getenv("LOOPS") == "short") {
        longest_loop = 200'000;
    }
    const std::uint64_t rounds = number(args[1]);
    kept_open open;
    rt0::wait_group over;
    rt0::wait_group group;
    over.add(1);
    // In the kernel, and tied to a thread that sleeps, from before the middle until the end.
    group.go([&open] { sum += receive(open.for_long); });
    group.go([&over] {
        rt0::lock_os_thread();
        over.wait();
        ++sum;
    });
    if (rt0::getenv("RESTART") == "no") {
        interrupt_calls();
    }
    half(open, 0, rounds / 2);
    doze(); // until the threads sleep that have nothing to do
    in_the_middle(args.subspan(2));
    if (rt0::getenv("LOOPS") == "more") {
        loops = 4;
    }
    half(open, rounds / 2, rounds);
    send(open.for_long, 1);
    over.done();
    group.wait();
    must(rt0::println("{}", sum.load()), "println");
}
