// What is said about the other goroutines: in a program's last words, and by GODEBUG=schedtrace.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <thread>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::options;
using driver::result;
using driver::seccomp_filter;

class dumps : public driver::programs {
public:
    // On one p, so that who waits is seen waiting.
    static options with(std::vector<std::string> args, std::vector<std::string> env = {},
                        const char* procs = "1") {
        options how;
        how.args = std::move(args);
        how.env = std::move(env);
        how.env.push_back(std::string("GOMAXPROCS=") + procs);
        return how;
    }

    static std::vector<std::string> lines(const std::string& text) {
        std::vector<std::string> found;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            found.push_back(line);
        }
        return found;
    }

    static std::string waiters(int number, const char* state = "sync.WaitGroup.Wait") {
        std::string all;
        for (int i = 0; i < number; ++i) {
            all += "\ngoroutine " + std::to_string(i + 2) + " [" + state + ", \"waiter " +
                   std::to_string(i) + "\"]:\n";
        }
        return all;
    }
};

const std::string main_runs = "\n\ngoroutine 1 [running]:\n";

TEST_P(dumps, a_panic_is_about_its_goroutine) {
    expect_end(run("dumps", with({"panic", "3"})), 2, "", "panic: it is broken" + main_runs);
}

TEST_P(dumps, GOTRACEBACK_all_shows_all) {
    for (const char* const value : {"all", "1", "system", "2"}) {
        expect_end(run("dumps", with({"panic", "3"}, {std::string("GOTRACEBACK=") + value})), 2, "",
                   "panic: it is broken" + main_runs + waiters(3));
    }
}

TEST_P(dumps, a_fatal_error_is_about_the_program) {
    expect_end(run("dumps", with({"fatal", "3"})), 2, "",
               "fatal error: it is broken" + main_runs + waiters(3));
    expect_end(run("dumps", with({"fatal", "3"}, {"GOTRACEBACK=none"})), 2, "",
               "fatal error: it is broken\n");
}

TEST_P(dumps, a_thousand_are_enough_where_nobody_asks_for_all) {
    const std::string short_text = run("dumps", with({"fatal", "1234"})).err;
    EXPECT_EQ(driver::count_matches(short_text, "\ngoroutine "), 1001);
    EXPECT_TRUE(
        short_text.ends_with("\n\n...234 goroutines elided (GOTRACEBACK=all shows them)...\n"));
    const std::string long_text = run("dumps", with({"fatal", "1234"}, {"GOTRACEBACK=all"})).err;
    EXPECT_EQ(driver::count_matches(long_text, "\ngoroutine "), 1235);
}

TEST_P(dumps, a_deadlock_says_who_waits_for_what) {
    for (const char* const procs : {"1", "2", "8"}) {
        const result end = run("dumps", with({"deadlock", "2"}, {}, procs));
        expect_end(end, 2, "",
                   "fatal error: all goroutines are asleep - deadlock!\n"
                   "\ngoroutine 1 [sync.WaitGroup.Wait]:\n" +
                       waiters(2));
    }
}

TEST_P(dumps, names) {
    const std::string waits = " [sync.WaitGroup.Wait";
    expect_end(run("dumps", with({"names"})), 2, "",
               "fatal error: all goroutines are asleep - deadlock!\n"
               "\ngoroutine 1" +
                   waits + ", \"main\"]:\n" + "\ngoroutine 2" + waits + ", \"second\"]:\n" +
                   "\ngoroutine 3" + waits + "]:\n" + "\ngoroutine 4" + waits +
                   ", \"a ?quote?,?a [bracket?\"]:\n" + "\ngoroutine 5" + waits +
                   ", \"12345678901234567890123456789012345678901234567890123456789012\"]:\n" +
                   "\ngoroutine 7" + waits + "]:\n");
}

TEST_P(dumps, states) {
    expect_end(run("dumps", with({"states"})), 2, "",
               "fatal error: all goroutines are asleep - deadlock!\n"
               "\ngoroutine 1 [sync.WaitGroup.Wait]:\n"
               "\ngoroutine 2 [sync.Mutex.Lock]:\n"
               "\ngoroutine 3 [sync.WaitGroup.Wait, locked to thread]:\n");
}

