// What the kernel hands to a program, at its strangest.
#include <numeric>

#include <elf.h>
#include <sched.h>
#include <sys/syscall.h>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::initial_stack;
using driver::options;
using driver::result;

class surroundings : public driver::programs {
public:
    // What `knobs` prints first under this environment.
    static std::string knobs(std::vector<std::string> env, bool secure = false) {
        options how;
        how.env = std::move(env);
        if (secure) {
            how.edit = [](initial_stack& stack) { stack.set_auxv(AT_SECURE, 1); };
        }
        const result end = run("knobs", how);
        EXPECT_EQ(end.status, 0) << describe(end);
        EXPECT_EQ(end.err, "");
        return end.out.substr(0, end.out.find('\n'));
    }
    static int processors() {
        cpu_set_t mask;
        EXPECT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
        return CPU_COUNT(&mask);
    }
    static int first_processor() {
        cpu_set_t mask;
        EXPECT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
        size_t cpu = 0;
        while (!CPU_ISSET(cpu, &mask)) {
            ++cpu;
        }
        return static_cast<int>(cpu);
    }
};

TEST_P(surroundings, a_null_argv) {
    options how;
    how.null_argv = true;
    how.env = {"NAME=value"};
    expect_end(run("hello", how), 0, "Hello, world!\n");
    const result end = run("args", how);
    // Since Linux 5.18 the kernel makes one empty argument of it.
    const std::string one = "argv[0] = \nenv NAME=value\nauxv ";
    const std::string none = "env NAME=value\nauxv ";
    EXPECT_TRUE(end.out.starts_with(one) || end.out.starts_with(none)) << describe(end);
    EXPECT_EQ(end.status, 0);
}

TEST_P(surroundings, no_arguments_at_all) {
    options how;
    how.env = {"NAME=value"};
    how.edit = [](initial_stack& stack) { stack.drop_arguments(); };
    // With one argument dropped the stack pointer is misaligned, with two it is not.
    for (const std::vector<std::string>& args : {std::vector<std::string>{}, {"one"}}) {
        how.args = args;
        const result end = run("args", how);
        EXPECT_TRUE(end.out.starts_with("env NAME=value\nauxv ")) << describe(end);
        EXPECT_EQ(end.status, 0) << describe(end);
        expect_end(run("hello", how), 0, "Hello, world!\n");
        expect_end(run("stl", how), 0, run("stl").out);
        expect_end(run("alignment", how), 0, run("alignment").out);
        expect_end(run("ifunc", how), 0, run("ifunc").out);
        expect_end(run("cat", how), 0, "");
    }
}

TEST_P(surroundings, an_empty_environment) {
    const result end = run("args");
    EXPECT_TRUE(end.out.starts_with("argv[0] = " + path("args") + "\nauxv ")) << describe(end);
    expect_end(run("hello"), 0, "Hello, world!\n");
}

TEST_P(surroundings, a_megabyte_of_arguments) {
    options how;
    std::string expected = "argv[0] = " + path("args") + "\n";
    size_t total = 0;
    for (int i = 1; total < 1'000'000; ++i) {
        how.args.push_back("argument " + std::to_string(i) + " " + std::string(40, 'x'));
        total += how.args.back().size() + 1;
        expected += "argv[" + std::to_string(i) + "] = " + how.args.back() + "\n";
    }
    how.env = {"NAME=value"};
    expected += "env NAME=value\nauxv ";
    const result end = run("args", how);
    EXPECT_EQ(end.status, 0);
    EXPECT_TRUE(end.out.starts_with(expected));
}

TEST_P(surroundings, long_arguments) {
    options how;
    std::string expected = "argv[0] = " + path("args") + "\n";
    for (int i = 1; i <= 10; ++i) {
        how.args.emplace_back(100'000 + i, static_cast<char>('a' + i));
        expected += "argv[" + std::to_string(i) + "] = " + how.args.back() + "\n";
    }
    const result end = run("args", how);
    EXPECT_EQ(end.status, 0);
    EXPECT_TRUE(end.out.starts_with(expected + "auxv "));
}

TEST_P(surroundings, no_AT_RANDOM) {
    options how;
    how.record_calls = true;
    how.edit = [](initial_stack& stack) { stack.drop_auxv(AT_RANDOM); };
    const result end = run("canary", how);
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.count(SYS_getrandom), 1) << describe(end);
    const result other = run("canary", how);
    for (const result* one : {&end, &other}) {
        ASSERT_EQ(one->out.size(), 17U) << describe(*one);
        EXPECT_EQ(one->out.substr(14), "00\n");
        EXPECT_NE(one->out, "0000000000000000\n");
    }
    EXPECT_NE(end.out, other.out);
    // Nor getrandom: whatever else there is, the program runs, with a canary that differs.
    how.filter = {driver::seccomp_filter::action::refuse_only, {SYS_getrandom}, 38};
    const result without = run("canary", how);
    EXPECT_EQ(without.status, 0) << describe(without);
    EXPECT_NE(without.out, run("canary", how).out);
}

TEST_P(surroundings, the_clock_asks_the_vDSO) {
    options how;
    how.record_calls = true;
    const result end = run("clock", how);
    expect_end(end, 0, "steady goes forward\nsystem is set\n");
    EXPECT_EQ(end.count(SYS_clock_gettime), 0) << describe(end);
}

TEST_P(surroundings, no_vDSO) {
    options how;
    how.record_calls = true;
    how.edit = [](initial_stack& stack) { stack.drop_auxv(AT_SYSINFO_EHDR); };
    const result end = run("clock", how);
    expect_end(end, 0, "steady goes forward\nsystem is set\n");
    EXPECT_GT(end.count(SYS_clock_gettime), 2);
}

