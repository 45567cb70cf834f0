// What there is beside its peers: goroutines, fibers, and code by hand. Which of the tables below,
// its first argument says.
//
//   compare TABLE [-n ROUNDS] [--json FILE] [--row ROW]... NAME=PATH...
//
// The first program is ours; the one whose name begins with `go` is what the ratios are taken
// against. `PROGRAM ROW` prints one number and ends: nanoseconds per operation, or what else the
// row counts. A round runs every row of every program once, in a new process each, so that a drift
// of the machine meets all of them alike; for each row the programs come in an order shuffled
// anew. The figures are medians over the rounds, the ratio is that of the medians.
//
// A program without the row ends with status 99, and its cell is "-". So is the cell of one that
// fails, by a signal, a status, a text that is no number, or by taking more than three minutes; it
// is not asked again, and a line on standard error says why. What has used up its time for a row
// takes part in no more rounds of it.

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
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
#include <limits>
#include <random>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peers/rows.h"
#include "report.h"

namespace {

constexpr int timeout_ms = 180'000;
constexpr double time_for_a_row = 20e9;

struct row_kind {
    std::string_view name;
    std::string_view what;
    std::string_view unit;
    double scale; // of the unit, over what the programs print
};

constexpr row_kind sched[] = {
    {"yield_1p", "yield, 2 on 1 p", "ns", 1},
    {"spawn_join_1p", "spawn + join, 1 p", "ns", 1},
    {"spawn_join", "spawn + join, all p's", "ns", 1},
    {"burst", "10,000 in a burst, each", "ns", 1},
    {"burst_1m", "1,000,000 in a burst, each", "ns", 1},
    {"skynet", "skynet, 1,000,000 leaves", "ms", 1e-6},
    {"fib25", "fib(25)", "ms", 1e-6},
    {"deep_1000", "first call 1000 deep, warm", "us", 1e-3},
    {"rss", "RSS each, 100,000 parked", "bytes", 1},
    {"rss_1m", "RSS each, 1,000,000 parked", "bytes", 1},
    {"rss_10m", "RSS each, 10,000,000 parked, then ended", "bytes", 1},
    {"crossing", "a call across a segment, over a plain one", "ns", 1},
    {"speedup", "speed-up of all p's over 1", "x", 1},
};

constexpr row_kind chan[] = {
    {"ping_pong_1p", "unbuffered, there and back, 1 p", "ns", 1},
    {"ping_pong", "unbuffered, there and back, all p's", "ns", 1},
    {"buffered", "send + receive by one goroutine", "ns", 1},
    {"prod_cons", "1 to 1, capacity 128, per item, all p's", "ns", 1},
    {"mpmc", "4 to 4, capacity 64, per item, all p's", "ns", 1},
    {"ring", "ring of 503, per hop", "ns", 1},
    {"sieve", "sieve to the 1000th prime", "ms", 1e-6},
    {"skynet", "skynet, 1,000,000 leaves", "ms", 1e-6},
    {"fib25", "fib(25), a channel per call", "ms", 1e-6},
    {"select_ready", "select, one of two is ready", "ns", 1},
    {"select_block", "select that blocks, per hand-off", "ns", 1},
};

constexpr row_kind sync[] = {
    {"mutex", "mutex, nobody else", "ns", 1},
    {"contended", "mutex, 8 goroutines per p, per lock", "ns", 1},
    {"read_lock", "shared_mutex to read, all p's, per lock", "ns", 1},
};

constexpr row_kind time_rows[] = {
    {"late", "lateness of a sleep of 50 us, median", "us", 1e-3},
    {"start_stop", "timer start + stop", "ns", 1},
    {"call_stop", "after_func + stop", "ns", 1},
    {"reset", "reset of a pending timer", "ns", 1},
    {"sleep_1ns", "sleep of 1 ns", "ns", 1},
    {"sleepers", "1,000,000 asleep for up to 10 s, CPU time", "ms", 1e-6},
    {"tickers", "10,000 tickers of 10 ms for 1 s, CPU time", "ms", 1e-6},
    {"ticks_late", "the same, lateness of 1 in 1000", "us", 1e-3},
    {"now", "steady_clock::now()", "ns", 1},
    {"context", "context with_cancel + cancel", "ns", 1},
    {"contexts", "the same with 100 children", "us", 1e-3},
};

struct table {
    std::string_view name;
    std::span<const row_kind> rows;
};

constexpr table tables[] = {
    {"sched", sched},
    {"chan", chan},
    {"sync", sync},
    {"time", time_rows},
};

[[noreturn]] void fail(const std::string& text) {
    std::fprintf(stderr, "compare: %s\n", text.c_str());
    std::exit(2);
}

void check(int error, const std::string& what) {
    if (error != 0)
        fail(what + ": " + std::strerror(error));
}

// A program's runs of one row.
struct cell {
    std::vector<double> values;
    double spent = 0;
    bool failed = false;
};

struct program {
    std::string name;
    std::string path;
    std::vector<cell> cells; // one per row
};

struct options {
    table of;
    std::size_t rounds = 7;
    std::string json;
    std::vector<row_kind> rows;
    std::vector<program> programs;
};

struct outcome {
    double value = 0;
    bool failed = true;
    std::string why = {}; // empty where the program does not have the row
};

// The status of a child that is given its time, and is killed when that is over.
int status_of(pid_t pid, bool& late) {
    // glibc 2.36 declares pidfd_open for C alone.
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    check(handle < 0 ? errno : 0, "pidfd_open");
    pollfd end{.fd = handle, .events = POLLIN, .revents = 0};
    const int ready = poll(&end, 1, timeout_ms);
    check(ready < 0 ? errno : 0, "poll");
    close(handle);
    late = ready == 0;
    if (late)
        kill(pid, SIGKILL);
    int status = 0;
    check(waitpid(pid, &status, 0) < 0 ? errno : 0, "waitpid");
    return status;
}

outcome judge(int status, bool late, std::string_view text) {
    if (late)
        return {.why = "took more than three minutes"};
    if (WIFSIGNALED(status))
        return {.why = "was killed by signal " + std::to_string(WTERMSIG(status))};
    if (WEXITSTATUS(status) == bench::no_such_row)
        return {};
    if (WEXITSTATUS(status) != 0)
        return {.why = "ended with status " + std::to_string(WEXITSTATUS(status))};
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || std::string_view(rest, text.data() + text.size()) != "\n" ||
        !(value > 0)) {
        return {.why = "printed \"" + std::string(text) + '"'};
    }
    return {.value = value, .failed = false};
}

