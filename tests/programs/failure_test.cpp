// The last words of a program.
#include <csignal>

#include <elf.h>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::expect_failure;
using driver::expect_match;
using driver::expect_signal;
using driver::options;
using driver::result;

class failure : public driver::programs {
public:
    static options with(std::vector<std::string> args, std::vector<std::string> env) {
        options how;
        how.args = std::move(args);
        how.env = std::move(env);
        return how;
    }
};

TEST_P(failure, panic) {
    expect_failure(run("fails", {"panic"}), "panic: it is broken");
    expect_failure(run("fails", {"empty"}), "panic: ");
}

TEST_P(failure, fatal) {
    expect_failure(run("fails", {"fatal"}), "fatal error: it is broken");
}

TEST_P(failure, lines_of_a_panic_cannot_pass_for_the_traceback) {
    expect_failure(run("fails", {"lines"}), "panic: one\n\ttwo\n\t\n\tgoroutine 7 [running]:");
}

TEST_P(failure, a_long_text_is_printed_whole) {
    expect_failure(run("fails", {"long"}), "panic: " + std::string(100'000, 'x'));
    expect_failure(run("fails", {"long_fatal"}), "fatal error: " + std::string(100'000, 'x'));
}

TEST_P(failure, in_another_goroutine) {
    expect_end(run("fails", {"goroutine"}), 2, "",
               "panic: in a goroutine\n\ngoroutine 2 [running]:\n");
}

TEST_P(failure, in_a_constructor) {
    expect_failure(run("fails", {"panic", "constructor"}), "panic: it is broken");
}

TEST_P(failure, in_an_exit_handler) {
    // What is left of the handlers does not run.
    expect_failure(run("fails", {"panic", "atexit"}), "panic: it is broken");
}

TEST_P(failure, GOTRACEBACK_none) {
    for (const char* const value : {"GOTRACEBACK=none", "GOTRACEBACK=0"}) {
        expect_end(run("fails", with({"panic"}, {value})), 2, "", "panic: it is broken\n");
        expect_end(run("fails", with({"fatal"}, {value})), 2, "", "fatal error: it is broken\n");
    }
}

TEST_P(failure, GOTRACEBACK_crash) {
    const std::string goroutine = "\n\ngoroutine 1 [running]:\n";
    expect_signal(run("fails", with({"panic"}, {"GOTRACEBACK=crash"})), SIGABRT, "",
                  "panic: it is broken" + goroutine);
    expect_signal(run("fails", with({"fatal"}, {"GOTRACEBACK=crash"})), SIGABRT, "",
                  "fatal error: it is broken" + goroutine);
    options how = with({"panic"}, {"GOTRACEBACK=crash"});
    how.blocked_signals = {SIGABRT};
    how.ignored_signals = {SIGABRT};
    expect_signal(run("fails", how), SIGABRT, "", "panic: it is broken" + goroutine);
}

TEST_P(failure, GOTRACEBACK_misspelt) {
    for (const char* const value : {"GOTRACEBACK=", "GOTRACEBACK=Crash", "GOTRACEBACK=crash "}) {
        expect_failure(run("fails", with({"panic"}, {value})), "panic: it is broken");
    }
}

TEST_P(failure, a_privileged_program_does_not_believe_GOTRACEBACK) {
    options how = with({"panic"}, {"GOTRACEBACK=crash"});
    how.edit = [](driver::initial_stack& stack) { stack.set_auxv(AT_SECURE, 1); };
    expect_end(run("fails", how), 2, "", "panic: it is broken\n");
}

TEST_P(failure, stderr_closed) {
    options how = with({"panic"}, {});
    how.fds[2] = driver::stream::closed();
    expect_end(run("fails", how), 2, "");
}

TEST_P(failure, out_of_range) {
    expect_failure(run("fails", {"at"}),
                   "panic: std::out_of_range: vector::_M_range_check: __n (which is "
                   "1152921504606846976) >= this->size() (which is 3)");
    expect_failure(run("fails", {"length"}), "panic: std::length_error: vector::reserve");
    expect_failure(run("fails", {"function"}), "panic: std::bad_function_call");
}

TEST_P(failure, out_of_memory) {
    const std::string message =
        "fatal error: out of memory: cannot allocate 1152921504606846976 bytes";
    expect_failure(run("fails", {"new"}), message);
    expect_end(run("fails", {"nothrow"}), 0, "true\n");
    expect_failure(run("fails", {"new_handler"}), message,
                   "new_handler\nnew_handler\nnew_handler\n");
}

TEST_P(failure, pure_virtual_function) {
    expect_failure(run("fails", {"pure"}), "fatal error: pure virtual function called");
}

TEST_P(failure, terminate) {
    expect_failure(run("fails", {"terminate"}), "fatal error: std::terminate called");
    expect_failure(run("fails", {"handler"}), "panic: my own");
}

TEST_P(failure, uncaught_exceptions) {
    const std::string uncaught = "panic: uncaught exception of type ";
    const std::pair<const char*, std::string> known[] = {
        {"runtime_error", "std::runtime_error: boom"},
        {"code", "std::system_error: open: Invalid argument"},
        {"int", "int"},
        {"text", "char const*"},
        {"pointer", "int const*"},
        {"own", "outer::inner::own"},
        {"hidden", "(anonymous namespace)::hidden: one\n\ttwo"},
        {"silent", "outer::inner::silent"},
        {"template", "N5outer5inner2ofIiEE"},
        {"long", "std::runtime_error: " + std::string(800, 'x')},
        {"library", "std::out_of_range: basic_string::substr: __pos (which is 4) > this->size() "
                    "(which is 3)"},
        {"pointer_kept", "std::range_error: kept"},
        {"again", "std::runtime_error: boom"},
        {"other", "std::runtime_error: while catching"},
    };
    for (const auto& [how, what] : known) {
        expect_failure(run("uncaught", {how}), uncaught + what);
    }
    expect_failure(run("uncaught", {"nothing"}), "fatal error: std::terminate called");
    for (const char* const where :
         {"noexcept", "destructor", "unwinding", "constructor", "atexit", "restored"}) {
        SCOPED_TRACE(where);
        expect_failure(run("uncaught", {"runtime_error", where}),
                       uncaught + "std::runtime_error: boom");
    }
    expect_end(run("uncaught", {"runtime_error", "goroutine"}), 2, "",
               uncaught + "std::runtime_error: boom\n\ngoroutine 2 [running]:\n");
    expect_end(run("uncaught", {"runtime_error", "handler"}), 3, "handler: boom\n");
    expect_end(run("uncaught", {""}), 0, "");
    expect_failure(run("uncaught_alone"), uncaught + "std::runtime_error: boom");
    expect_failure(run("uncaught_int"), uncaught + "int");
}

TEST_P(failure, assert) {
    const result end = run("fails", {"assert"});
    EXPECT_EQ(end.status, 2) << describe(end);
    expect_match(end.err,
                 "fatal error: .*/fails\\.cpp:[0-9]+: void .*fail\\(\\): assertion failed: "
                 "how\\.empty\\(\\) && \"this is wrong\"\n\ngoroutine 1 \\[running\\]:\n",
                 end);
}

TEST_P(failure, stack_smashing) {
    expect_end(run("smash"), 0, "within the array\nnot smashed\n");
    expect_failure(run("smash", {"please"}), "fatal error: stack smashing detected",
                   "within the array\n");
}

RUN_STATIC_AND_PIE(failure);

} // namespace
