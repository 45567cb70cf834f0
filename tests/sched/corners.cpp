// Where the scheduler has been wrong, or could easily be, one behaviour a word of the command line;
// GOMAXPROCS says on how many processors. Ends with the number of checks that did not hold, or not
// at all. Short: what is to be seen is waited for, not the time in which it ought to happen.
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <numbers>
#include <string>
#include <string_view>

#include <rt0/rt0.h>

#include "../headers/check.h"
#include "kernel.h"

#define NOINLINE [[gnu::noinline]]

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Longer than a time slice.
constexpr auto long_enough = 12ms;

void use(void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

// What asks for stack, as any function of the program does that has a frame.
NOINLINE void called() {
    std::array<char, 40> room; // NOLINT(cppcoreguidelines-pro-type-member-init): it has to be there
    use(room.data());
}

// Until word is no longer value, without a call: only a signal interrupts that.
void spin_while(const std::atomic<int>& word, int value) {
    asm volatile("1:\n\t"
                 "cmpl %[value], (%[word])\n\t"
                 "je 1b"
                 :
                 : [value] "r"(value), [word] "r"(&word)
                 : "memory", "cc");
}

// The same, and the next call finds the guard that asks to give way.
void call_while(const std::atomic<int>& word, int value) {
    while (word == value) {
        called();
    }
}

void compute_for(clock::duration time) {
    const auto end = clock::now() + time;
    while (clock::now() < end) {
    }
}

uint32_t next_random(uint32_t& x) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

// Registers that a call leaves empty, and a preempted goroutine does not.

// Fills seven of the eight: one that somebody else has left there makes a NaN.
NOINLINE long double sum_of_seven(const std::array<long double, 7>& v) {
    long double sum = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("fldt (%[v])\n\t"
                 "fldt 16(%[v])\n\t"
                 "fldt 32(%[v])\n\t"
                 "fldt 48(%[v])\n\t"
                 "fldt 64(%[v])\n\t"
                 "fldt 80(%[v])\n\t"
                 "fldt 96(%[v])\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp\n\t"
                 "faddp"
                 : "=t"(sum)
                 : [v] "r"(v.data())
                 : "memory");
    return sum;
}

void x87() {
    std::atomic<int> stop = 0;
    rt0::wait_group holders;
    rt0::wait_group adders;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        holders.go([&stop] {
            long double one = 0; // NOLINT(misc-const-correctness): the assembly writes
            long double pi = 0;  // NOLINT(misc-const-correctness): both
            asm volatile("fldpi\n\t"
                         "fld1\n\t"
                         "1:\n\t"
                         "cmpl $0, (%[stop])\n\t"
                         "je 1b"
                         : "=t"(one), "=u"(pi)
                         : [stop] "r"(&stop)
                         : "memory", "cc");
            check(one == 1 && pi == std::numbers::pi_v<long double>);
        });
    }
    for (int i = 0; i < rt0::gomaxprocs(); ++i) {
        adders.go([] {
            int wrong = 0;
            const auto end = clock::now() + 4 * long_enough;
            for (int sums = 0; sums < 5 || clock::now() < end; ++sums) {
                wrong += sum_of_seven({1, 2, 3, 4, 5, 6, 7}) == 28 ? 0 : 1;
                rt0::yield();
            }
            check(wrong == 0);
        });
    }
    adders.wait();
    stop = 1;
    holders.wait();
}

// Rounding: a goroutine that changes it, and changes it back before it yields, is the only one that
// notices.

struct modes {
    uint32_t mxcsr;
    uint16_t x87;
    bool operator==(const modes&) const = default;
};

constexpr modes nearest{0x1f80, 0x037f};
constexpr modes upward{0x5f80, 0x0b7f};

modes get_modes() {
    modes now{};
    asm volatile("stmxcsr %0\n\t"
                 "fnstcw %1"
                 : "=m"(now.mxcsr), "=m"(now.x87));
    now.mxcsr &= ~0x3fU; // what has happened since the flags were cleared
    return now;
}

void set_modes(const modes& to) {
    asm volatile("ldmxcsr %0\n\t"
                 "fldcw %1"
                 :
                 : "m"(to.mxcsr), "m"(to.x87)
                 : "memory");
}

