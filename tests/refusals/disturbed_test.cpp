// A program that works while others disturb it: signals every 50 µs, stops, changes of the
// processors that it may use, too little memory in its cgroup. It must do its work as if nothing
// were.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver/programs.h"
#include "driver/syscalls.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using driver::describe;
using driver::options;
using driver::result;

// RT0_ROUNDS in the environment: longer, by hand.
options work(std::vector<std::string> env = {}) {
    options how;
    const char* const rounds = getenv("RT0_ROUNDS");
    how.args = {rounds != nullptr ? rounds : "6"};
    how.env = {"GOMAXPROCS=4"};
    how.env.insert(how.env.end(), env.begin(), env.end());
    how.seconds = rounds != nullptr ? 3600 : 40;
    return how;
}

const std::string& expected_output() {
    static const std::string out = driver::run(WORK, work({"LOOPS=short"})).out;
    return out;
}

void expect_carried_on(const result& end) {
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(end.status, 0) << describe(end);
    EXPECT_FALSE(end.out.empty());
    EXPECT_EQ(end.out, expected_output()) << describe(end);
    EXPECT_EQ(end.err, "") << describe(end);
}

// The program's process. A number may be somebody else's by the time that it is used, this not.
class watched {
public:
    explicit watched(pid_t pid)
        : pid_(pid)
        , handle_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
        EXPECT_GE(handle_.get(), 0);
    }

    void signal(int number) const {
        (void)syscall(SYS_pidfd_send_signal, handle_.get(), number, nullptr, 0);
    }
    [[nodiscard]] std::vector<pid_t> threads() const {
        std::vector<pid_t> all;
        std::error_code error;
        for (fs::directory_iterator at("/proc/" + std::to_string(pid_) + "/task", error), end;
             !error && at != end; at.increment(error)) {
            all.push_back(std::stoi(at->path().filename()));
        }
        return all;
    }
    void signal_thread(pid_t thread, int number) const {
        (void)syscall(SYS_tgkill, pid_, thread, number);
    }

private:
    pid_t pid_;
    driver::descriptor handle_;
};

// The program's end, and how often it was disturbed until then.
struct disturbed_end {
    result end;
    long times = 0;
};

disturbed_end run_disturbed(const options& how,
                            const std::function<void(const watched&)>& disturb) {
    std::atomic<bool> over = false;
    long times = 0;
    driver::process program(WORK, how);
    std::thread other([&, seen = std::make_shared<watched>(program.pid())] {
        while (!over) {
            disturb(*seen);
            ++times;
        }
    });
    result end = program.wait();
    over = true;
    other.join();
    return {std::move(end), times};
}

void expect_undisturbed(const disturbed_end& how_it_ended, long least_times) {
    expect_carried_on(how_it_ended.end);
    EXPECT_GT(how_it_ended.times, least_times);
}

// The runtime's own signal, with a handler: calls to the kernel return early, or, where they go on
// by themselves, are begun again.
TEST(disturbed, by_signals) {
    const auto disturb = [](const watched& program) {
        program.signal(SIGURG);
        std::this_thread::sleep_for(50us);
    };
    for (const char* const restart : {"RESTART=yes", "RESTART=no"}) {
        SCOPED_TRACE(restart);
        expect_undisturbed(run_disturbed(work({restart}), disturb), 20);
    }
}

TEST(disturbed, by_signals_to_each_thread) {
    const auto disturb = [](const watched& program) {
        for (const pid_t thread : program.threads()) {
            program.signal_thread(thread, SIGURG);
        }
        std::this_thread::sleep_for(50us);
    };
    for (const char* const restart : {"RESTART=yes", "RESTART=no"}) {
        SCOPED_TRACE(restart);
        expect_undisturbed(run_disturbed(work({restart}), disturb), 20);
    }
}

// Signals that nobody has asked for.
TEST(disturbed, by_ignored_signals) {
    const auto disturb = [](const watched& program) {
        for (const int number : {SIGCONT, SIGWINCH, SIGCHLD}) {
            program.signal(number);
        }
        std::this_thread::sleep_for(50us);
    };
    expect_undisturbed(run_disturbed(work(), disturb), 20);
}

void stop_and_continue(const watched& program) {
    program.signal(SIGSTOP);
    std::this_thread::sleep_for(500us);
    program.signal(SIGCONT);
    std::this_thread::sleep_for(1ms);
}

// Sleeps in the kernel go on by restart_syscall then, which a filter has to allow.
TEST(disturbed, by_stops) {
    options how = work();
    how.filter = {driver::seccomp_filter::action::kill_all_but,
                  driver::documented_list("seccomp-all")};
    how.filter.calls.push_back(SYS_pipe2); // the program's own
    expect_undisturbed(run_disturbed(how, stop_and_continue), 5);
}