outcome run(const program& p, std::string_view row) {
    int ends[2];
    check(pipe2(ends, O_CLOEXEC) != 0 ? errno : 0, "pipe2");
    // What the program has left running may keep the other end open: that is not waited for.
    check(fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ? errno : 0, "fcntl");
    posix_spawn_file_actions_t actions;
    check(posix_spawn_file_actions_init(&actions), "posix_spawn");
    check(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), "posix_spawn");
    check(posix_spawn_file_actions_adddup2(&actions, ends[1], 1), "posix_spawn");
    check(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0), "posix_spawn");
    std::string argument(row);
    char* const argv[] = {const_cast<char*>(p.path.c_str()), argument.data(), nullptr};
    char* const envp[] = {nullptr};
    pid_t pid = 0;
    check(posix_spawn(&pid, p.path.c_str(), &actions, nullptr, argv, envp), p.path);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    bool late = false;
    const int status = status_of(pid, late);
    // Who writes more than a pipe holds does not end, and is late.
    std::array<char, 256> text{};
    const ssize_t got = std::max<ssize_t>(0, read(ends[0], text.data(), text.size()));
    close(ends[0]);
    return judge(status, late, {text.data(), static_cast<std::size_t>(got)});
}

void add_run(program& p, std::size_t i, const row_kind& kind) {
    cell& c = p.cells[i];
    if (c.failed || c.spent > time_for_a_row)
        return;
    outcome result;
    c.spent += bench::once([&] { result = run(p, kind.name); });
    c.failed = result.failed;
    if (!c.failed) {
        c.values.push_back(result.value * kind.scale);
    } else if (!result.why.empty()) {
        std::fprintf(stderr, "compare: %s: %s %s\n", std::string(kind.name).c_str(), p.name.c_str(),
                     result.why.c_str());
    }
}

void measure(options& o) {
    std::vector<program*> order(o.programs.size());
    std::ranges::transform(o.programs, order.begin(), [](program& p) { return &p; });
    for (program& p : o.programs)
        p.cells.resize(o.rows.size());
    std::mt19937 random; // the same orders every time: one source of difference less
    for (std::size_t round = 0; round < o.rounds; ++round) {
        for (std::size_t i = 0; i < o.rows.size(); ++i) {
            std::ranges::shuffle(order, random);
            for (program* p : order)
                add_run(*p, i, o.rows[i]);
        }
    }
}

