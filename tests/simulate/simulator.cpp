#include "tests/simulate/simulator.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/explore/explore.h"
#include "tests/host/context.h"

namespace simulate {

namespace {

constexpr std::size_t stack_size = std::size_t{256} * 1024;
constexpr std::int64_t step_time = 10; // nanoseconds
constexpr std::int64_t call_time = 300;
// Beyond, without anything done, it goes round in circles.
constexpr std::uint64_t most_steps = 500'000'000;
constexpr std::uint64_t most_turns = 30'000'000;
constexpr rlim_t most_seconds = 30; // of a processor's time

enum class state : std::uint8_t { ready, waiting, over };

struct thread {
    std::size_t id = 0;
    std::function<void()> body;
    void* sp = nullptr;
    state now = state::ready;
    const void* key = nullptr;
    std::int64_t deadline = -1;
    std::int64_t stalled_until = 0;
    bool woken = false;
    bool signalled = false;
    void* local = nullptr;
};

// What a run's seed decides beside each single choice.
struct fate {
    std::uint64_t turn = 1;      // the mean number of steps that a thread has the processor
    std::uint64_t stalls = 0;    // one in so many turns ends with a stall; 0 none
    std::uint64_t interrupt = 0; // one in so many waits; 0 none
    std::uint64_t refuse_at = 0; // the n-th call that may be refused; 0 none
    bool refuse_more = false;    // and those behind it
    const char* refuse = "";     // which
};

class simulator {
public:
    void begin(std::uint64_t seed, bool trace);
    [[noreturn]] void run(void (*program)());

    void step() {
        now_ += step_time;
        if (--left_ == 0 || current_->signalled) [[unlikely]] {
            give_way();
        }
    }
    void take_long(std::int64_t time) {
        now_ += time;
        step();
    }
    void pause();
    bool wait(const void* key, std::int64_t deadline);
    int wake(const void* key, int count);
    void start(std::function<void()> body);
    [[noreturn]] void end_thread();
    void comes_on() {
        steps_before_ = steps_;
        turns_before_ = turns_;
    }
    [[noreturn]] void end(std::string_view text, int status);
    bool signal(std::size_t thread);
    int refusal(std::string_view call);
    bool interrupted() { return fate_.interrupt != 0 && generator_() % fate_.interrupt == 0; }
    void note(std::string_view call);

    void on_signal(void (*deliver)()) { deliver_ = deliver; }
    [[nodiscard]] std::int64_t now() const { return now_; }
    std::uint64_t cycles() { return static_cast<std::uint64_t>(++now_) * 3; }
    [[nodiscard]] bool refused_once() const { return refused_ != 0; }
    [[nodiscard]] std::size_t thread_number() const { return current_->id; }
    std::uint64_t random() { return generator_(); }
    void*& local() { return current_->local; }

private:
    thread& make_thread(std::function<void()> body);
    static void enter();
    void give_way();
    void choose_next();
    void next_turn();
    void mix(std::uint64_t value) { hash_ = (std::rotl(hash_, 5) ^ value) * 0x9e3779b97f4a7c15; }