TEST(disturbed, by_stops_without_restart_syscall) {
    options how = work();
    how.filter = {driver::seccomp_filter::action::refuse_only, {SYS_restart_syscall}};
    const result end = run_disturbed(how, stop_and_continue).end;
    if (end.status == 0) {
        expect_carried_on(end);
        return;
    }
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_TRUE(end.err.starts_with("fatal error: cannot have threads sleep and wake (futex, "
                                    "restart_syscall): errno 1 (EPERM): ") ||
                end.err.starts_with("panic: file::read: EPERM\n"))
        << describe(end);
}

// To one, to all, to the next one.
TEST(disturbed, by_changes_of_its_processors) {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    std::size_t processor = 0;
    bool one = false;
    const auto disturb = [&](const watched& program) {
        cpu_set_t mask = all;
        one = !one;
        if (one) {
            do {
                processor = (processor + 1) % CPU_SETSIZE;
            } while (!CPU_ISSET(processor, &all));
            CPU_ZERO(&mask);
            CPU_SET(processor, &mask);
        }
        for (const pid_t thread : program.threads()) {
            (void)sched_setaffinity(thread, sizeof mask, &mask);
        }
        std::this_thread::sleep_for(1ms);
    };
    expect_undisturbed(run_disturbed(work(), disturb), 5);
}

// A cgroup of its own below that of the test, with a limit of memory; whichever version there is.
class memory_cgroup {
public:
    // Empty where there can be none.
    static std::unique_ptr<memory_cgroup> make(std::size_t limit) {
        std::ifstream groups("/proc/self/cgroup");
        std::string line;
        while (std::getline(groups, line)) {
            const std::size_t first = line.find(':');
            const std::size_t second = line.find(':', first + 1);
            const std::string controllers = line.substr(first + 1, second - first - 1);
            const std::string path = line.substr(second + 1);
            if (controllers == "memory") {
                return try_at("/sys/fs/cgroup/memory" + path, "memory.limit_in_bytes", limit);
            }
            if (controllers.empty() && fs::exists("/sys/fs/cgroup/cgroup.controllers")) {
                return try_at("/sys/fs/cgroup" + path, "memory.max", limit);
            }
        }
        return nullptr;
    }
    ~memory_cgroup() {
        // Busy for a moment after the last process has ended.
        for (int i = 0; i < 100 && rmdir(path_.c_str()) != 0 && errno == EBUSY; ++i) {
            std::this_thread::sleep_for(10ms);
        }
    }
    memory_cgroup(const memory_cgroup&) = delete;
    memory_cgroup& operator=(const memory_cgroup&) = delete;

    [[nodiscard]] bool take(pid_t pid) const {
        return write(path_ / "cgroup.procs", static_cast<std::size_t>(pid));
    }

private:
    explicit memory_cgroup(fs::path path)
        : path_(std::move(path)) {}

    static bool write(const fs::path& file, std::size_t value) {
        std::ofstream out(file);
        out << value << std::flush;
        return out.good();
    }
    static std::unique_ptr<memory_cgroup> try_at(const std::string& parent, const char* file,
                                                 std::size_t limit) {
        const fs::path path = parent + "/rt0-test-" + std::to_string(getpid());
        std::error_code error;
        if (!fs::create_directory(path, error)) {
            return nullptr;
        }
        std::unique_ptr<memory_cgroup> made(new memory_cgroup(path));
        // Not created: a controller that the parent does not hand down has no such file.
        return fs::exists(path / file) && write(path / file, limit) ? std::move(made) : nullptr;
    }

    fs::path path_;
};

// With enough memory it works; with too little the kernel ends it, as it does any program.
TEST(disturbed, by_a_memory_cgroup) {
    for (const std::size_t limit : {64U << 20, 8U << 20, 1U << 20}) {
        SCOPED_TRACE(limit);
        const auto group = memory_cgroup::make(limit);
        if (group == nullptr) {
            GTEST_SKIP() << "no memory cgroup that this user may limit";
        }
        options how = work();
        std::optional<driver::process> program;
        bool taken = false;
        how.edit = [&](driver::initial_stack&) { taken = group->take(program->pid()); };
        program.emplace(WORK, how);
        const result end = program->wait();
        if (!taken) {
            GTEST_SKIP() << "no memory cgroup that takes a process";
        }
        EXPECT_FALSE(end.timed_out);
        if (limit == 64U << 20 || end.signal != SIGKILL) {
            expect_carried_on(end);
        }
    }
}

} // namespace