// Not a number where the cell is "-".
double value_of(const program& p, std::size_t row) {
    const cell& c = p.cells[row];
    return c.failed ? std::numeric_limits<double>::quiet_NaN() : bench::median(c.values);
}

double ratio_of(const options& o, std::size_t row) {
    const auto go =
        std::ranges::find_if(o.programs, [](const program& p) { return p.name.starts_with("go"); });
    return go == o.programs.end() ? std::numeric_limits<double>::quiet_NaN()
                                  : value_of(o.programs.front(), row) / value_of(*go, row);
}

// Three digits that count, or all before the point.
std::string shown(double value) {
    if (!std::isfinite(value))
        return "-";
    const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return {text.data(), static_cast<std::size_t>(length)};
}

void print_cell(const program& p, const std::string& text) {
    const std::size_t width = std::max<std::size_t>(9, p.name.size());
    std::printf(" %*s", static_cast<int>(width), text.c_str());
}

void print_table(const options& o) {
    const auto texts =
        std::views::transform(o.rows, [](const row_kind& r) { return r.what.size(); });
    const int width = static_cast<int>(std::ranges::max(texts));
    std::printf("%s: medians of %zu runs, interleaved; less is better, but for a speed-up\n",
                std::string(o.of.name).c_str(), o.rounds);
    std::printf("%-14s %-*s %-5s", "row", width, "what", "unit");
    for (const program& p : o.programs)
        print_cell(p, p.name);
    std::printf(" %9s\n", (o.programs.front().name + "/go").c_str());
    for (std::size_t i = 0; i < o.rows.size(); ++i) {
        const row_kind& kind = o.rows[i];
        std::printf("%-14s %-*s %-5s", std::string(kind.name).c_str(), width,
                    std::string(kind.what).c_str(), std::string(kind.unit).c_str());
        for (const program& p : o.programs)
            print_cell(p, shown(value_of(p, i)));
        std::printf(" %9s\n", shown(ratio_of(o, i)).c_str());
    }
}

void write_json(const options& o) {
    std::ofstream file(o.json);
    const char* separator = "[";
    for (std::size_t i = 0; i < o.rows.size(); ++i) {
        const program& ours = o.programs.front();
        const std::string name = std::string(o.of.name) + ": " + std::string(o.rows[i].name);
        bench::json_row row{.name = name,
                            .unit = o.rows[i].unit,
                            .ours = value_of(ours, i),
                            .peers = {},
                            .ratio = ratio_of(o, i),
                            .runs = ours.cells[i].values.size()};
        for (const program& p : std::span(o.programs).subspan(1))
            row.peers.emplace_back(p.name, value_of(p, i));
        file << separator << bench::text_of(row);
        separator = ",\n";
    }
    file << "]\n";
    file.flush();
    if (!file)
        fail("cannot write " + o.json);
}

constexpr const char* usage =
    "usage: compare TABLE [-n ROUNDS] [--json FILE] [--row ROW]... NAME=PATH...";

options parse(std::span<char*> arguments) {
    const auto* const chosen =
        std::ranges::find(tables, arguments.empty() ? "" : arguments[0], &table::name);
    if (chosen == std::end(tables))
        fail(usage);
    options o;
    o.of = *chosen;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
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
        } else if (argument == "--row") {
            const std::string_view name = value();
            const auto found = std::ranges::find(o.of.rows, name, &row_kind::name);
            if (found == o.of.rows.end())
                fail("no row is named " + std::string(name));
            o.rows.push_back(*found);
        } else if (const auto equals = argument.find('=');
                   argument.starts_with('-') || equals == 0 || equals == argument.npos) {
            fail(usage);
        } else {
            program& p = o.programs.emplace_back();
            p.name = argument.substr(0, equals);
            p.path = argument.substr(equals + 1);
        }
    }
    if (o.programs.empty())
        fail("no program is named");
    if (o.rows.empty())
        o.rows.assign(o.of.rows.begin(), o.of.rows.end());
    return o;
}

} // namespace

int main(int argc, char** argv) {
    options o = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    measure(o);
    print_table(o);
    if (!o.json.empty())
        write_json(o);
}
