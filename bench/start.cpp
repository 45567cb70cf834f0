// How long a program takes from nothing to gone, beside its peers, in one interleaved run.
//
//   start [-n ROUNDS] [--json FILE] [--no-pin] NAME=PATH...
//
// The first program is ours; one of them must be named `bare`, the floor that the ratios are taken
// against. A round starts every program once, in an order shuffled anew for each round, so that a
// drift of the machine (frequency, neighbours, page cache) meets all of them alike. Two ratios are
// printed: of the medians, and the median of the rounds' own ratios, which a drift cannot bend;
// the second is the one to quote, with half the width of its 95 % interval.
//
// A start is the time from just before clone to the return of wait4: exec, the program's own work,
// and its end. The child is made with CLONE_VM|CLONE_VFORK, so our own size costs nothing, gets
// an empty environment, and has /dev/null as its descriptors 0 and 1.
//
// Parent and child share one CPU unless --no-pin is given. This removes migrations and the wake-up
// of an idle CPU, which are most of the noise. It also means that a program asking for its CPUs is
// told 1, and that the threads of a program that starts some take turns.
//
// System calls and threads are counted under ptrace in separate runs: execve and exit_group count,
// threads and child processes are followed. Before anything is measured each program must have
// printed the same single line as the others into a pipe, and ended with status 0.

#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report.h"

namespace {

using bench::median;

constexpr std::size_t warm_up_rounds = 10;
constexpr std::size_t traced_runs = 5;

[[noreturn]] void fail(const std::string& text) {
    std::fprintf(stderr, "start: %s\n", text.c_str());
    std::exit(2);
}

[[noreturn]] void fail_errno(const std::string& what) {
    const int error = errno;
    fail(what + ": " + std::strerror(error));
}

struct program {
    std::string name;
    std::string path;
    std::vector<double> micros;
    std::vector<double> faults;
    std::vector<double> syscalls;
    std::vector<double> threads;
    double bytes = 0;
};

struct options {
    std::size_t rounds = 500;
    std::string json;
    bool pin = true;
    std::vector<program> programs;
};

// What a child needs to know; it shares our memory until its exec.
struct launch {
    const char* path;
    int out;
    bool traced;
    int error; // set by the child when it could not become the program
};

int become(void* argument) {
    auto& how = *static_cast<launch*>(argument);
    char* const argv[] = {const_cast<char*>(how.path), nullptr};
    char* const envp[] = {nullptr};
    if ((!how.traced || ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) && dup2(how.out, 1) >= 0)
        execve(how.path, argv, envp);
    how.error = errno;
    _exit(127);
}

alignas(64) std::array<char, std::size_t{64} * 1024> child_stack;

pid_t spawn(launch& how) {
    const pid_t pid = clone(become, child_stack.data() + child_stack.size(),
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &how);
    if (pid < 0)
        fail_errno("clone");
    return pid;
}

void check_status(const program& p, const launch& how, int status) {
    if (how.error != 0)
        fail(p.path + ": " + std::strerror(how.error));
    if (WIFSIGNALED(status))
        fail(p.name + " was killed by signal " + std::to_string(WTERMSIG(status)));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(p.name + " ended with status " + std::to_string(WEXITSTATUS(status)));
}

struct start_cost {
    double micros;
    double faults;
};

start_cost start_once(const program& p, int out) {
    launch how{.path = p.path.c_str(), .out = out, .traced = false, .error = 0};
    int status = 0;
    rusage usage{};
    const auto begin = std::chrono::steady_clock::now();
    const pid_t pid = spawn(how);
    if (wait4(pid, &status, 0, &usage) < 0)
        fail_errno("wait4");
    const auto end = std::chrono::steady_clock::now();
    check_status(p, how, status);
    return {.micros = std::chrono::duration<double, std::micro>(end - begin).count(),
            .faults = static_cast<double>(usage.ru_minflt)};
}

std::string output_of(const program& p) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail_errno("pipe2");
    launch how{.path = p.path.c_str(), .out = ends[1], .traced = false, .error = 0};
    const pid_t pid = spawn(how);
    close(ends[1]);
    std::string text;
    std::array<char, 4096> part{};
    for (;;) {
        const ssize_t got = read(ends[0], part.data(), part.size());
        if (got < 0)
            fail_errno("read");
        if (got == 0)
            break;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    if (waitpid(pid, &status, 0) < 0)
        fail_errno("waitpid");
    check_status(p, how, status);
    return text;
}

void check_outputs(std::span<const program> programs) {
    std::optional<std::string> expected;
    for (const program& p : programs) {
        const std::string text = output_of(p);
        if (text.size() < 2 || text.find('\n') != text.size() - 1)
            fail(p.name + " did not print one line, but \"" + text + '"');
        if (!expected)
            expected = text;
        if (text != *expected) {
            fail(p.name + " printed \"" + text + "\", but " + programs.front().name + " \"" +
                 *expected + '"');
        }
    }
}

struct traced_cost {
    double syscalls;
    double threads;
};

void resume(pid_t tid, int signal) {
    // A thread that is gone already (exit_group by another) is no failure.
    if (ptrace(PTRACE_SYSCALL, tid, nullptr, signal) != 0 && errno != ESRCH)
        fail_errno("ptrace");
}

bool enters_syscall(pid_t tid) {
    __ptrace_syscall_info info{};
    const auto size = reinterpret_cast<void*>(sizeof info);
    return ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), tid, size, &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

traced_cost trace_once(const program& p, int out) {
    launch how{.path = p.path.c_str(), .out = out, .traced = true, .error = 0};
    const pid_t leader = spawn(how);
    int status = 0;
    // The first stop is the trap after a successful execve, which thereby counts as one.
    if (waitpid(leader, &status, __WALL) < 0)
        fail_errno("waitpid");
    if (!WIFSTOPPED(status)) {
        check_status(p, how, status);
        fail(p.name + " was not traced");
    }
    constexpr long wanted = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                            PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, leader, nullptr, wanted) != 0)
        fail_errno("PTRACE_SETOPTIONS");
    traced_cost cost{.syscalls = 1, .threads = 0};
    std::set<pid_t> known{leader};
    resume(leader, 0);
    while (!known.empty()) {
        const pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0)
            fail_errno("waitpid");
        if (!WIFSTOPPED(status)) {
            known.erase(tid);
            if (tid == leader)
                check_status(p, how, status);
            continue;
        }
        int deliver = 0;
        const int signal = WSTOPSIG(status);
        if (known.insert(tid).second) {
            // A new thread or child begins with a SIGSTOP of ptrace's own.
        } else if (signal == (SIGTRAP | 0x80)) {
            cost.syscalls += enters_syscall(tid) ? 1 : 0;
        } else if (signal == SIGTRAP) {
            cost.threads += (status >> 16) == PTRACE_EVENT_CLONE ? 1 : 0;
        } else {
            deliver = signal;
        }
        resume(tid, deliver);
    }
    return cost;
}

