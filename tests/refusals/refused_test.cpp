// Each system call of the table in docs/syscalls.md refused, from the start and from the middle of
// a program that makes them all; and limits lowered in the middle. What the table says is what must
// happen: the program carries on, or a line says what is wrong and the status is 2.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include <elf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver/programs.h"
#include "driver/syscalls.h"

namespace {

using driver::describe;
using driver::documented_call;
using driver::documented_use;
using driver::options;
using driver::result;
using action = driver::seccomp_filter::action;

// Two rounds, one on each side of the middle.
options work(std::vector<std::string> in_the_middle = {}) {
    options how;
    how.args = {"2"};
    how.args.insert(how.args.end(), in_the_middle.begin(), in_the_middle.end());
    how.env = {"GOMAXPROCS=4"};
    how.seconds = 20;
    return how;
}

const result& undisturbed() {
    static const result end = [] {
        options how = work();
        how.env.emplace_back("LOOPS=short"); // it takes half as long
        const result first = driver::run(WORK, how);
        EXPECT_EQ(first.status, 0) << describe(first);
        EXPECT_EQ(first.err, "");
        return first;
    }();
    return end;
}

// What may be on stderr where the program does not carry on.
struct ends {
    std::vector<std::string> messages; // of the runtime
    bool own = false;                  // the program's, to which the call returns an error
    bool silent = false;
    bool trap = false;
};

void add(ends& to, const std::string& cell) {
    for (const std::string& text : driver::quoted(cell)) {
        if (text.starts_with("fatal error: ")) {
            to.messages.push_back(text);
        }
    }
    to.own |= cell.contains("returns");
    to.silent |= cell.contains("says nothing");
    to.trap |= cell.contains("SIGILL");
}

// What the table says of a call that is refused later.
ends ends_of(const char* name) {
    ends allowed;
    for (const documented_call& call : driver::documented_table()) {
        for (const documented_use& use : call.uses) {
            if (call.name == name) {
                add(allowed, use.refused_later);
            }
        }
    }
    return allowed;
}

// Of the last line before the goroutines.
bool says(const result& end, const std::string& message) {
    const std::string lines = "\n" + end.err.substr(0, end.err.find("\n\n"));
    const std::size_t at = lines.rfind('\n');
    return lines.substr(at + 1).starts_with(message);
}

void expect_carried_on(const result& end) {
    EXPECT_EQ(end.status, 0) << describe(end);
    EXPECT_EQ(end.out, undisturbed().out) << describe(end);
    EXPECT_EQ(end.err, "");
}

void expect_allowed(const result& end, const ends& allowed) {
    ASSERT_FALSE(end.timed_out) << describe(end);
    if (end.status == 0) {
        expect_carried_on(end);
        return;
    }
    EXPECT_TRUE(undisturbed().out.starts_with(end.out)) << describe(end);
    if (end.signal == SIGILL && allowed.trap) {
        return;
    }
    EXPECT_EQ(end.status, 2) << describe(end);
    const bool known =
        std::ranges::any_of(allowed.messages,
                            [&end](const std::string& message) { return says(end, message); }) ||
        (allowed.own && (says(end, "panic: file::") || says(end, "panic: println: "))) ||
        (allowed.silent && end.err.empty());
    EXPECT_TRUE(known) << "not what the table says: " << describe(end);
}

struct refusal {
    documented_call call;
    bool later;