TEST_P(surroundings, no_AT_HWCAP2) {
    options how;
    how.record_calls = true;
    const auto fs_calls = [&](const char* name) { return run(name, how).count(SYS_arch_prctl); };
    const long with_it = fs_calls("hello");
    EXPECT_LE(with_it, 1); // 0 where the kernel lets programs write FS
    how.edit = [](initial_stack& stack) { stack.drop_auxv(AT_HWCAP2); };
    EXPECT_EQ(fs_calls("hello"), 1);
    expect_end(run("hello", how), 0, "Hello, world!\n");
    expect_end(run("tls_aligned", how), 0, run("tls_aligned").out);
}

TEST_P(surroundings, none_of_them) {
    options how;
    how.edit = [](initial_stack& stack) {
        for (const int type : {AT_RANDOM, AT_SYSINFO_EHDR, AT_HWCAP2, AT_PAGESZ, AT_PHDR, AT_PHNUM,
                               AT_ENTRY, AT_EXECFN, AT_SECURE, AT_HWCAP, AT_MINSIGSTKSZ}) {
            stack.drop_auxv(static_cast<uint64_t>(type));
        }
        stack.drop_arguments();
    };
    for (const char* const name :
         {"hello", "stl", "ctors", "clock", "ifunc", "relro", "tls_large", "alignment", "knobs"}) {
        const result expected = run(name);
        const result end = run(name, how);
        EXPECT_EQ(end.out, expected.out) << name << describe(end);
        EXPECT_EQ(end.status, expected.status) << name << describe(end);
        EXPECT_EQ(end.signal, expected.signal) << name << describe(end);
    }
}

// The ABI promises that the direction flag is clear; a loader may not have kept it.
TEST_P(surroundings, the_direction_flag_is_set) {
    const std::string clear = "preinit: clear\nmain: clear\n";
    expect_end(run("direction"), 0, clear);
    options how;
    how.direction_flag = true;
    expect_end(run("direction", how), 0, clear);
    for (const char* const name : {"hello", "stl", "tls_large", "tls_aligned", "ifunc"}) {
        expect_end(run(name, how), 0, run(name).out);
    }
}

TEST_P(surroundings, one_processor) {
    options how;
    how.processor = first_processor();
    expect_end(run("knobs", how), 0,
               "gomaxprocs 1 traceback 0 schedtrace 0 scheddetail 0 secure false\n"
               "cpus 1 npidle 0\n");
}

TEST_P(surroundings, all_processors) {
    const std::string n = std::to_string(processors());
    expect_end(run("knobs"), 0,
               "gomaxprocs " + n + " traceback 0 schedtrace 0 scheddetail 0 secure false\n" +
                   "cpus " + n + " npidle " + std::to_string(processors() - 1) + "\n");
}

TEST_P(surroundings, GOMAXPROCS) {
    const std::string rest = " traceback 0 schedtrace 0 scheddetail 0 secure false";
    const std::string standard = "gomaxprocs " + std::to_string(processors()) + rest;
    EXPECT_EQ(knobs({"GOMAXPROCS=1"}), "gomaxprocs 1" + rest);
    EXPECT_EQ(knobs({"GOMAXPROCS=7"}), "gomaxprocs 7" + rest);
    EXPECT_EQ(knobs({"GOMAXPROCS=1000"}), "gomaxprocs 1000" + rest);
    for (const char* const bad : {"", "0", "-1", "x", "4x", " 4", "4 ", "0x4", "1.5", "4294967297",
                                  "99999999999999999999999999"}) {
        EXPECT_EQ(knobs({std::string("GOMAXPROCS=") + bad}), standard) << bad;
    }
    // Names that only look like it; of two the first counts.
    EXPECT_EQ(knobs({"GOMAXPROCS", "GOMAXPROCSX=7", "XGOMAXPROCS=7", "gomaxprocs=7"}), standard);
    EXPECT_EQ(knobs({"GOMAXPROCS=5", "GOMAXPROCS=7"}), "gomaxprocs 5" + rest);
}

TEST_P(surroundings, a_huge_GOMAXPROCS) {
    EXPECT_EQ(knobs({"GOMAXPROCS=2147483647"}),
              "gomaxprocs 4096 traceback 0 schedtrace 0 scheddetail 0 secure false");
}

TEST_P(surroundings, GODEBUG_and_GOTRACEBACK) {
    const std::string cpus = "gomaxprocs " + std::to_string(processors());
    EXPECT_EQ(knobs({"GODEBUG=schedtrace=1000,scheddetail=1", "GOTRACEBACK=all"}),
              cpus + " traceback 1 schedtrace 1000 scheddetail 1 secure false");
    EXPECT_EQ(
        knobs({"GODEBUG=,,=,schedtrace,unknown=5,scheddetail=x,schedtrace=3", "GOTRACEBACK="}),
        cpus + " traceback 0 schedtrace 3 scheddetail 0 secure false");
}

TEST_P(surroundings, a_privileged_program_does_not_believe_its_environment) {
    EXPECT_EQ(knobs({"GODEBUG=schedtrace=1000", "GOTRACEBACK=crash", "GOMAXPROCS=77"}, true),
              "gomaxprocs " + std::to_string(processors()) +
                  " traceback -1 schedtrace 0 scheddetail 0 secure true");
}

RUN_STATIC_AND_PIE(surroundings);

} // namespace
