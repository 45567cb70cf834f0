#include "driver/run.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <elf.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <regex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace driver {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

long checked(long result, const char* what) {
    if (result < 0) {
        fail(what);
    }
    return result;
}

descriptor memory_file(std::string_view text) {
    descriptor file(static_cast<int>(checked(memfd_create("stream", MFD_CLOEXEC), "memfd_create")));
    while (!text.empty()) {
        const long written = checked(write(file.get(), text.data(), text.size()), "write");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    checked(lseek(file.get(), 0, SEEK_SET), "lseek");
    return file;
}

std::string contents(const descriptor& file) {
    std::string text(static_cast<std::size_t>(checked(lseek(file.get(), 0, SEEK_END), "lseek")),
                     '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const long count = checked(
            pread(file.get(), text.data() + have, text.size() - have, static_cast<off_t>(have)),
            "pread");
        have += static_cast<std::size_t>(count);
    }
    return text;
}

// The program that the time limit is about. Written while the timer is off.
volatile pid_t watched = -1;
volatile std::sig_atomic_t limit_passed = 0;

void kill_watched(int /*signal*/) {
    limit_passed = 1;
    kill(watched, SIGKILL);
}

void start_timer(pid_t pid, unsigned seconds) {
    watched = pid;
    limit_passed = 0;
    struct sigaction action{};
    action.sa_handler = kill_watched;
    action.sa_flags = SA_RESTART;
    checked(sigaction(SIGALRM, &action, nullptr), "sigaction");
    alarm(seconds);
}

// In the child, where nothing can be thrown.
void must(bool good, const char* what) {
    if (!good) {
        const char* const parts[] = {"driver: cannot ", what, "\n"};
        for (const char* part : parts) {
            (void)!write(2, part, strlen(part));
        }
        _exit(126);
    }
}

void install(const seccomp_filter& filter) {
    using action = seccomp_filter::action;
    const auto stop = filter.what == action::kill_all_but || filter.what == action::kill_only
                          ? SECCOMP_RET_KILL_PROCESS
                          : SECCOMP_RET_ERRNO | static_cast<unsigned>(filter.error);
    const bool listed_are_refused =
        filter.what == action::refuse_only || filter.what == action::kill_only;
    std::vector<sock_filter> code;
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    const auto on_match = [&](int call, unsigned verdict) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        code.push_back(BPF_STMT(BPF_RET | BPF_K, verdict));
    };
    if (!listed_are_refused) {
        on_match(SYS_execve, SECCOMP_RET_ALLOW);
    }
    for (const int call : filter.calls) {
        on_match(call, listed_are_refused ? stop : SECCOMP_RET_ALLOW);
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, listed_are_refused ? SECCOMP_RET_ALLOW : stop));
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "set no_new_privs");
    must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0, "install the filter");
}