void modes_with(void (*wait_while)(const std::atomic<int>& word, int value)) {
    std::atomic<int> looks = 0;
    std::atomic<bool> stop = false;
    rt0::wait_group setters;
    rt0::wait_group lookers;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        setters.go([&looks, wait_while] {
            for (int round = 0; round < 3; ++round) {
                check(get_modes() == nearest);
                set_modes(upward);
                const auto end = clock::now() + long_enough;
                do {
                    wait_while(looks, looks);
                } while (clock::now() < end);
                check(get_modes() == upward);
                set_modes(nearest);
                rt0::yield();
            }
        });
    }
    for (int i = 0; i < rt0::gomaxprocs(); ++i) {
        lookers.go([&looks, &stop] {
            int wrong = 0;
            while (!stop) {
                wrong += get_modes() == nearest ? 0 : 1;
                ++looks;
                rt0::yield();
            }
            check(wrong == 0);
        });
    }
    setters.wait();
    stop = true;
    lookers.wait();
}

void modes_by_signal() {
    modes_with(spin_while);
}

void modes_by_guard() {
    modes_with(call_while);
}

// errno is the goroutine's own.
void errnos() {
    std::atomic<int> looks = 0;
    std::atomic<bool> stop = false;
    rt0::wait_group keepers;
    rt0::wait_group others;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        keepers.go([&looks, i] {
            for (int round = 0; round < 3; ++round) {
                errno = 100 + i;
                const auto end = clock::now() + long_enough;
                do {
                    spin_while(looks, looks);
                } while (clock::now() < end);
                check(errno == 100 + i);
                rt0::yield();
                check(errno == 100 + i);
            }
        });
    }
    for (int i = 0; i < rt0::gomaxprocs(); ++i) {
        others.go([&looks, &stop] {
            check(errno == 0);
            while (!stop) {
                errno = ERANGE;
                ++looks;
                rt0::yield();
            }
        });
        // Panics where somebody else's ERANGE comes between.
        others.go([&stop] {
            const std::string number = "12345";
            while (!stop) {
                check(std::stoi(number) == 12345);
            }
        });
    }
    keepers.wait();
    stop = true;
    others.wait();
}

// A file that becomes readable some nanoseconds from now.
class timer {
public:
    timer()
        : file_(static_cast<int>(raw_call(283, 1))) { // timerfd_create, of the monotonic clock
        check(file_.descriptor() >= 0);
    }

    void arm(long nanoseconds) {
        const std::array<long, 4> setting{0, 0, 0, nanoseconds};
        // timerfd_settime
        check(raw_call(286, file_.descriptor(), 0, reinterpret_cast<long>(setting.data())) == 0);
    }

    void wait() {
        std::array<std::byte, 8> count{};
        check(file_.read(count).value_or(0) == count.size());
    }

private:
    rt0::file file_;
};