// Half the width of the 95 % confidence interval of the median, by order statistics.
double uncertainty(std::vector<double> values) {
    std::ranges::sort(values);
    const auto n = static_cast<double>(values.size());
    const double reach = 0.98 * std::sqrt(n);
    const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(n / 2 - reach)));
    const auto high = std::min(values.size() - 1, static_cast<std::size_t>(n / 2 + reach));
    return (values[high] - values[low]) / 2;
}

std::vector<double> ratios(const program& p, const program& base) {
    std::vector<double> all(p.micros.size());
    std::ranges::transform(p.micros, base.micros, all.begin(), std::divides<>());
    return all;
}

const program& floor_of(std::span<const program> programs) {
    const auto found = std::ranges::find(programs, "bare", &program::name);
    if (found == programs.end())
        fail("no program named bare: the ratios need one");
    return *found;
}

void measure(options& o) {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0)
        fail_errno("/dev/null");
    for (program& p : o.programs) {
        struct stat info{};
        if (stat(p.path.c_str(), &info) != 0)
            fail_errno(p.path);
        p.bytes = static_cast<double>(info.st_size);
        for (std::size_t i = 0; i < traced_runs; ++i) {
            const auto [syscalls, threads] = trace_once(p, null);
            p.syscalls.push_back(syscalls);
            p.threads.push_back(threads);
        }
    }
    std::vector<program*> order(o.programs.size());
    std::ranges::transform(o.programs, order.begin(), [](program& p) { return &p; });
    std::mt19937 random; // the same orders every time: one source of difference less
    for (std::size_t round = 0; round < o.rounds + warm_up_rounds; ++round) {
        std::ranges::shuffle(order, random);
        for (program* p : order) {
            const start_cost cost = start_once(*p, null);
            if (round < warm_up_rounds)
                continue;
            p->micros.push_back(cost.micros);
            p->faults.push_back(cost.faults);
        }
    }
}