TEST_P(dumps, others_run_on) {
    const driver::pipe_ends ends = driver::make_pipe();
    options how = with({"busy"}, {}, "4");
    how.fds[0] = driver::stream::given(ends.read);
    expect_end(run("dumps", how), 2, "",
               "fatal error: busy" + main_runs +
                   "\ngoroutine 2 [running]:\n"
                   "\ngoroutine 3 [syscall]:\n");
}

// Each goroutine's memory ends where another's g begins: what the one that fails has to say must
// not be written there.
TEST_P(dumps, giving_up_takes_no_stack_from_others) {
    for (const char* const procs : {"1", "2"}) {
        const std::string text = run("dumps", with({"deep", "500"}, {}, procs)).err;
        EXPECT_EQ(driver::count_matches(text.substr(0, 50),
                                        "^fatal error: deep\n\ngoroutine [0-9]+ \\[running\\]:\n"),
                  1)
            << text;
        for (int i = 0; i < 500; ++i) {
            const std::string waiter = "\"waiter " + std::to_string(i) + "\"]:\n";
            EXPECT_TRUE(text.contains(waiter)) << i;
        }
        EXPECT_EQ(driver::count_matches(text, "\ngoroutine "), 502);
    }
}

// stderr is a full pipe, so the first is not done with its words when the second begins.
TEST_P(dumps, only_one_goroutine_has_the_last_word) {
    driver::pipe_ends ends = driver::make_pipe();
    const int flags = fcntl(ends.write.get(), F_GETFL);
    ASSERT_EQ(fcntl(ends.write.get(), F_SETFL, flags | O_NONBLOCK), 0);
    std::string filler;
    while (write(ends.write.get(), "x", 1) == 1) {
        filler += 'x';
    }
    ASSERT_EQ(fcntl(ends.write.get(), F_SETFL, flags), 0);
    options how = with({"race"}, {}, "2");
    how.fds[2] = driver::stream::given(ends.write);
    std::string text;
    std::thread reader([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        std::array<char, 4096> buffer{};
        for (ssize_t size = 0; (size = read(ends.read.get(), buffer.data(), buffer.size())) > 0;) {
            text.append(buffer.data(), static_cast<size_t>(size));
        }
    });
    const result end = run("dumps", how);
    ends.write.close();
    reader.join();
    EXPECT_EQ(end.status, 2) << describe(end);
    ASSERT_GE(text.size(), filler.size());
    driver::expect_match(text.substr(filler.size()),
                         "panic: racer [01]\n\ngoroutine [0-9]+ \\[running\\]:\n", end);
}

TEST_P(dumps, threads_are_refused) {
    options how = with({"work", "20"}, {}, "2");
    how.filter = {seccomp_filter::action::refuse_only, {SYS_clone}, EAGAIN};
    const result end = run("dumps", how);
    expect_end(end, 2, "",
               "runtime: failed to create new OS thread (have 1 already; errno=11)\n"
               "runtime: may need to increase max user processes (ulimit -u), or the cgroup's "
               "pids.max\n"
               "fatal error: newosproc" +
                   main_runs);
    how.filter.error = EPERM;
    expect_end(run("dumps", how), 2, "",
               "runtime: failed to create new OS thread (have 1 already; errno=1)\n"
               "runtime: allow clone in the seccomp filter\n"
               "fatal error: newosproc" +
                   main_runs);
}

TEST_P(dumps, ten_thousand_threads_are_the_limit) {
    if (std::string_view(GetParam()) != "static") {
        GTEST_SKIP() << "it takes some seconds";
    }
    options how = with({"threads", "20000"}, {"GOTRACEBACK=none"});
    how.seconds = 50;
    EXPECT_EQ(run("dumps", how).err,
              "runtime: program exceeds 10000-thread limit\nfatal error: thread exhaustion\n");
}

// GODEBUG=schedtrace.

