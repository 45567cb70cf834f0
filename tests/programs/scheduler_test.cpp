// Goroutines on one thread: what runs when, and what the runtime says when nothing can.
#include <sys/syscall.h>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::options;
using driver::result;

class scheduler : public driver::programs {};

TEST_P(scheduler, the_last_one_started_runs_first) {
    expect_end(run("goroutines", {"order"}), 0, "5\n1\n2\n3\n4\nmain\n");
}

TEST_P(scheduler, a_thousand) {
    expect_end(run("goroutines", {"many"}), 0, "1000 run, 0 wrong\n");
}

TEST_P(scheduler, dead_goroutines_are_used_again) {
    expect_end(run("goroutines", {"reuse"}), 0, "10000 ended, 32 made\n10600 ended, 224 made\n");
}

TEST_P(scheduler, two_that_ready_each_other_starve_nobody) {
    expect_end(run("goroutines", {"fairness"}), 0, "main and the third run, and so do the two\n");
}

TEST_P(scheduler, park_and_ready) {
    expect_end(run("goroutines", {"park_and_ready"}), 0,
               "parks\nmain readies it\nmain goes on\nwakes\nunlock was called\n");
}

TEST_P(scheduler, a_switch_keeps_registers_and_stack) {
    expect_end(run("goroutines", {"registers"}), 0, "0 wrong\n");
}

TEST_P(scheduler, main_ends_the_others) {
    expect_end(run("goroutines", {"main_returns"}), 0, "main returns\n");
}

TEST_P(scheduler, deadlock) {
    expect_end(run("goroutines", {"deadlock"}), 2, "",
               "fatal error: all goroutines are asleep - deadlock!\n"
               "\ngoroutine 1 [waiting]:\n"
               "\ngoroutine 2 [waiting]:\n"
               "\ngoroutine 3 [waiting]:\n");
}

TEST_P(scheduler, a_static_is_initialised_once) {
    expect_end(run("goroutines", {"statics"}), 0,
               "begins\nends\nsees 1\nsees 1\ninitialised 1 times\n");
}

TEST_P(scheduler, deadlock_in_a_static) {
    expect_end(run("goroutines", {"static_deadlock"}), 2, "",
               "fatal error: all goroutines are asleep - deadlock!\n"
               "\ngoroutine 1 [static initialization]:\n"
               "\ngoroutine 2 [waiting]:\n");
}

TEST_P(scheduler, a_static_that_needs_itself) {
    driver::expect_failure(run("goroutines", {"recursive_static"}),
                           "panic: recursive initialization of a function-local static");
}

TEST_P(scheduler, switching_makes_no_system_calls) {
    options how;
    how.record_calls = true;
    how.args = {"statics"};
    const result end = run("goroutines", how);
    EXPECT_EQ(end.count(SYS_futex), 0) << describe(end);
    EXPECT_EQ(end.count(SYS_clone), 0) << describe(end);
}

RUN_STATIC_AND_PIE(scheduler);

} // namespace