void print_table(const options& o) {
    const program& base = floor_of(o.programs);
    std::size_t width = 7;
    for (const program& p : o.programs)
        width = std::max(width, p.name.size());
    const int w = static_cast<int>(width);
    std::printf("%zu starts each, interleaved, %s; x bare: of the medians, and the median of the "
                "rounds' ratios\n",
                o.rounds, o.pin ? "pinned to one CPU" : "not pinned");
    std::printf("%-*s %10s %8s %8s %7s %7s %9s %8s %9s\n", w, "program", "median us", "x bare",
                "x bare", "+-", "faults", "syscalls", "threads", "bytes");
    for (const program& p : o.programs) {
        const std::vector<double> all = ratios(p, base);
        std::printf("%-*s %10.1f %8.3f %8.3f %7.3f %7.0f %9.0f %8.0f %9.0f\n", w, p.name.c_str(),
                    median(p.micros), median(p.micros) / median(base.micros), median(all),
                    uncertainty(all), median(p.faults), median(p.syscalls), median(p.threads),
                    p.bytes);
    }
}

std::string json_row(const options& o, std::string_view name, std::string_view unit,
                     std::size_t runs, const std::function<double(const program&)>& value,
                     double ratio) {
    bench::json_row row{.name = name,
                        .unit = unit,
                        .ours = value(o.programs.front()),
                        .peers = {},
                        .ratio = ratio,
                        .runs = runs};
    for (const program& p : std::span(o.programs).subspan(1))
        row.peers.emplace_back(p.name, value(p));
    return bench::text_of(row);
}

// `ratio` is ours over bare; for the time it is the median of the rounds' ratios.
void write_json(const options& o) {
    const program& base = floor_of(o.programs);
    const program& ours = o.programs.front();
    const auto plain = [&](std::string_view name, std::string_view unit, std::size_t runs,
                           const std::function<double(const program&)>& value) {
        return json_row(o, name, unit, runs, value, value(ours) / value(base));
    };
    const auto time = [](const program& p) { return median(p.micros); };
    std::ofstream file(o.json);
    file << '[' << json_row(o, "start", "us", o.rounds, time, median(ratios(ours, base))) << ",\n"
         << plain("start: minor faults", "faults", o.rounds,
                  [](const program& p) { return median(p.faults); })
         << ",\n"
         << plain("start: system calls", "calls", traced_runs,
                  [](const program& p) { return median(p.syscalls); })
         << ",\n"
         << plain("start: threads created", "threads", traced_runs,
                  [](const program& p) { return median(p.threads); })
         << ",\n"
         << plain("start: file size", "bytes", 1, [](const program& p) { return p.bytes; })
         << "]\n";
    file.flush();
    if (!file)
        fail("cannot write " + o.json);
}

void pin_to_one_cpu() {
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        fail_errno("sched_getaffinity");
    // The last one: the first usually serves more interrupts.
    int last = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        last = CPU_ISSET(static_cast<unsigned>(cpu), &cpus) ? cpu : last;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<unsigned>(last), &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus) != 0)
        fail_errno("sched_setaffinity");
}

options parse(std::span<char*> arguments) {
    options o;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const auto value = [&]() -> std::string_view {
            if (++i == arguments.size())
                fail(std::string(argument) + " needs a value");
            return arguments[i];
        };
        if (argument == "-n") {
            const std::string text(value());
            const char* const end = text.c_str() + text.size();
            const auto [rest, error] = std::from_chars(text.c_str(), end, o.rounds);
            if (error != std::errc() || rest != end || o.rounds == 0)
                fail("-n needs a positive number, not " + text);
        } else if (argument == "--json") {
            o.json = value();
        } else if (argument == "--no-pin") {
            o.pin = false;
        } else if (const auto equals = argument.find('=');
                   argument.starts_with('-') || equals == 0 || equals == argument.npos) {
            fail("usage: start [-n ROUNDS] [--json FILE] [--no-pin] NAME=PATH...");
        } else {
            program& p = o.programs.emplace_back();
            p.name = argument.substr(0, equals);
            p.path = argument.substr(equals + 1);
        }
    }
    return o;
}

} // namespace

int main(int argc, char** argv) {
    options o = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    floor_of(o.programs);
    if (o.pin)
        pin_to_one_cpu();
    check_outputs(o.programs);
    measure(o);
    print_table(o);
    if (!o.json.empty())
        write_json(o);
}
