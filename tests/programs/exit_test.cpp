// The ways to end a program.
#include <csignal>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::expect_signal;
using driver::options;

class exits : public driver::programs {};

const std::string handlers = "atexit 2\natexit 1\n";
const std::string destructors = "destructor second\ndestructor first\nfini\n";

TEST_P(exits, return_from_main) {
    expect_end(run("exits", {"return", "5"}), 5, handlers + destructors);
}

TEST_P(exits, exit) {
    expect_end(run("exits", {"exit", "6"}), 6, handlers + destructors);
    expect_end(run("exits", {"rt0_exit", "6"}), 6, handlers + destructors);
}

TEST_P(exits, the_kernel_keeps_eight_bits) {
    expect_end(run("exits", {"return", "256"}), 0, handlers + destructors);
    expect_end(run("exits", {"exit", "-1"}), 255, handlers + destructors);
    expect_end(run("exits", {"_Exit", "511"}), 255, "");
}

TEST_P(exits, _Exit_runs_nothing) {
    expect_end(run("exits", {"_Exit", "7"}), 7, "");
}

TEST_P(exits, quick_exit_runs_its_own_handlers) {
    expect_end(run("exits", {"quick_exit", "8"}), 8, "at_quick_exit 2\nat_quick_exit 1\n");
}

TEST_P(exits, abort) {
    expect_signal(run("exits", {"abort"}), SIGABRT, "");
}

TEST_P(exits, abort_with_SIGABRT_blocked) {
    options how;
    how.args = {"abort"};
    how.blocked_signals = {SIGABRT};
    expect_signal(run("exits", how), SIGABRT, "");
}

TEST_P(exits, abort_with_SIGABRT_ignored) {
    options how;
    how.args = {"abort"};
    how.ignored_signals = {SIGABRT};
    expect_signal(run("exits", how), SIGABRT, "");
    how.blocked_signals = {SIGABRT};
    expect_signal(run("exits", how), SIGABRT, "");
}

TEST_P(exits, a_thousand_handlers) {
    expect_end(run("exits", {"many"}), 0, "1000 handlers before\n" + handlers + destructors);
}

TEST_P(exits, six_hundred_destructors) {
    expect_end(run("exits", {"destructors"}), 0, "600 destroyed\n" + handlers + destructors);
}

TEST_P(exits, a_handler_registers_another) {
    expect_end(run("exits", {"register"}), 0,
               "registers one more\none more\n" + handlers + destructors);
}

TEST_P(exits, a_handler_calls_exit) {
    expect_end(run("exits", {"exit_in_handler", "5"}), 5, "calls exit\n" + handlers + destructors);
}

TEST_P(exits, exit_on_another_goroutine) {
    expect_end(run("exits", {"goroutine", "4"}), 4, handlers + destructors);
}

TEST_P(exits, two_goroutines_exit) {
    expect_end(run("exits", {"two_goroutines", "3"}), 3,
               "yields\ngoes on\n" + handlers + destructors);
}

RUN_STATIC_AND_PIE(exits);

} // namespace
