// Programs under resource limits: they work, or they say in a clear message why not. Never a
// signal, a hang or silence.
#include <csignal>
#include <cstdio>

#include <sys/resource.h>
#include <unistd.h>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::expect_match;
using driver::expect_signal;
using driver::options;
using driver::result;
using driver::stream;

class limits : public driver::programs {
public:
    static options with(int resource, rlim_t value, std::vector<std::string> args = {}) {
        options how;
        how.args = std::move(args);
        how.limits = {{resource, value}};
        return how;
    }
};

// A message of the runtime's: its kind, a cause, and which goroutine.
const char* const clear_message =
    "(fatal error|panic): [^\n]*(RLIMIT_AS|memory|bad_alloc)[^\n]*\n\ngoroutine [0-9]+ \\[[a-z "
    "]+\\]:\n";

struct sweep {
    const char* name;
    const char* argument;
};

TEST_P(limits, little_address_space) {
    for (const auto& [name, argument] :
         {sweep{"hello", nullptr}, sweep{"stl", nullptr}, sweep{"ctors", nullptr},
          sweep{"exits", "many"}, sweep{"goroutines", "many"}, sweep{"tls_large", nullptr},
          sweep{"relro", nullptr}, sweep{"ifunc", nullptr}}) {
        options how;
        if (argument != nullptr) {
            how.args = {argument};
        }
        const result expected = run(name, how);
        int failures = 0;
        for (rlim_t size = 64 * 1024;; size += size < 1 << 20 ? size / 4 : size / 2) {
            how.limits_after_exec = {{RLIMIT_AS, size}};
            const result end = run(name, how);
            SCOPED_TRACE(std::string(name) + " in " + std::to_string(size / 1024) + " KiB");
            ASSERT_FALSE(end.timed_out);
            if (end.status == expected.status && end.signal == expected.signal) {
                ASSERT_EQ(end.out, expected.out);
                ASSERT_EQ(end.err, expected.err);
                if (size > rlim_t{1} << 30) {
                    break;
                }
                continue;
            }
            ++failures;
            ASSERT_EQ(end.status, 2) << describe(end);
            ASSERT_TRUE(expected.out.starts_with(end.out)) << describe(end);
            // Behind it, the other goroutines.
            expect_match(end.err.substr(0, end.err.find("]:\n") + 3), clear_message, end);
            ASSERT_FALSE(HasFailure());
            ASSERT_LT(size, rlim_t{1} << 30) << "never enough";
        }
        if (std::string_view(name) == "hello") {
            EXPECT_EQ(failures, 0) << "hello asks for no memory";
        }
    }
}

TEST_P(limits, little_stack) {
    for (const rlim_t size : {16U << 10, 32U << 10, 64U << 10, 128U << 10}) {
        for (const char* const name : {"hello", "ctors", "stl", "tls_large", "alignment"}) {
            const result end = run(name, with(RLIMIT_STACK, size));
            const result expected = run(name);
            EXPECT_EQ(end.out, expected.out) << name << " " << size << describe(end);
            EXPECT_EQ(end.status, 0) << name << " " << size << describe(end);
        }
    }
}

TEST_P(limits, one_process) {
    expect_end(run("hello", with(RLIMIT_NPROC, 1)), 0, "Hello, world!\n");
    expect_end(run("goroutines", with(RLIMIT_NPROC, 1, {"order"})), 0, "5\n1\n2\n3\n4\nmain\n");
}

// No second thread. Root is an exception to the limit, so somebody else has to run the program: a
// user who has no other process.
TEST_P(limits, no_thread) {
    options how;
    how.user = geteuid() == 0 ? 20'000 + getpid() % 40'000 : -1;
    how.env = {"GOMAXPROCS=2"};
    expect_end(run("parallel_sum", how), 0, "1 + ... + 40000000 = 800000020000000\n");
    how.limits = {{RLIMIT_NPROC, 1}};
    expect_end(run("hello", how), 0, "Hello, world!\n");
    const result end = run("parallel_sum", how);
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_EQ(end.out, "") << describe(end);
    EXPECT_NE(end.err.find("ulimit -u"), std::string::npos) << describe(end);
}

TEST_P(limits, few_descriptors) {
    for (const rlim_t count : {0U, 1U, 2U, 3U}) {
        expect_end(run("hello", with(RLIMIT_NOFILE, count)), 0, "Hello, world!\n");
        expect_end(run("cat", with(RLIMIT_NOFILE, count, {"/dev/null"})), 1, "",
                   "cat: /dev/null: Too many open files\n");
    }
}

TEST_P(limits, no_descriptor_for_a_closed_one) {
    // There is none to put in the place of stdin.
    options how = with(RLIMIT_NOFILE, 0);
    how.fds[0] = stream::closed();
    expect_end(
        run("hello", how), 2, "",
        "fatal error: runtime.schedinit: cannot open /dev/null in place of a closed standard "
        "descriptor: errno 24 (EMFILE): start the program with descriptors 0, 1 and 2 open\n"
        "\ngoroutine 0 [idle]:\n");
    how = with(RLIMIT_NOFILE, 1);
    how.fds[0] = stream::closed();
    expect_end(run("hello", how), 0, "Hello, world!\n");
}

TEST_P(limits, small_files) {
    // As for any program: SIGXFSZ, or an error where that is ignored.
    expect_signal(run("prints", with(RLIMIT_FSIZE, 0)), SIGXFSZ, "");
    FILE* const out = tmpfile();
    ASSERT_NE(out, nullptr);
    const driver::pipe_ends err = driver::make_pipe();
    const driver::descriptor file(dup(fileno(out)));
    std::fclose(out);
    options how = with(RLIMIT_FSIZE, 3);
    how.fds[1] = stream::given(file);
    how.fds[2] = stream::given(err.write);
    how.ignored_signals = {SIGXFSZ};
    const result end = run("prints", how);
    EXPECT_EQ(end.status, 0) << describe(end);
    char buffer[16] = {};
    EXPECT_EQ(read(err.read.get(), buffer, sizeof buffer), 6);
    EXPECT_STREQ(buffer, "EFBIG\n");
    EXPECT_EQ(pread(file.get(), buffer, sizeof buffer, 0), 3); // what fits
}

RUN_STATIC_AND_PIE(limits);

} // namespace