bool is_traced(const options& how) {
    return how.record_calls || how.edit || how.direction_flag || !how.limits_after_exec.empty();
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& text : strings) {
        result.push_back(const_cast<char*>(text.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

// The new process, up to execve. fds: what the standard descriptors become; -1 is closed.
[[noreturn]] void become(const std::string& path, const options& how, const int (&fds)[3]) {
    std::vector<std::string> strings{path};
    strings.insert(strings.end(), how.args.begin(), how.args.end());
    const std::vector<char*> argv = pointers(strings);
    const std::vector<char*> envp = pointers(how.env);

    for (const int signal : how.ignored_signals) {
        must(::signal(signal, SIG_IGN) != SIG_ERR, "ignore a signal");
    }
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : how.blocked_signals) {
        sigaddset(&blocked, signal);
    }
    must(sigprocmask(SIG_SETMASK, &blocked, nullptr) == 0, "block signals");
    if (how.processor >= 0) {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(static_cast<std::size_t>(how.processor), &mask);
        must(sched_setaffinity(0, sizeof mask, &mask) == 0, "set the affinity mask");
    }
    const rlimit no_core{0, 0};
    must(setrlimit(RLIMIT_CORE, &no_core) == 0, "set RLIMIT_CORE");

    // The program by descriptor, for execveat: execve wants an argv, and another user may not get
    // to the file by its path. Then the descriptors, moved out of the way of 0 to 2 first.
    int program = -1;
    if (how.null_argv || how.user >= 0) {
        program = fcntl(open(path.c_str(), O_PATH | O_CLOEXEC), F_DUPFD_CLOEXEC, 100);
        must(program >= 0, "open the program");
    }
    int high[3] = {-1, -1, -1};
    for (int i = 0; i < 3; ++i) {
        if (fds[i] >= 0) {
            high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
            must(high[i] >= 0, "duplicate a descriptor");
        }
    }
    if (is_traced(how)) {
        must(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0, "be traced");
    }
    must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0, "close_range");
    for (int i = 0; i < 3; ++i) {
        if (high[i] < 0) {
            close(i);
        } else {
            dup2(high[i], i);
        }
    }
    for (const auto& [resource, value] : how.limits) {
        const rlimit limit{value, value};
        must(setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0, "set a limit");
    }
    if (how.user >= 0) {
        const auto user = static_cast<uid_t>(how.user);
        must(setgroups(0, nullptr) == 0 && setresgid(user, user, user) == 0 &&
                 setresuid(user, user, user) == 0,
             "become another user");
    }
    if (is_traced(how)) {
        raise(SIGSTOP); // the parent sets its options; nothing before execve is recorded
    }
    if (how.filter.what != seccomp_filter::action::none) {
        install(how.filter);
    }
    if (program >= 0) {
        syscall(SYS_execveat, program, "", how.null_argv ? nullptr : argv.data(), envp.data(),
                AT_EMPTY_PATH);
    } else {
        syscall(SYS_execve, path.c_str(), argv.data(), envp.data());
    }
    must(false, "execute the program");
    _exit(126);
}

} // namespace

void descriptor::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

pipe_ends make_pipe() {
    int ends[2];
    checked(pipe2(ends, O_CLOEXEC), "pipe2");
    return {descriptor(ends[0]), descriptor(ends[1])};
}

process::process(const std::string& path, const options& how)
    : how_(how)
    , out_(memory_file({}))
    , err_(memory_file({})) {
    const descriptor in = memory_file(how.input);
    const int collected[3] = {in.get(), out_.get(), err_.get()};
    int fds[3];
    for (int i = 0; i < 3; ++i) {
        fds[i] = how.fds[i].what == stream::kind::collected ? collected[i] : how.fds[i].fd;
    }
    pid_ = static_cast<pid_t>(checked(fork(), "fork"));
    if (pid_ == 0) {
        become(path, how, fds);
    }
}

