// Runs a program and tells everything about its end: what it printed, how it ended, what it asked
// of the kernel. What a program finds when it starts can be made as hostile as the kernel allows,
// and, through ptrace, as hostile as a kernel that this machine does not have.
//
// Standard output and error are collected in memory files, so a program is never held up by its
// reader; a test about pipes passes its own descriptors. A program that takes longer than its time
// is killed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace driver {

// A descriptor with an owner.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int fd)
        : fd_(fd) {}
    descriptor(descriptor&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { close(); }

    [[nodiscard]] int get() const { return fd_; }
    void close();

private:
    int fd_ = -1;
};

struct pipe_ends {
    descriptor read;
    descriptor write;
};
pipe_ends make_pipe();

// What a program gets as descriptor 0, 1 or 2.
struct stream {
    enum class kind : std::uint8_t {
        collected, // 0: the text of options::input; 1 and 2: collected in result
        closed,
        given,
    };
    kind what = kind::collected;
    int fd = -1;

    static stream closed() { return {kind::closed}; }
    static stream given(const descriptor& from) { return {kind::given, from.get()}; }
};

// System calls that are refused, by number.
struct seccomp_filter {
    enum class action : std::uint8_t { none, refuse_all_but, refuse_only, kill_all_but, kill_only };
    action what = action::none;
    std::vector<int> calls;
    int error = 1; // EPERM
};

// The initial process stack of a program that has not executed an instruction yet.
class initial_stack {
public:
    explicit initial_stack(pid_t pid);

    // The entry becomes AT_IGNORE. Nothing happens where there is none.
    void drop_auxv(std::uint64_t type);
    // The entry, which must be there, gets a value.
    void set_auxv(std::uint64_t type, std::uint64_t value);
    // argc becomes 0, and argv[0] null: what kernels before 5.18 allowed. The stack pointer moves
    // up by a word for each argument that was there, so with an odd number of them it is
    // misaligned.
    void drop_arguments();

private:
    [[nodiscard]] std::uint64_t read(std::uint64_t address) const;
    void write(std::uint64_t address, std::uint64_t value) const;
    // The address of the entry, or 0.
    [[nodiscard]] std::uint64_t find_auxv(std::uint64_t type) const;

    pid_t pid_;
    std::uint64_t stack_pointer_;
};

struct options {
    std::vector<std::string> args; // after argv[0], which is the path
    std::vector<std::string> env;
    std::string input;
    stream fds[3];
    // Limits that the program inherits, and limits that take hold when the kernel is done with
    // execve, which itself kills a program that they do not leave room for.
    std::vector<std::pair<int, rlim_t>> limits;
    std::vector<std::pair<int, rlim_t>> limits_after_exec;
    seccomp_filter filter;
    std::vector<int> blocked_signals;
    std::vector<int> ignored_signals;
    // execveat with an argv that is a null pointer.
    bool null_argv = false;
    // The one processor that the program may run on; -1 is all.
    int processor = -1;
    // Who runs the program, by number; -1 is who runs the test.
    long user = -1;
    // The processor's direction flag is set at the first instruction.
    bool direction_flag = false;
    unsigned seconds = 10; // its time
    // Changes the stack at the exec stop.
    std::function<void(initial_stack&)> edit;
    // Fills result::calls.
    bool record_calls = false;
};

struct result {
    std::string out;
    std::string err;
    int status = -1; // -1 where a signal ended the program
    int signal = 0;
    bool timed_out = false;
    long minor_faults = 0;
    // The numbers of all system calls in order, execve and exit_group included.
    std::vector<int> calls;

    [[nodiscard]] long count(int call) const;
};

// A program that runs.
class process {
public:
    process(const std::string& path, const options& how);
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    // Waits for the end. At most once, and for one process at a time.
    result wait();

private:
    void prepare_traced();
    void trace(int& wait_status, result& how_it_ended);

    const options& how_;
    pid_t pid_ = -1;
    descriptor out_;
    descriptor err_;
};

// All of it.
result run(const std::string& path, const options& how = {});

// Texts and regular expressions, POSIX's extended ones.
bool matches(const std::string& text, const std::string& pattern);
long count_matches(const std::string& text, const std::string& pattern);

// For failure messages.
std::string describe(const result& how_it_ended);
std::string call_name(int call);
// -1 for a name that is none, or that the runtime has no use for.
int call_number(std::string_view name);

} // namespace driver