// A goroutine alone that comes and goes between the kernel and its processor, which sysmon takes
// away now and then, is no deadlock.
void short_reads() {
    timer until;
    rt0::wait_group group;
    group.go([] {}); // from here on there are threads
    group.wait();
    uint32_t random = 1;
    const auto end = clock::now() + 400ms;
    while (clock::now() < end) {
        until.arm(1000 + next_random(random) % 150'000);
        until.wait();
    }
}

// A tied goroutine comes back from the kernel at about the time at which the last other one parks.
void tied_reads() {
    rt0::wait_group group;
    std::atomic<bool> stop = false;
    std::atomic<rt0::wait_group*> turn = nullptr;
    std::atomic<clock::time_point> due{};
    group.go([&] {
        rt0::lock_os_thread();
        timer until;
        uint32_t random = 7;
        while (!stop) {
            const long wait = 250'000 + next_random(random) % 50'000;
            due = clock::now() + std::chrono::nanoseconds(wait);
            until.arm(wait);
            if (rt0::wait_group* const waiting = turn.exchange(nullptr)) {
                waiting->done();
            }
            until.wait();
        }
        if (rt0::wait_group* const waiting = turn.exchange(nullptr)) {
            waiting->done();
        }
    });
    uint32_t random = 3;
    const auto end = clock::now() + 400ms;
    while (clock::now() < end) {
        rt0::wait_group own;
        own.add(1);
        turn = &own;
        own.wait();
        const auto until =
            due.load() + std::chrono::nanoseconds(30'000 + next_random(random) % 100'000);
        while (clock::now() < until) {
        }
    }
    stop = true;
    group.wait();
}

// A p beyond gomaxprocs that still runs is watched, all others being idle.
void beyond_gomaxprocs() {
    const int first = rt0::gomaxprocs(2);
    std::atomic<int> step = 0;
    rt0::wait_group group;
    group.go([&step] {
        step = 1;
        spin_while(step, 1);
        compute_for(20ms); // the other p is idle
        rt0::gomaxprocs(1);
        compute_for(60ms); // sysmon has had a look
        std::atomic<int> ran = 0;
        rt0::go([&ran] { ran = 1; });
        spin_while(ran, 0);
    });
    spin_while(step, 0); // so that it runs on the other p
    step = 2;
    group.wait();
    rt0::gomaxprocs(first);
}

// A crowd of timers shares its wake-ups: where many are due at once, who waits for the next is in
// no hurry. Where the kernel wakes late by 100 us all by itself this holds in any case.
void crowd() {
    constexpr int sleepers = 12;
    constexpr int sleeps = 500;
    rt0::wait_group group;
    const auto begin = clock::now();
    for (int i = 0; i < sleepers; ++i) {
        group.go([] {
            for (int n = 0; n < sleeps; ++n) {
                rt0::sleep_for(100us);
            }
        });
    }
    group.wait();
    check(clock::now() - begin > (sleeps - 10) * 200us);
}

// Two that compute are on two processors where there are two, though one of them was long alone and
// has used up its time slice when it starts the other.
void both_processors() {
    if (rt0::gomaxprocs() == 1) {
        return;
    }
    std::array<std::atomic<long>, 2> thread{};
    std::atomic<bool> apart = false;
    const auto end = clock::now() + 5s;
    const auto run = [&](size_t self) {
        while (!apart && clock::now() < end) {
            thread.at(self) = thread_id();
            compute_for(2ms);
            if (thread[0] != 0 && thread[1] != 0 && thread[0] != thread[1]) {
                apart = true;
            }
        }
    };
    rt0::wait_group group;
    group.go([&] {
        compute_for(3 * long_enough);
        group.go([&] { run(1); });
        run(0);
    });
    group.wait();
    check(apart);
}

// gomaxprocs made smaller: two goroutines that do nothing but yield share a thread soon after.
void lowered() {
    const int first = rt0::gomaxprocs(2);
    std::atomic<int> there = 0;
    std::atomic<bool> low = false;
    std::array<long, 2> thread{};
    rt0::wait_group group;
    for (size_t self = 0; self < 2; ++self) {
        group.go([&, self] {
            ++there;
            while (there < 2) {
            }
            if (self == 0) {
                rt0::gomaxprocs(1);
                low = true;
            }
            while (!low) {
                rt0::yield();
            }
            for (int turn = 0; turn < 1000; ++turn) {
                rt0::yield();
                thread.at(self) = thread_id();
            }
        });
    }
    group.wait();
    check(thread[0] == thread[1]);
    rt0::gomaxprocs(first);
}

// Goroutines that come and go elsewhere are no reason to count less than there are all the time.
void count() {
    constexpr int starters = 4;
    std::atomic<int> there = 0;
    std::atomic<bool> stop = false;
    rt0::wait_group group;
    for (int i = 0; i < starters; ++i) {
        group.go([&] {
            ++there;
            while (!stop) {
                rt0::wait_group inner;
                for (int k = 0; k < 300; ++k) {
                    inner.go([] {});
                }
                inner.wait();
            }
        });
    }
    while (there < starters) {
        rt0::yield();
    }
    int least = starters + 1;
    const auto end = clock::now() + 100ms;
    while (clock::now() < end) {
        for (int i = 0; i < 100; ++i) {
            const int now = rt0::num_goroutine();
            least = now < least ? now : least;
        }
        rt0::yield();
    }
    stop = true;
    group.wait();
    check(least == starters + 1);
}

// The thread_locals of a goroutine that ends tied are destroyed where it may still do what
// goroutines do.
struct destroyed_late {
    destroyed_late() = default;
    destroyed_late(const destroyed_late&) = delete;
    destroyed_late& operator=(const destroyed_late&) = delete;
    ~destroyed_late() {
        if (ended == nullptr) {
            return;
        }
        rt0::yield();
        rt0::wait_group inner;
        inner.go([] {});
        inner.wait();
        check(rt0::eprint("{}", "").has_value());
        ended->done();
    }
    rt0::wait_group* ended = nullptr;
};
thread_local destroyed_late of_thread;

void destructors() {
    rt0::wait_group ended;
    const auto end_tied = [&ended] {
        ended.add(1);
        rt0::go([&ended] {
            rt0::lock_os_thread();
            of_thread.ended = &ended;
        });
    };
    // On the first thread, where there is one p: that one sleeps for good then.
    end_tied();
    ended.wait();
    // And on others, while main's is tied.
    rt0::lock_os_thread();
    for (int i = 0; i < 3; ++i) {
        end_tied();
    }
    ended.wait();
    rt0::unlock_os_thread();
}

// A loop that calls nothing is interrupted, though the program that started this one has left the
// signal blocked.
void spinner() {
    std::atomic<int> stop = 0;
    rt0::wait_group group;
    group.go([&stop] { stop = 1; });
    group.go([&stop] { spin_while(stop, 0); });
    group.wait();
}

void blocked_signal() {
    const uint64_t sigurg = uint64_t{1} << (23 - 1);
    check(raw_call(14, 0, reinterpret_cast<long>(&sigurg), 0, 8) == 0); // rt_sigprocmask, SIG_BLOCK
    std::array<const char*, 3> arguments{"corners", "spinner", nullptr};
    // execve
    raw_call(59, reinterpret_cast<long>("/proc/self/exe"), reinterpret_cast<long>(arguments.data()),
             reinterpret_cast<long>(rt0::environment().data()));
    check(false);
}

// With a full queue, who starts a goroutine steps aside for it. It goes on, whatever that one and
// the others start meanwhile.
void starters() {
    using starter = void (*)(std::atomic<int>& ran);
    constexpr std::array<starter, 4> kinds{
        [](std::atomic<int>& ran) { rt0::go([&ran] { ++ran; }); },
        [](std::atomic<int>& ran) {
            rt0::wait_group inner;
            inner.go([&ran] { ++ran; });
            inner.wait();
        },
        [](std::atomic<int>& ran) {
            rt0::go([&ran] {
                rt0::wait_group inner;
                inner.go([&ran] { ++ran; });
                inner.wait();
            });
        },
        [](std::atomic<int>& ran) {
            rt0::go([&ran] { rt0::go([&ran] { rt0::go([&ran] { ++ran; }); }); });
        },
    };
    for (const starter start : kinds) {
        std::atomic<bool> stop = false;
        std::atomic<int> ran = 0;
        rt0::wait_group group;
        for (int i = 0; i < 200; ++i) {
            group.go([&stop] {
                while (!stop) {
                    rt0::yield();
                }
            });
        }
        for (int i = 0; i < 30; ++i) {
            group.go([&stop, &ran, start] {
                while (!stop) {
                    start(ran);
                }
            });
        }
        while (ran == 0) {
            rt0::yield();
        }
        stop = true;
        group.wait();
        while (rt0::num_goroutine() > 1) {
            rt0::yield();
        }
    }
}

// Three hundred loops of starts and waits, in step with each other, and nothing else in the queues:
// when all are there, each has its turn before the others have started twenty million goroutines,
// which takes a second.
void in_step() {
    constexpr int loops = 300;
    constexpr long many = 20'000'000;
    for (const int waits : {1, 2, 5}) {
        rt0::latch there(loops);
        std::atomic<int> had_turn = 0;
        std::atomic<long> started = 0;
        rt0::wait_group group;
        for (int i = 0; i < loops; ++i) {
            group.go([&, waits] {
                there.arrive_and_wait();
                bool first = true;
                while (had_turn < loops && started < many) {
                    rt0::wait_group inner;
                    for (int started_here = 0; started_here < waits; ++started_here) {
                        inner.go([] {});
                    }
                    inner.wait();
                    started += waits;
                    had_turn += first ? 1 : 0;
                    first = false;
                }
            });
        }
        group.wait();
        check(had_turn == loops);
    }
}

// Among many that only yield, one that computes has its turn again after each preemption, and main
// after each yield of its own.
void yielders() {
    std::atomic<bool> stop = false;
    std::atomic<int> done = 0;
    std::atomic<int> turns = 0;
    rt0::wait_group group;
    for (int i = 0; i < 200; ++i) {
        group.go([&] {
            while (!stop) {
                ++turns;
                rt0::yield();
            }
        });
    }
    for (int i = 0; i < 2; ++i) {
        group.go([&] {
            for (int slices = 0; slices < 3; ++slices) {
                spin_while(turns, turns);
                compute_for(long_enough);
            }
            ++done;
        });
    }
    int own = 0;
    while (done < 2 || own < 100) {
        ++own;
        rt0::yield();
    }
    stop = true;
    group.wait();
}

// The guard asks to give way, and what comes next is a call of the kernel, in which no goroutine
// does.
void asked_in_a_read() {
    auto zeroes = rt0::file::open("/dev/zero");
    check(zeroes.has_value());
    std::atomic<int> over = 0;
    rt0::wait_group group;
    for (int i = 0; i < 2 * rt0::gomaxprocs(); ++i) {
        group.go([&] {
            rt0::file own(static_cast<int>(raw_call(32, zeroes->descriptor()))); // dup
            std::array<std::byte, 8> buffer{};
            const std::span<std::byte> all = buffer;
            for (int round = 0; round < 4 && over == 0; ++round) {
                // The guard of prologues, and what it is when it asks (arch/amd64/offsets.h).
                asm volatile("1:\n\t"
                             "cmpl $0x7ffffade, %%fs:0x74\n\t"
                             "je 2f\n\t"
                             "cmpl $0, (%[over])\n\t"
                             "je 1b\n\t"
                             "2:"
                             :
                             : [over] "r"(&over)
                             : "memory", "cc");
                const auto size = own.read(all);
                check(size.has_value() && *size == 8);
                called(); // gives way
            }
            over = 1;
        });
    }
    group.wait();
}

// Giving way where the guard asks: with GODEBUG=asyncpreemptoff=1 it is all there is.

// Another goroutine has its turns meanwhile; on one p only if wait lets it.
template <class Wait>
void others_run(Wait wait) {
    std::atomic<int> turns = 0;
    std::atomic<bool> stop = false;
    rt0::wait_group group;
    group.go([&] {
        while (!stop) {
            ++turns;
            rt0::yield();
        }
    });
    for (int i = 0; i < 3; ++i) {
        wait(turns);
    }
    stop = true;
    group.wait();
}

void calls_give_way() {
    const auto wait = [](std::atomic<int>& turns) { call_while(turns, turns); };
    others_run(wait); // on the kernel's stack
    rt0::wait_group group;
    group.go([&] { others_run(wait); });
    group.wait();
    group.add(1);
    rt0::go(rt0::stack_size(100'000), [&] {
        others_run(wait);
        group.done();
    });
    group.wait();
    group.go([&] { rt0::on_big_stack([&] { others_run(wait); }); });
    group.wait();
}

void loops_give_way() {
    const auto wait = [](std::atomic<int>& turns) { spin_while(turns, turns); };
    others_run(wait);
    rt0::wait_group group;
    group.go([&] { others_run(wait); });
    group.wait();
    group.add(1);
    rt0::go(rt0::stack_size(100'000), [&] {
        others_run(wait);
        group.done();
    });
    group.wait();
}

// Without signals a loop that calls nothing has its p for itself. (What calls_give_way shows would
// be worth nothing otherwise.)
void loops_do_not() {
    std::atomic<int> ran = 0;
    rt0::wait_group group;
    group.go([&ran] {
        rt0::go([&ran] { ran = 1; });
        int seen = 0; // NOLINT(misc-const-correctness): the assembly writes it
        const uint64_t end = __builtin_ia32_rdtsc() + 200'000'000; // some 100 ms
        while (__builtin_ia32_rdtsc() < end) {
        }
        asm volatile("movl (%[ran]), %[seen]" : [seen] "=r"(seen) : [ran] "r"(&ran) : "memory");
        check(seen == 0);
    });
    group.wait();
}

struct test {
    std::string_view name;
    void (*run)();
};

constexpr test tests[] = {
    {"x87", x87},
    {"modes_by_signal", modes_by_signal},
    {"modes_by_guard", modes_by_guard},
    {"errnos", errnos},
    {"short_reads", short_reads},
    {"tied_reads", tied_reads},
    {"beyond_gomaxprocs", beyond_gomaxprocs},
    {"both_processors", both_processors},
    {"lowered", lowered},
    {"count", count},
    {"destructors", destructors},
    {"spinner", spinner},
    {"blocked_signal", blocked_signal},
    {"starters", starters},
    {"in_step", in_step},
    {"crowd", crowd},
    {"yielders", yielders},
    {"asked_in_a_read", asked_in_a_read},
    {"calls_give_way", calls_give_way},
    {"loops_give_way", loops_give_way},
    {"loops_do_not", loops_do_not},
};

} // namespace

int main(int argc, char** argv) {
    for (const test& t : tests) {
        if (argc == 2 && t.name == argv[1]) {
            t.run();
            return failures;
        }
    }
    return 99;
}
