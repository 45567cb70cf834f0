// Programs in a sandbox that refuses system calls. docs/syscalls.md is the table that these tests
// check.
#include <algorithm>
#include <csignal>
#include <iterator>
#include <string>
#include <vector>

#include <elf.h>
#include <sys/syscall.h>

#include "driver/programs.h"
#include "driver/syscalls.h"

namespace {

using driver::expect_end;
using driver::expect_failure;
using driver::expect_match;
using driver::expect_signal;
using driver::options;
using driver::result;
using action = driver::seccomp_filter::action;

class seccomp : public driver::programs {
public:
    static options filtered(action what, std::vector<int> calls,
                            std::vector<std::string> args = {}) {
        options how;
        how.args = std::move(args);
        how.filter = {what, std::move(calls)};
        return how;
    }
    static options refused(std::vector<int> calls, std::vector<std::string> args = {}) {
        return filtered(action::refuse_only, std::move(calls), std::move(args));
    }
};

TEST_P(seccomp, hello_needs_write_and_exit) {
    expect_end(
        run("hello", filtered(action::refuse_all_but, {SYS_arch_prctl, SYS_write, SYS_exit_group})),
        0, "Hello, world!\n");
}

// Here the first other call would kill.
TEST_P(seccomp, the_documented_lists_are_enough) {
    expect_end(
        run("hello", filtered(action::kill_all_but, driver::documented_list("seccomp-hello"))), 0,
        "Hello, world!\n");
    for (const char* const name : {"ctors", "stl", "goroutines", "relro", "no_relro", "tls_large",
                                   "alignment", "exits", "clock", "fails", "parallel_sum"}) {
        options how;
        how.args = {"many"};
        const result expected = run(name, how);
        how.filter = {action::kill_all_but, driver::documented_list("seccomp-all")};
        const result end = run(name, how);
        EXPECT_EQ(end.out, expected.out) << name << describe(end);
        EXPECT_EQ(end.status, expected.status) << name << describe(end);
        EXPECT_EQ(end.signal, expected.signal) << name << describe(end);
    }
}

// Without one of those that must succeed.
TEST_P(seccomp, the_documented_list_is_the_least) {
    const std::vector<int> list = driver::documented_list("seccomp-hello");
    for (const int left_out : list) {
        if (left_out == SYS_arch_prctl) {
            continue;
        }
        std::vector<int> rest;
        std::ranges::remove_copy(list, std::back_inserter(rest), left_out);
        EXPECT_EQ(run("hello", filtered(action::kill_all_but, rest)).signal, SIGSYS)
            << driver::call_name(left_out) << " is not called";
    }
}

TEST_P(seccomp, write) {
    expect_end(run("prints", refused({SYS_write}, {"literal"})), 0, "", "");
    expect_end(run("hello", refused({SYS_write})), 0, "");
}

// A program that may not end does not go on either.
TEST_P(seccomp, exit_group) {
    expect_signal(run("hello", refused({SYS_exit_group})), SIGILL, "Hello, world!\n");
    expect_signal(run("fails", refused({SYS_exit_group}, {"panic"})), SIGILL, "",
                  "panic: it is broken\n\ngoroutine 1 [running]:\n");
}

TEST_P(seccomp, sched_getaffinity) {
    expect_end(run("knobs", refused({SYS_sched_getaffinity})), 0,
               "gomaxprocs 1 traceback 0 schedtrace 0 scheddetail 0 secure false\n"
               "cpus 1 npidle 0\n");
}

TEST_P(seccomp, poll) {
    expect_end(run("hello", refused({SYS_poll})), 0, "Hello, world!\n");
    // A closed descriptor is found without it.
    options how = refused({SYS_poll}, {"literal"});
    how.fds[1] = driver::stream::closed();
    expect_end(run("prints", how), 0, "", "EBADF\n");
    how = refused({SYS_poll, SYS_fcntl}, {"literal"});
    how.fds[1] = driver::stream::closed();
    expect_end(run("prints", how), 0, "", "EBADF\n");
}

TEST_P(seccomp, open) {
    options how = refused({SYS_open});
    expect_end(run("hello", how), 0, "Hello, world!\n");
    how.fds[0] = driver::stream::closed();
    expect_end(
        run("hello", how), 2, "",
        "fatal error: runtime.schedinit: cannot open /dev/null in place of a closed standard "
        "descriptor: errno 1 (EPERM): start the program with descriptors 0, 1 and 2 open\n"
        "\ngoroutine 0 [idle]:\n");
}

TEST_P(seccomp, arch_prctl) {
    options how = refused({SYS_arch_prctl});
    how.edit = [](driver::initial_stack& stack) { stack.drop_auxv(AT_HWCAP2); };
    expect_end(
        run("hello", how), 2, "",
        "fatal error: runtime.settls: cannot set the base of FS (arch_prctl): errno 1 (EPERM): "
        "allow arch_prctl in the seccomp filter\n\ngoroutine 0 [idle]:\n");
}

TEST_P(seccomp, getrandom) {
    options how = refused({SYS_getrandom});
    how.edit = [](driver::initial_stack& stack) { stack.drop_auxv(AT_RANDOM); };
    expect_end(run("hello", how), 0, "Hello, world!\n");
}

TEST_P(seccomp, mmap) {
    expect_end(run("hello", refused({SYS_mmap})), 0, "Hello, world!\n");
    const result heap = run("stl", refused({SYS_mmap}));
    EXPECT_EQ(heap.status, 2) << describe(heap);
    expect_match(heap.err,
                 "fatal error: out of memory: cannot allocate [0-9]+ bytes\n"
                 "\ngoroutine 1 \\[running\\]:\n",
                 heap);
    expect_end(run("tls_large", refused({SYS_mmap})), 2, "",
               "fatal error: runtime.settls: cannot map the thread-local storage: errno 1 (EPERM): "
               "raise RLIMIT_AS (ulimit -v)\n\ngoroutine 0 [idle]:\n");
    // The first destructors need no memory of the kernel's.
    expect_end(run("ctors", refused({SYS_mmap})), 0, run("ctors").out);
    // One that cannot be registered is not forgotten in silence.
    expect_failure(run("exits", refused({SYS_mmap}, {"destructors"})),
                   "fatal error: no memory to register a destructor: raise RLIMIT_AS (ulimit -v)");
    // atexit has a way to say no.
    expect_failure(run("exits", refused({SYS_mmap}, {"many"})), "panic: atexit: no memory");
    const result goroutine = run("alignment", refused({SYS_mmap}));
    EXPECT_EQ(goroutine.status, 2) << describe(goroutine);
    EXPECT_TRUE(goroutine.err.starts_with("fatal error: ")) << describe(goroutine);
    // A text that does not fit on the stack.
    options how = refused({SYS_mmap}, {"x"});
    how.args = {std::string(1000, 'x')};
    const result print = run("args", how);
    EXPECT_EQ(print.out.find("argv[1]"), std::string::npos) << describe(print);
    EXPECT_EQ(print.status, 0) << describe(print);
}

TEST_P(seccomp, mprotect) {
    expect_end(run("stl", refused({SYS_mprotect})), 0, run("stl").out);
    expect_end(
        run("relro", refused({SYS_mprotect})), 2, "",
        "fatal error: runtime.irelocate: cannot make relocated data read-only: errno 1 (EPERM): "
        "link with -z norelro where mprotect is not allowed\n\ngoroutine 0 [idle]:\n");
    // madvise gives a plain stack its guard page where the kernel can; without either there is no
    // stack.
    const result end = run("goroutines", refused({SYS_mprotect, SYS_madvise}, {"plain_stack"}));
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_TRUE(end.err.starts_with("fatal error: cannot map a stack for a goroutine: errno 1 "
                                    "(EPERM)"))
        << describe(end);
    expect_end(run("goroutines", refused({SYS_madvise}, {"plain_stack"})), 0, "ran\n");
    expect_end(run("goroutines", {"plain_stack"}), 0, "ran\n");
}

TEST_P(seccomp, munmap_and_madvise) {
    expect_end(run("stl", refused({SYS_munmap, SYS_madvise})), 0, run("stl").out);
    const result end = run("prints", refused({SYS_munmap}, {"long", "100000"}));
    EXPECT_EQ(end.out.size(), 100'000U);
    EXPECT_EQ(end.err, "printed\n");
}

TEST_P(seccomp, clock_gettime) {
    // Not called where there is a vDSO.
    expect_end(run("clock", refused({SYS_clock_gettime})), 0, run("clock").out);
    // Without one there is no time, and the program is told.
    options how = refused({SYS_clock_gettime});
    how.edit = [](driver::initial_stack& stack) { stack.drop_auxv(AT_SYSINFO_EHDR); };
    const result end = run("clock", how);
    EXPECT_FALSE(end.timed_out) << "the clock stands still in silence";
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_TRUE(end.err.contains("clock_gettime")) << describe(end);
}

TEST_P(seccomp, futex) {
    expect_end(run("goroutines", refused({SYS_futex}, {"many"})), 0,
               run("goroutines", {"many"}).out);
}

TEST_P(seccomp, signals) {
    // abort without the calls that raise a signal.
    const result end = run("exits", refused({SYS_tgkill}, {"abort"}));
    EXPECT_EQ(end.status, 127) << describe(end);
    options how = refused({SYS_tgkill, SYS_rt_sigaction, SYS_rt_sigprocmask}, {"panic"});
    how.env = {"GOTRACEBACK=crash"};
    expect_failure(run("fails", how), "panic: it is broken");
}

RUN_STATIC_AND_PIE(seccomp);

} // namespace