    std::vector<std::unique_ptr<thread>> threads_;
    std::vector<thread*> living_; // those of them that are not over, in order
    std::vector<thread*> ready_;  // choose_next's
    thread* current_ = nullptr;
    std::int64_t now_ = 0;
    std::uint64_t granted_ = 0; // steps, for this turn
    std::uint64_t left_ = 0;    // of them
    std::uint64_t steps_ = 0;
    std::uint64_t turns_ = 0;
    // When it last came on.
    std::uint64_t steps_before_ = 0;
    std::uint64_t turns_before_ = 0;
    std::uint64_t refusable_ = 0; // calls, so far
    std::uint64_t refused_ = 0;
    std::uint64_t hash_ = 0; // of all that has been chosen
    std::uint64_t seed_ = 0;
    void (*deliver_)() = nullptr;
    bool trace_ = false;
    fate fate_;
    std::mt19937_64 generator_;
};

simulator the;

void simulator::begin(std::uint64_t seed, bool trace) {
    seed_ = seed;
    trace_ = trace;
    generator_.seed(seed);
    constexpr std::array<std::uint64_t, 6> turns{1, 3, 10, 100, 1000, 20'000};
    fate_.turn = turns.at(generator_() % turns.size());
    fate_.stalls = generator_() % 2 == 0 ? 10 + generator_() % 1000 : 0;
    fate_.interrupt = generator_() % 2 == 0 ? 2 + generator_() % 30 : 0;
    if (generator_() % 3 == 0) {
        constexpr std::array<const char*, 10> calls{
            "clone",  "mmap",          "madvise", "munmap",      "mprotect",
            "tgkill", "clock_gettime", "futex",   "sigaltstack", "membarrier"};
        fate_.refuse = calls.at(generator_() % calls.size());
        fate_.refuse_at = 1 + generator_() % (generator_() % 2 == 0 ? 8 : 200);
        fate_.refuse_more = generator_() % 2 == 0;
    }
}

void simulator::note(std::string_view call) {
    mix(current_->id);
    mix(static_cast<std::uint64_t>(now_));
    if (trace_) {
        std::printf("%12ld thread %zu: %.*s\n", now_, current_->id, static_cast<int>(call.size()),
                    call.data());
    }
}

thread& simulator::make_thread(std::function<void()> body) {
    threads_.push_back(std::make_unique<thread>());
    void* const stack =
        mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) {
        std::perror("simulate: mmap");
        std::_Exit(2);
    }
    thread& made = *threads_.back();
    made.id = threads_.size() - 1;
    living_.push_back(&made);
    made.body = std::move(body);
    made.sp = host::fresh_context(static_cast<std::byte*>(stack) + stack_size, &enter);
    return made;
}

void simulator::enter() {
    the.current_->body();
    the.end_thread();
}

void simulator::run(void (*program)()) {
    current_ = &make_thread(program);
    next_turn();
    void* nobody = nullptr;
    host::host_switch(&nobody, current_->sp);
    std::abort(); // the run ends the process
}

void simulator::next_turn() {
    // Between one step and twice the mean.
    steps_ += granted_ - left_;
    left_ = granted_ = 1 + generator_() % (2 * fate_.turn);
    ++turns_;
}

// The turn of the current thread is over, or a signal has come for it.
void simulator::give_way() {
    if (left_ == 0) {
        if (fate_.stalls != 0 && generator_() % fate_.stalls == 0) {
            // From a microsecond to some ten milliseconds, short ones as often as long ones.
            const std::uint64_t time =
                (std::uint64_t{1'000} << generator_() % 14) + generator_() % 1'000;
            current_->stalled_until = now_ + static_cast<std::int64_t>(time);
        }
        choose_next();
    }
    while (std::exchange(current_->signalled, false)) {
        deliver_();
    }
}

// Who goes on. Returns when the calling thread does.
void simulator::choose_next() {
    if (steps_ - steps_before_ > most_steps || turns_ - turns_before_ > most_turns) {
        end("goes on for ever", 1);
    }
    thread* const self = current_;
    for (;;) {
        ready_.clear();
        std::int64_t soonest = -1;
        const auto at = [&](std::int64_t time) {
            soonest = soonest < 0 || time < soonest ? time : soonest;
        };
        for (thread* const one : living_) {
            if (one->now == state::waiting && one->deadline >= 0) {
                if (one->deadline <= now_) {
                    one->now = state::ready;
                } else {
                    at(one->deadline);
                }
            }
            if (one->now == state::ready) {
                if (one->stalled_until <= now_) {
                    ready_.push_back(one);
                } else {
                    at(one->stalled_until);
                }
            }
        }
        if (!ready_.empty()) {
            break;
        }
        if (soonest < 0) {
            end("hangs: all threads wait, and none has a deadline", 1);
        }
        now_ = soonest;
    }
    thread* const next = ready_[generator_() % ready_.size()];
    mix(next->id);
    next_turn();
    if (next != self) {
        current_ = next;
        host::host_switch(&self->sp, next->sp);
    }
}

// Waits for what others do: they have their turn.
void simulator::pause() {
    now_ += 4 * step_time;
    granted_ -= left_ - 1;
    left_ = 1;
    step();
}

bool simulator::wait(const void* key, std::int64_t deadline) {
    thread& self = *current_;
    self.key = key;
    self.deadline = deadline;
    self.woken = false;
    self.now = state::waiting;
    choose_next();
    self.key = nullptr;
    return self.woken;
}

int simulator::wake(const void* key, int count) {
    int woken = 0;
    // From a random one on, so that none is always the first.
    const std::size_t first = generator_() % living_.size();
    for (std::size_t i = 0; i < living_.size() && woken < count; ++i) {
        thread& one = *living_[(first + i) % living_.size()];
        if (one.now == state::waiting && one.key == key) {
            one.now = state::ready;
            one.woken = true;
            ++woken;
        }
    }
    return woken;
}

void simulator::start(std::function<void()> body) {
    (void)make_thread(std::move(body));
}

void simulator::end_thread() {
    current_->now = state::over;
    std::erase(living_, current_);
    choose_next();
    std::abort(); // nobody goes on with a thread that is over
}

bool simulator::signal(std::size_t thread) {
    if (thread >= threads_.size() || threads_[thread]->now == state::over) {
        return false;
    }
    struct thread& to = *threads_[thread];
    to.signalled = true;
    if (to.now == state::waiting) {
        to.now = state::ready; // interrupted
    }
    return true;
}

int simulator::refusal(std::string_view call) {
    if (fate_.refuse_at == 0 || call != fate_.refuse) {
        return 0;
    }
    ++refusable_;
    if (refusable_ != fate_.refuse_at && (!fate_.refuse_more || refusable_ < fate_.refuse_at)) {
        return 0;
    }
    ++refused_;
    note("is refused");
    return call == "mmap" ? ENOMEM : call == "clone" && !fate_.refuse_more ? EAGAIN : EPERM;
}

void simulator::end(std::string_view text, int status) {
    std::string refused;
    if (refused_ != 0) {
        refused =
            std::string(", ") + fate_.refuse + " refused " + std::to_string(refused_) + " times";
    }
    std::printf("seed %lu: %zu threads, %lu turns, %ld us%s, %016lx: %s%.*s\n", seed_,
                threads_.size(), turns_, now_ / 1'000, refused.c_str(), hash_,
                status == 0 ? "" : "FAILED: ", static_cast<int>(text.size()), text.data());
    std::fflush(stdout);
    std::_Exit(status);
}

std::uint64_t number(const char* text) {
    std::uint64_t value = 0;
    const char* const end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    if (error != std::errc() || rest != end) {
        std::fprintf(stderr, "simulate: not a number: %s\n", text);
        std::exit(2);
    }
    return value;
}

// A run is a process: the runtime begins once. It says what it comes to.
pid_t start_run(std::uint64_t seed, bool trace, void (*program)()) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) {
        std::perror("simulate: fork");
        std::exit(2);
    }
    if (child == 0) {
        const rlimit limit{most_seconds, most_seconds};
        if (setrlimit(RLIMIT_CPU, &limit) != 0) {
            std::perror("simulate: setrlimit");
            std::_Exit(2);
        }
        (void)std::signal(SIGABRT, [](int) { the.end("it crashes", 1); });
        the.begin(seed, trace);
        the.run(program);
    }
    return child;
}

} // namespace

std::uint64_t below(std::uint64_t n) {
    return the.random() % n;
}
bool one_in(std::uint64_t n) {
    return below(n) == 0;
}
std::int64_t now() {
    return the.now();
}
std::uint64_t cycles() {
    return the.cycles();
}
void enter_kernel(std::string_view call) {
    the.note(call);
    the.take_long(call_time);
}
int refusal(std::string_view call) {
    return the.refusal(call);
}
bool refused_once() {
    return the.refused_once();
}
bool interrupted() {
    return the.interrupted();
}
bool wait(const void* key, std::int64_t deadline) {
    return the.wait(key, deadline);
}
void wake_all(const void* key) {
    (void)the.wake(key, INT_MAX);
}
void on_signal(void (*deliver)()) {
    the.on_signal(deliver);
}
bool signal(std::size_t thread) {
    return the.signal(thread);
}
std::size_t thread_number() {
    return the.thread_number();
}
void comes_on() {
    the.comes_on();
}
void end(std::string_view text) {
    the.end(text, 0);
}

int run(int argc, char** argv, void (*program)()) {
    // Other runs each time, unless somebody says which.
    std::uint64_t seed = static_cast<std::uint64_t>(std::time(nullptr)) % 1'000'000 * 1'000;
    std::uint64_t count = 1;
    std::uint64_t seconds = 0;
    bool trace = false;
    bool failure_expected = false;
    int position = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--trace") {
            trace = true;
        } else if (word == "--expect-failure") {
            failure_expected = true;
        } else if (word == "--seconds" && i + 1 < argc) {
            seconds = number(argv[++i]);
        } else if (position < 2) {
            (position++ == 0 ? seed : count) = number(argv[i]);
        } else {
            std::fprintf(stderr,
                         "simulate [SEED [COUNT]] [--seconds S] [--trace] [--expect-failure]\n");
            return 2;
        }
    }
    const unsigned at_once = std::max(std::thread::hardware_concurrency(), 1U);
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    unsigned running = 0;
    std::vector<std::pair<pid_t, std::uint64_t>> runs;
    for (std::uint64_t next = seed;;) {
        const bool enough = failure_expected && failed != 0;
        const bool more = !enough && (seconds != 0 ? std::chrono::steady_clock::now() - begin <
                                                         std::chrono::seconds(seconds)
                                                   : next < seed + count);
        if (more && running < at_once) {
            runs.emplace_back(start_run(next, trace, program), next);
            ++next;
            ++running;
            continue;
        }
        if (running == 0) {
            break;
        }
        int status = 0;
        const pid_t ended = waitpid(-1, &status, 0);
        const auto which = std::ranges::find(runs, ended, &std::pair<pid_t, std::uint64_t>::first);
        if (which == runs.end()) {
            continue;
        }
        if (status != 0) {
            if (WIFSIGNALED(status)) {
                std::printf("seed %lu: FAILED: ended by signal %d\n", which->second,
                            WTERMSIG(status));
            }
            ++failed;
        }
        runs.erase(which);
        if (failure_expected && failed == 1) {
            for (const auto& [other, its_seed] : runs) {
                (void)kill(other, SIGKILL);
            }
        }
        ++done;
        --running;
    }
    std::printf("simulate: %lu runs from seed %lu on, %lu failed\n", done, seed, failed);
    return (failed != 0) == failure_expected ? 0 : 1;
}

} // namespace simulate