process::~process() {
    if (pid_ > 0) {
        alarm(0);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

// From the stop before execve to the one after it, with everything in place for the first
// instruction.
void process::prepare_traced() {
    int status = 0;
    checked(waitpid(pid_, &status, 0), "waitpid");
    if (!WIFSTOPPED(status)) {
        throw std::runtime_error("the program was not started: " + contents(err_));
    }
    checked(ptrace(PTRACE_SETOPTIONS, pid_, 0,
                   PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
            "PTRACE_SETOPTIONS");
    checked(ptrace(PTRACE_CONT, pid_, 0, 0), "PTRACE_CONT");
    checked(waitpid(pid_, &status, 0), "waitpid");
    if (!WIFSTOPPED(status) || status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
        throw std::runtime_error("execve failed: " + contents(err_));
    }
    for (const auto& [resource, value] : how_.limits_after_exec) {
        const rlimit limit{value, value};
        checked(prlimit(pid_, static_cast<__rlimit_resource>(resource), &limit, nullptr),
                "prlimit");
    }
    if (how_.direction_flag) {
        constexpr auto flags = offsetof(user_regs_struct, eflags);
        errno = 0;
        const long value = ptrace(PTRACE_PEEKUSER, pid_, flags, 0);
        if (errno != 0) {
            fail("PTRACE_PEEKUSER");
        }
        checked(ptrace(PTRACE_POKEUSER, pid_, flags, value | 0x400), "PTRACE_POKEUSER");
    }
    if (how_.edit) {
        initial_stack stack(pid_);
        how_.edit(stack);
    }
}

void process::trace(int& wait_status, result& how_it_ended) {
    prepare_traced();
    if (!how_.record_calls) {
        checked(ptrace(PTRACE_DETACH, pid_, 0, 0), "PTRACE_DETACH");
        checked(waitpid(pid_, &wait_status, 0), "waitpid");
        return;
    }
    // The exec stop lies within execve: the first stop to come is its end.
    how_it_ended.calls.push_back(SYS_execve);
    bool inside = true;
    long signal = 0;
    for (;;) {
        // Fails with ESRCH for a program that was killed at this moment; waitpid tells.
        (void)ptrace(PTRACE_SYSCALL, pid_, 0, signal);
        signal = 0;
        checked(waitpid(pid_, &wait_status, 0), "waitpid");
        if (!WIFSTOPPED(wait_status)) {
            return;
        }
        if (WSTOPSIG(wait_status) != (SIGTRAP | 0x80)) {
            signal = WSTOPSIG(wait_status);
            continue;
        }
        inside = !inside;
        if (inside) {
            errno = 0;
            const long call =
                ptrace(PTRACE_PEEKUSER, pid_, offsetof(user_regs_struct, orig_rax), 0);
            if (errno == 0) {
                how_it_ended.calls.push_back(static_cast<int>(call));
            }
        }
    }
}

result process::wait() {
    result how_it_ended;
    int status = 0;
    rusage usage{};
    start_timer(pid_, how_.seconds);
    if (is_traced(how_)) {
        trace(status, how_it_ended);
    } else {
        checked(wait4(pid_, &status, 0, &usage), "wait4");
    }
    alarm(0);
    pid_ = -1;
    how_it_ended.timed_out = limit_passed != 0;
    how_it_ended.minor_faults = usage.ru_minflt;
    if (WIFEXITED(status)) {
        how_it_ended.status = WEXITSTATUS(status);
    } else {
        how_it_ended.signal = WTERMSIG(status);
    }
    how_it_ended.out = contents(out_);
    how_it_ended.err = contents(err_);
    return how_it_ended;
}

result run(const std::string& path, const options& how) {
    return process(path, how).wait();
}

long result::count(int call) const {
    return std::ranges::count(calls, call);
}

initial_stack::initial_stack(pid_t pid)
    : pid_(pid) {
    user_regs_struct registers{};
    checked(ptrace(PTRACE_GETREGS, pid, 0, &registers), "PTRACE_GETREGS");
    stack_pointer_ = registers.rsp;
}

std::uint64_t initial_stack::read(std::uint64_t address) const {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKDATA, pid_, address, 0);
    if (errno != 0) {
        fail("PTRACE_PEEKDATA");
    }
    return static_cast<std::uint64_t>(word);
}

void initial_stack::write(std::uint64_t address, std::uint64_t value) const {
    checked(ptrace(PTRACE_POKEDATA, pid_, address, value), "PTRACE_POKEDATA");
}

std::uint64_t initial_stack::find_auxv(std::uint64_t type) const {
    std::uint64_t at =
        stack_pointer_ + 8 * (read(stack_pointer_) + 2); // argc, argv, its null pointer
    while (read(at) != 0) {
        at += 8;
    }
    at += 8;
    for (; read(at) != AT_NULL; at += 16) {
        if (read(at) == type) {
            return at;
        }
    }
    return 0;
}

void initial_stack::drop_auxv(std::uint64_t type) {
    if (const std::uint64_t entry = find_auxv(type)) {
        write(entry, AT_IGNORE);
    }
}

void initial_stack::set_auxv(std::uint64_t type, std::uint64_t value) {
    const std::uint64_t entry = find_auxv(type);
    if (entry == 0) {
        throw std::runtime_error("the kernel gave no such auxv entry");
    }
    write(entry + 8, value);
}

void initial_stack::drop_arguments() {
    user_regs_struct registers{};
    checked(ptrace(PTRACE_GETREGS, pid_, 0, &registers), "PTRACE_GETREGS");
    stack_pointer_ += 8 * read(stack_pointer_);
    write(stack_pointer_, 0); // the last argument's place; argv's null pointer follows it
    registers.rsp = stack_pointer_;
    checked(ptrace(PTRACE_SETREGS, pid_, 0, &registers), "PTRACE_SETREGS");
}

namespace {

constexpr std::pair<int, const char*> call_names[] = {
    {SYS_execve, "execve"},
    {SYS_execveat, "execveat"},
    {SYS_exit_group, "exit_group"},
    {SYS_write, "write"},
    {SYS_read, "read"},
    {SYS_open, "open"},
    {SYS_close, "close"},
    {SYS_poll, "poll"},
    {SYS_fcntl, "fcntl"},
    {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"},
    {SYS_mprotect, "mprotect"},
    {SYS_madvise, "madvise"},
    {SYS_membarrier, "membarrier"},
    {SYS_futex, "futex"},
    {SYS_arch_prctl, "arch_prctl"},
    {SYS_getrandom, "getrandom"},
    {SYS_clock_gettime, "clock_gettime"},
    {SYS_sched_getaffinity, "sched_getaffinity"},
    {SYS_clone, "clone"},
    {SYS_vfork, "vfork"},
    {SYS_exit, "exit"},
    {SYS_pause, "pause"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_restart_syscall, "restart_syscall"},
    {SYS_sigaltstack, "sigaltstack"},
    {SYS_rt_sigreturn, "rt_sigreturn"},
    {SYS_rt_sigaction, "rt_sigaction"},
    {SYS_rt_sigprocmask, "rt_sigprocmask"},
    {SYS_getpid, "getpid"},
    {SYS_gettid, "gettid"},
    {SYS_tgkill, "tgkill"},
};

} // namespace

std::string call_name(int call) {
    for (const auto& [number, name] : call_names) {
        if (number == call) {
            return name;
        }
    }
    return "call " + std::to_string(call);
}

int call_number(std::string_view wanted) {
    for (const auto& [number, name] : call_names) {
        if (name == wanted) {
            return number;
        }
    }
    return -1;
}

namespace {

// The C library's: std::regex takes as long to compile as all else here.
class expression {
public:
    explicit expression(const std::string& pattern) {
        if (regcomp(&compiled_, pattern.c_str(), REG_EXTENDED) != 0) {
            throw std::invalid_argument("not a regular expression: " + pattern);
        }
    }
    expression(const expression&) = delete;
    expression& operator=(const expression&) = delete;
    ~expression() { regfree(&compiled_); }

    // The leftmost match, and the longest there.
    bool find(const char* text, int flags, regmatch_t& where) const {
        return regexec(&compiled_, text, 1, &where, flags) == 0;
    }

private:
    regex_t compiled_{};
};

} // namespace

bool matches(const std::string& text, const std::string& pattern) {
    regmatch_t where{};
    return expression(pattern).find(text.c_str(), 0, where) && where.rm_so == 0 &&
           static_cast<size_t>(where.rm_eo) == text.size();
}

long count_matches(const std::string& text, const std::string& pattern) {
    const expression wanted(pattern);
    long count = 0;
    regmatch_t where{};
    const char* rest = text.c_str();
    for (int flags = 0; wanted.find(rest, flags, where) && where.rm_eo > 0; flags = REG_NOTBOL) {
        ++count;
        rest += where.rm_eo;
    }
    return count;
}

std::string describe(const result& how_it_ended) {
    std::string text;
    if (how_it_ended.timed_out) {
        text += "killed after the time limit\n";
    } else if (how_it_ended.signal != 0) {
        text += std::string("died of signal ") + strsignal(how_it_ended.signal) + "\n";
    } else {
        text += "status " + std::to_string(how_it_ended.status) + "\n";
    }
    text += "stdout: " + how_it_ended.out.substr(0, 1000) +
            "\nstderr: " + how_it_ended.err.substr(0, 1000);
    for (const int call : how_it_ended.calls) {
        text += "\n  " + call_name(call);
    }
    return text;
}

} // namespace driver
