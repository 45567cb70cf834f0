// println, and descriptors that do not take what they are given.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver/programs.h"

namespace {

using driver::descriptor;
using driver::expect_end;
using driver::expect_signal;
using driver::options;
using driver::result;
using driver::stream;

class prints : public driver::programs {
public:
    static options with(std::vector<std::string> args) {
        options how;
        how.args = std::move(args);
        return how;
    }
    // What `prints long` prints.
    static std::string long_text(size_t count) {
        std::string text(count, 'x');
        for (size_t i = 0; i < count; i += 10) {
            text[i] = static_cast<char>('a' + i / 10 % 26);
        }
        return text;
    }
};

std::string read_all(const descriptor& from, size_t at_once = 65536,
                     std::chrono::microseconds pause = {}) {
    std::string text;
    std::string buffer(at_once, '\0');
    for (;;) {
        const long count = read(from.get(), buffer.data(), buffer.size());
        if (count <= 0) {
            return text;
        }
        text.append(buffer, 0, static_cast<size_t>(count));
        std::this_thread::sleep_for(pause);
    }
}

TEST_P(prints, one_call_is_one_write) {
    options how = with({"long", "100000"});
    how.record_calls = true;
    const result end = run("prints", how);
    expect_end(end, 0, long_text(100000), "printed\n");
    EXPECT_EQ(end.count(SYS_write), 2) << describe(end); // the text and the report
}

TEST_P(prints, many_lines) {
    std::string lines;
    for (int i = 0; i < 1000; ++i) {
        lines += "line " + std::to_string(i) + "\n";
    }
    expect_end(run("prints", {"lines", "1000"}), 0, lines);
}

// A write to a blocking pipe that holds a page goes in one call; a signal or a non-blocking pipe
// cuts it.
TEST_P(prints, non_blocking_pipe) {
    driver::pipe_ends pipe = driver::make_pipe();
    ASSERT_EQ(fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK), 0);
    ASSERT_GE(fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096), 4096);
    options how = with({"long", "200000"});
    how.fds[1] = stream::given(pipe.write);
    driver::process program(path("prints"), how);
    pipe.write.close();
    const std::string received = read_all(pipe.read, 3000, std::chrono::microseconds(100));
    expect_end(program.wait(), 0, "", "printed\n");
    EXPECT_TRUE(received == long_text(200000));
}

TEST_P(prints, a_non_blocking_pipe_that_is_full_from_the_start) {
    driver::pipe_ends pipe = driver::make_pipe();
    ASSERT_EQ(fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK), 0);
    const int size = fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096);
    const std::string filling(static_cast<size_t>(size), '.');
    ASSERT_EQ(write(pipe.write.get(), filling.data(), filling.size()), size);
    options how = with({"literal"});
    how.fds[1] = stream::given(pipe.write);
    driver::process program(path("prints"), how);
    pipe.write.close();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(read_all(pipe.read), filling + "text\n");
    expect_end(program.wait(), 0, "", "printed\n");
}

TEST_P(prints, survives_interrupting_signals) {
    driver::pipe_ends pipe = driver::make_pipe();
    ASSERT_GE(fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096), 4096);
    options how;
    how.fds[1] = stream::given(pipe.write);
    driver::process program(path("interrupted"), how);
    pipe.write.close();
    char ready[6];
    ASSERT_EQ(read(pipe.read.get(), ready, sizeof ready), 6);
    std::string received;
    char buffer[2048];
    // The program is the writer of a full pipe nearly all the time, so most signals interrupt a
    // write that has written nothing yet (EINTR) or a part (a short write).
    for (;;) {
        kill(program.pid(), SIGUSR1);
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        const long count = read(pipe.read.get(), buffer, sizeof buffer);
        if (count <= 0) {
            break;
        }
        received.append(buffer, static_cast<size_t>(count));
    }
    expect_end(program.wait(), 0, "", "printed, interrupted\n");
    EXPECT_EQ(received.size(), 256U * 1024);
    EXPECT_EQ(received.find_first_not_of('x'), std::string::npos);
}

TEST_P(prints, stop_and_continue) {
    driver::pipe_ends pipe = driver::make_pipe();
    options how = with({"long", "1000000"});
    how.fds[1] = stream::given(pipe.write);
    driver::process program(path("prints"), how);
    pipe.write.close();
    std::thread stopper([pid = program.pid()] {
        for (int i = 0; i < 50; ++i) {
            kill(pid, SIGSTOP);
            kill(pid, SIGCONT);
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    });
    const std::string received = read_all(pipe.read, 20000, std::chrono::microseconds(200));
    stopper.join();
    expect_end(program.wait(), 0, "", "printed\n");
    EXPECT_TRUE(received == long_text(1000000));
}

TEST_P(prints, a_full_device_is_an_error) {
    const descriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    ASSERT_GE(full.get(), 0);
    for (const char* const what : {"literal", "format", "long"}) {
        options how = with({what});
        how.fds[1] = stream::given(full);
        expect_end(run("prints", how), 0, "", "ENOSPC\n");
    }
}

TEST_P(prints, a_closed_stdout_is_an_error) {
    for (const char* const what : {"literal", "format", "long"}) {
        options how = with({what});
        how.fds[1] = stream::closed();
        expect_end(run("prints", how), 0, "", "EBADF\n");
    }
}

TEST_P(prints, a_closed_pipe_ends_the_program) {
    driver::pipe_ends pipe = driver::make_pipe();
    pipe.read.close();
    options how = with({"literal"});
    how.fds[1] = stream::given(pipe.write);
    expect_signal(run("prints", how), SIGPIPE, "");
}

TEST_P(prints, a_closed_pipe_is_an_error_where_SIGPIPE_is_ignored) {
    driver::pipe_ends pipe = driver::make_pipe();
    pipe.read.close();
    options how = with({"literal"});
    how.fds[1] = stream::given(pipe.write);
    how.ignored_signals = {SIGPIPE};
    expect_end(run("prints", how), 0, "", "EPIPE\n");
}

// Each of the eight ways in which descriptors 0, 1 and 2 can be closed.
TEST_P(prints, closed_descriptors) {
    std::string file = testing::TempDir() + "rt0-descriptors-XXXXXX";
    const descriptor report(mkstemp(file.data()));
    ASSERT_GE(report.get(), 0);
    for (unsigned closed = 0; closed < 8; ++closed) {
        options how = with({file});
        for (unsigned fd = 0; fd < 3; ++fd) {
            if ((closed >> fd & 1U) != 0) {
                how.fds[fd] = stream::closed();
            }
        }
        how.input = "input";
        const auto state = [&](unsigned fd) {
            return (closed >> fd & 1U) != 0 ? "EBADF" : "works";
        };
        expect_end(run("descriptors", how), 0, (closed & 2U) != 0 ? "" : "text\n",
                   (closed & 4U) != 0 ? "" : "text\n");
        std::string text(200, '\0');
        const long count = pread(report.get(), text.data(), text.size(), 0);
        ASSERT_GE(count, 0);
        text.resize(static_cast<size_t>(count));
        EXPECT_EQ(text, std::string("opened 3, stdin ") + state(0) + ", stdout " + state(1) +
                            ", stderr " + state(2) + "\n")
            << "closed: " << closed;
    }
    unlink(file.c_str());
}

RUN_STATIC_AND_PIE(prints);

} // namespace
