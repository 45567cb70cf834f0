// The examples do what they show.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/programs.h"

namespace {

using driver::descriptor;
using driver::expect_end;
using driver::options;
using driver::result;
using driver::stream;

class examples : public driver::programs {};

TEST_P(examples, hello) {
    expect_end(run("hello"), 0, "Hello, world!\n");
}

TEST_P(examples, hello_asks_little_of_the_kernel) {
    options how;
    how.record_calls = true;
    const result end = run("hello", how);
    expect_end(end, 0, "Hello, world!\n");
    ASSERT_FALSE(end.calls.empty());
    EXPECT_LE(end.calls.size(), 8U) << describe(end);
    EXPECT_EQ(end.calls.front(), SYS_execve);
    EXPECT_EQ(end.calls.back(), SYS_exit_group);
    EXPECT_EQ(end.count(SYS_write), 1);
    for (const int call : {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork}) {
        EXPECT_EQ(end.count(call), 0) << describe(end);
    }
}

TEST_P(examples, hello_touches_few_pages) {
    // The least of a few: a run may be disturbed.
    const auto least_faults = [](const std::string& path) {
        long least = driver::run(path).minor_faults;
        for (int i = 0; i < 9; ++i) {
            least = std::min(least, driver::run(path).minor_faults);
        }
        return least;
    };
    const long bare = least_faults(std::string(PROGRAMS_DIR) + "/bare");
    const long hello = least_faults(path("hello"));
    EXPECT_LE(hello, bare + 6) << "bare: " << bare;
}

TEST_P(examples, args) {
    options how;
    how.args = {"one", "", "two words", "--{}"};
    how.env = {"HOME=/nowhere", "EMPTY=", "not a pair"};
    const result end = run("args", how);
    EXPECT_EQ(end.status, 0);
    const std::string expected =
        "argv[0] = " + path("args") +
        "\nargv[1] = one\nargv[2] = \nargv[3] = two words\nargv[4] = --{}\n"
        "env HOME=/nowhere\nenv EMPTY=\nenv not a pair\nauxv ";
    EXPECT_EQ(end.out.substr(0, expected.size()), expected) << describe(end);
    EXPECT_EQ(end.err, "");
    // AT_PAGESZ, AT_SECURE, AT_ENTRY, AT_RANDOM.
    EXPECT_TRUE(end.out.contains("\nauxv  6 = 0x1000\n")) << describe(end);
    EXPECT_TRUE(end.out.contains("\nauxv 23 = 0x0\n")) << describe(end);
    EXPECT_TRUE(end.out.contains("\nauxv  9 = 0x")) << describe(end);
    EXPECT_TRUE(end.out.contains("\nauxv 25 = 0x")) << describe(end);
    EXPECT_EQ(end.out.back(), '\n');
}

TEST_P(examples, exit_code) {
    expect_end(run("exit_code"), 0, "static destructor\n");
    expect_end(run("exit_code", {"7"}), 7, "static destructor\n");
    expect_end(run("exit_code", {"7", "exit"}), 7, "static destructor\n");
    // The kernel keeps eight bits.
    expect_end(run("exit_code", {"256"}), 0, "static destructor\n");
    expect_end(run("exit_code", {"511", "exit"}), 255, "static destructor\n");
    expect_end(run("exit_code", {"-1"}), 255, "static destructor\n");
    expect_end(run("exit_code", {"7x"}), 2, "static destructor\n", "exit_code: 7x: not a number\n");
}

TEST_P(examples, ctors) {
    const result end = run("ctors");
    // GCC and Clang disagree about the first three: one runs gnu::constructor first, the other
    // last.
    const std::string gnu_constructor = "gnu::constructor\n";
    const std::string constructors = "constructor first\nconstructor second\n";
    const std::string rest = "main\n"
                             "constructor function-local\n"
                             "constructor thread_local\n"
                             "destructor thread_local\n"
                             "destructor function-local\n"
                             "atexit\n"
                             "destructor second\n"
                             "destructor first\n"
                             "gnu::destructor\n";
    EXPECT_TRUE(end.out == gnu_constructor + constructors + rest ||
                end.out == constructors + gnu_constructor + rest)
        << describe(end);
    EXPECT_EQ(end.err, "");
    EXPECT_EQ(end.status, 0);
}

constexpr const char* stl_output = "sum of 1 to 1000: 500500\n"
                                   "most frequent letter: o (4 times)\n"
                                   "square of 12: 144\n"
                                   "the clock runs forward\n";

TEST_P(examples, stl) {
    expect_end(run("stl"), 0, stl_output);
}

TEST_P(examples, stl_with_distributions_hardening) {
    expect_end(run("hardened"), 0, stl_output);
}

class cat : public driver::programs {
public:
    void SetUp() override {
        directory_ = testing::TempDir() + "rt0-cat-XXXXXX";
        ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    }
    void TearDown() override {
        for (const std::string& file : files_) {
            unlink(file.c_str());
        }
        rmdir(directory_.c_str());
    }
    std::string file(const std::string& name, const std::string& text) {
        files_.push_back(directory_ + "/" + name);
        std::ofstream(files_.back()) << text;
        return files_.back();
    }
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    std::string directory_;
    std::vector<std::string> files_;
};

TEST_P(cat, files) {
    const std::string one = file("one", "one\n");
    const std::string two = file("two", std::string("no newline \0 at the end", 23));
    const std::string empty = file("empty", "");
    expect_end(run("cat", {one, empty, two, one}), 0,
               "one\n" + std::string("no newline \0 at the end", 23) + "one\n");
}

TEST_P(cat, standard_input) {
    options how;
    how.input = "from stdin\n";
    expect_end(run("cat", how), 0, "from stdin\n");
    const std::string one = file("one", "one\n");
    how.args = {one, "-", one, "-"};
    expect_end(run("cat", how), 0, "one\nfrom stdin\none\n");
}

TEST_P(cat, goes_on_after_a_file_that_fails) {
    const std::string one = file("one", "one\n");
    const std::string missing = directory() + "/missing";
    expect_end(run("cat", {one, missing, directory(), one}), 1, "one\none\n",
               "cat: " + missing + ": No such file or directory\n" + "cat: " + directory() +
                   ": Is a directory\n");
}

TEST_P(cat, a_large_file_through_a_pipe) {
    std::string text;
    for (int i = 0; text.size() < 5'000'000; ++i) {
        text += std::to_string(i) + "\n";
    }
    driver::pipe_ends pipe = driver::make_pipe();
    options how;
    how.args = {file("large", text)};
    how.fds[1] = stream::given(pipe.write);
    driver::process program(path("cat"), how);
    pipe.write.close();
    std::string received;
    char buffer[7777];
    for (long count = 0; (count = read(pipe.read.get(), buffer, sizeof buffer)) > 0;) {
        received.append(buffer, static_cast<size_t>(count));
    }
    expect_end(program.wait(), 0, "");
    EXPECT_EQ(received.size(), text.size());
    EXPECT_TRUE(received == text);
}

TEST_P(cat, a_full_device) {
    const descriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    ASSERT_GE(full.get(), 0);
    options how;
    how.fds[1] = stream::given(full);
    how.input = "text";
    expect_end(run("cat", how), 1, "", "cat: standard output: No space left on device\n");
}

TEST_P(cat, waits_for_a_non_blocking_stdin) {
    driver::pipe_ends pipe = driver::make_pipe();
    ASSERT_EQ(fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
    options how;
    how.fds[0] = stream::given(pipe.read);
    driver::process program(path("cat"), how);
    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ASSERT_EQ(write(pipe.write.get(), "text\n", 5), 5);
    }
    pipe.write.close();
    expect_end(program.wait(), 0, "text\ntext\ntext\n");
}

RUN_STATIC_AND_PIE(examples);
RUN_STATIC_AND_PIE(cat);

} // namespace