// The explorer's interface.
namespace explore {

using simulate::the;

void start(std::function<void()> body) {
    the.start(std::move(body));
}
void end_thread() {
    the.end_thread();
}
void*& local() {
    return the.local();
}
void check(bool condition, const char* text) {
    if (!condition) {
        the.end(text, 1);
    }
}
void fail(const char* text) {
    the.end(text, 1);
}
void pause() {
    the.pause();
}

// The kernel compares and goes to sleep in one step.
int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t nanoseconds) {
    simulate::enter_kernel("futex_wait");
    if (*word != expected) {
        return -EAGAIN;
    }
    if (the.interrupted()) {
        return the.random() % 2 == 0 ? -EINTR : 0;
    }
    const std::int64_t deadline = nanoseconds < 0 ? -1 : the.now() + nanoseconds;
    if (the.wait(word, deadline)) {
        return 0;
    }
    return deadline >= 0 && the.now() >= deadline ? -ETIMEDOUT : -EINTR;
}
int futex_wake(const std::uint32_t* word, int count) {
    simulate::enter_kernel("futex_wake");
    return the.wake(word, count);
}

void forget(const void* /*address*/) {}
void load(const void* address, std::size_t size, int /*order*/, void* out) {
    the.step();
    std::memcpy(out, address, size);
}
void store(void* address, std::size_t size, int /*order*/, const void* value) {
    the.step();
    std::memcpy(address, value, size);
}
void modify(void* address, std::size_t size, int /*order*/, int /*failure*/, void* old,
            const change& by) {
    the.step();
    std::memcpy(old, address, size);
    (void)by(old, address);
}
void fence(int /*order*/) {
    the.step();
}
bool compare_and_swap_pair(void* at, std::uint64_t* first, void** second, std::uint64_t new_first,
                           void* new_second) {
    the.step();
    auto* const words = static_cast<std::uint64_t*>(at);
    const bool same = words[0] == *first && words[1] == reinterpret_cast<std::uintptr_t>(*second);
    if (same) {
        words[0] = new_first;
        words[1] = reinterpret_cast<std::uintptr_t>(new_second);
    } else {
        *first = words[0];
        *second = reinterpret_cast<void*>(words[1]);
    }
    return same;
}

} // namespace explore