const char* const header =
    "SCHED [0-9]+ms: gomaxprocs=2 idleprocs=[0-2] threads=[0-9]+ "
    "spinningthreads=[0-2] needspinning=0 idlethreads=[0-9]+ runqueue=[0-9]+";

TEST_P(dumps, schedtrace) {
    const result end = run("dumps", with({"work", "200"}, {"GODEBUG=schedtrace=20"}, "2"));
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "worked\n");
    const std::vector<std::string> all = lines(end.err);
    const std::string line = std::string(header) + " \\[[0-9]+ [0-9]+\\]";
    int last = -20;
    for (const std::string& one : all) {
        EXPECT_TRUE(driver::matches(one, line)) << one;
        const int time = std::stoi(one.substr(6));
        EXPECT_GE(time, last + 20) << one;
        last = time;
    }
    ASSERT_FALSE(all.empty());
    EXPECT_TRUE(all[0].starts_with("SCHED 0ms: ")) << all[0];
    EXPECT_GE(all.size(), 3U);
    EXPECT_LE(all.size(), 12U);
}

TEST_P(dumps, schedtrace_before_the_first_goroutine) {
    const result end = run("dumps", with({"compute", "100"}, {"GODEBUG=schedtrace=20"}));
    EXPECT_EQ(end.out, "computed\n");
    EXPECT_GE(lines(end.err).size(), 2U) << end.err;
}

TEST_P(dumps, schedtrace_while_all_wait) {
    driver::pipe_ends ends = driver::make_pipe();
    options how = with({"idle"}, {"GODEBUG=schedtrace=10"}, "2");
    how.fds[0] = driver::stream::given(ends.read);
    std::thread later([&ends] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        ends.write.close();
    });
    const result end = run("dumps", how);
    later.join();
    expect_text(end.out, "read\n", end);
    EXPECT_GE(driver::count_matches(end.err, "SCHED [0-9]+ms: gomaxprocs=2 idleprocs=2 "), 2)
        << end.err;
}

TEST_P(dumps, scheddetail) {
    const result end =
        run("dumps", with({"work", "200"}, {"GODEBUG=schedtrace=20,scheddetail=1"}, "2"));
    EXPECT_EQ(end.out, "worked\n");
    const std::string line(
        "(" + std::string(header) +
        " gcwaiting=false nmidlelocked=[0-9]+ stopwait=0 sysmonwait=false)"
        "|(  P[01]: status=[0-4] schedtick=[0-9]+ syscalltick=[0-9]+ m=([0-9]+|nil) "
        "runqsize=[0-9]+ gfreecnt=[0-9]+ timerslen=0)"
        "|(  M[0-9]+: p=([01]|nil) curg=([0-9]+|nil) mallocing=0 throwing=0 preemptoff= "
        "locks=[0-9]+ dying=0 spinning=(true|false) blocked=(true|false) lockedg=([0-9]+|nil))"
        "|(  G[0-9]+: status=([0-36]\\(\\)|4\\(sync.WaitGroup.Wait\\)) m=([0-9]+|nil) "
        "lockedm=([0-9]+|nil))");
    for (const std::string& one : lines(end.err)) {
        EXPECT_TRUE(driver::matches(one, line)) << one;
    }
    // All of them are there. Main may wait in some, a thread begin, and the last be cut off.
    bool all = false;
    for (size_t at = end.err.find("SCHED "); at != std::string::npos;) {
        const size_t next = end.err.find("SCHED ", at + 1);
        const std::string one = end.err.substr(at, next - at);
        all |= driver::count_matches(one, "\n  P") == 2 &&
               driver::count_matches(one, "\n  M") ==
                   std::stoi(one.substr(one.find("threads=") + 8)) &&
               driver::count_matches(one, "status=4\\(sync.WaitGroup.Wait\\)") == 3 &&
               driver::count_matches(one, "\n  G1: status=[12]") == 1;
        at = next;
    }
    EXPECT_TRUE(all) << end.err;
}

RUN_STATIC_AND_PIE(dumps);

} // namespace