    [[nodiscard]] std::string cell(const documented_use& use) const {
        return later ? use.refused_later : use.refused;
    }
    [[nodiscard]] options refused(int error) const {
        options how =
            later ? work({"refuse", std::to_string(call.number), std::to_string(error)}) : work();
        if (!later) {
            how.filter = {action::refuse_only, {call.number}, error};
        }
        // What the table says so of would do so for ever.
        if (std::ranges::any_of(call.uses, [this](const documented_use& use) {
                return cell(use).contains("calls a function");
            })) {
            how.env.emplace_back("LOOPS=short");
        }
        return how;
    }
    // Whether it is made at all, some of the times.
    [[nodiscard]] bool is_made(int tries) const {
        for (int i = 0; i < tries; ++i) {
            options how = later ? work({"kill", std::to_string(call.number)}) : work();
            if (!later) {
                how.filter = {action::kill_only, {call.number}};
            }
            const result end = driver::run(WORK, how);
            if (end.signal == SIGSYS) {
                return true;
            }
            expect_carried_on(end);
        }
        return false;
    }
};

void PrintTo(const refusal& of, std::ostream* out) {
    *out << of.call.name;
}

std::vector<refusal> all_refusals() {
    std::vector<refusal> all;
    for (const documented_call& call : driver::documented_table()) {
        all.push_back({call, false});
        all.push_back({call, true});
    }
    return all;
}

class refused : public testing::TestWithParam<refusal> {};

TEST_P(refused, carries_on_or_says_why) {
    const refusal& of = GetParam();
    ends allowed;
    bool depends = false; // on the machine, or on what happens to the program
    bool must_be_made = false;
    bool fatal_wherever = true;
    for (const documented_use& use : of.call.uses) {
        const std::string cell = of.cell(use);
        if (cell == "not called") {
            continue;
        }
        add(allowed, cell);
        if (use.when.contains("only")) {
            depends = true;
        } else {
            must_be_made = true;
            fatal_wherever &= cell.starts_with("`fatal error: ");
        }
    }
    const bool made = must_be_made || depends ? of.is_made(must_be_made ? 5 : 1) : of.is_made(1);
    EXPECT_TRUE(made || !must_be_made) << "the program does not make this call";
    EXPECT_TRUE(!made || must_be_made || depends) << "it is made: the table says that it is not";

    std::vector<int> errors{EPERM, ENOSYS};
    if (of.call.number == SYS_mmap || of.call.number == SYS_mprotect ||
        of.call.number == SYS_madvise || of.call.number == SYS_munmap) {
        errors.push_back(ENOMEM);
    } else if (of.call.number == SYS_clone) {
        errors.push_back(EAGAIN);
    }
    for (const int error : errors) {
        SCOPED_TRACE(of.call.name + ": " + strerrorname_np(error));
        const result end = driver::run(WORK, of.refused(error));
        expect_allowed(end, allowed);
        if (must_be_made && fatal_wherever) {
            EXPECT_EQ(end.status, 2) << describe(end);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, refused, testing::ValuesIn(all_refusals()), [](const auto& of) {
    return of.param.call.name + (of.param.later ? "_in_the_middle" : "_from_the_start");
});

// Any other call would kill, in the program's own name or the runtime's.
TEST(table, has_every_call) {
    options how = work();
    std::vector<int> calls{SYS_pipe2}; // the program's
    for (const documented_call& call : driver::documented_table()) {
        calls.push_back(call.number);
    }
    how.filter = {action::kill_all_but, calls};
    expect_carried_on(driver::run(WORK, how));
    how.filter.calls = driver::documented_list("seccomp-all");
    how.filter.calls.push_back(SYS_pipe2);
    expect_carried_on(driver::run(WORK, how));
}

// What waits for loops to be interrupted does not wait for good where there is no room for their
// registers.
TEST(registers, refused_in_the_middle) {
    options how = work({"refuse", std::to_string(SYS_mmap), std::to_string(ENOMEM)});
    how.env.emplace_back("LOOPS=more");
    const result end = driver::run(WORK, how);
    expect_allowed(end, ends_of("mmap"));
    EXPECT_EQ(end.status, 2) << describe(end);
}

// A loop that calls nothing is interrupted without a clock too.
TEST(clock, refused_without_a_vdso) {
    options how = work();
    how.filter = {action::refuse_only, {SYS_clock_gettime}};
    how.edit = [](driver::initial_stack& stack) { stack.drop_auxv(AT_SYSINFO_EHDR); };
    expect_carried_on(driver::run(WORK, how));
}

class limits_in_the_middle : public testing::Test {
public:
    static options lowered(int resource, rlim_t value) {
        return work({"limit", std::to_string(resource), std::to_string(value)});
    }
};

TEST_F(limits_in_the_middle, address_space) {
    int failures = 0;
    rlim_t size = 0;
    for (; size <= rlim_t{1} << 30; size = size == 0 ? rlim_t{1} << 22 : size * 2) {
        SCOPED_TRACE(size);
        const result end = driver::run(WORK, lowered(RLIMIT_AS, size));
        expect_allowed(end, ends_of("mmap"));
        failures += end.status == 2;
    }
    EXPECT_GT(failures, 0);
}

// Root is an exception to the limit.
TEST_F(limits_in_the_middle, processes) {
    options how = lowered(RLIMIT_NPROC, 1);
    how.user = geteuid() == 0 ? 20'000 + getpid() % 40'000 : -1;
    const result end = driver::run(WORK, how);
    expect_allowed(end, ends_of("clone"));
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_TRUE(end.err.contains("ulimit -u")) << describe(end);
}

// Its pipes are open already. With fewer than one the kernel refuses poll as well.
TEST_F(limits_in_the_middle, descriptors) {
    const result end = driver::run(WORK, lowered(RLIMIT_NOFILE, 3));
    EXPECT_EQ(end.status, 2) << describe(end);
    EXPECT_TRUE(says(end, "panic: file::open: EMFILE")) << describe(end);
}

TEST_F(limits_in_the_middle, stack) {
    expect_carried_on(driver::run(WORK, lowered(RLIMIT_STACK, 64 * 1024)));
    expect_carried_on(driver::run(WORK, lowered(RLIMIT_STACK, 0)));
}

} // namespace
