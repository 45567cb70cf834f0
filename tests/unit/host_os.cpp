#include "host_os.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fatal.h"
#include "os/os.h"
#include "os/vdso.h"

namespace host_os {

namespace {

struct behaviour {
    std::atomic<long> calls{0};
    // The call that fails first, counted from the moment it was set, and how many do.
    std::atomic<long> until_failure{for_ever};
    std::atomic<long> failures{0};
    std::atomic<int> error{0};
    std::atomic<size_t> limit{0};
};

std::array<behaviour, static_cast<size_t>(call::count_)> behaviours;
std::atomic<size_t> mapped{0};
std::atomic<bool> misaligned{false};
std::atomic<void*> last_fs_base{nullptr};

behaviour& of(call function) {
    return behaviours.at(static_cast<size_t>(function));
}

} // namespace

void reset() {
    for (behaviour& b : behaviours) {
        b.calls = 0;
        b.failures = 0;
        b.until_failure = for_ever;
        b.limit = 0;
    }
    misaligned = false;
}

void fail(call function, int error, long skip, long times) {
    behaviour& b = of(function);
    b.failures = 0; // Off while the rest changes.
    b.error = error;
    b.until_failure = skip;
    b.failures = times;
}

void limit_transfer(call function, size_t bytes) {
    of(function).limit = bytes;
}

void misalign_stacks() {
    misaligned = true;
}

long calls(call function) {
    return of(function).calls;
}

size_t mapped_bytes() {
    return mapped;
}

void* fs_base() {
    return last_fs_base;
}

namespace {

// Counts a call; the negated errno that it shall fail with, or 0.
int enter(call function) {
    behaviour& b = of(function);
    // Relaxed, here and below: under ThreadSanitizer it must not order what the runtime does not.
    b.calls.fetch_add(1, std::memory_order_relaxed);
    if (b.failures <= 0 || b.until_failure.fetch_sub(1) > 0) {
        return 0;
    }
    return b.failures.fetch_sub(1) > 0 ? -b.error.load() : 0;
}

size_t limited(call function, size_t size) {
    const size_t limit = of(function).limit;
    return limit != 0 && size > limit ? limit : size;
}

// glibc's -1 and errno into the kernel's negated errno.
template <typename T>
T result(T value) {
    return value == -1 ? static_cast<T>(-errno) : value;
}

void* map_pages(size_t size, int protection, int flags, int* error) {
    void* pages = ::mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (pages == MAP_FAILED) {
        *error = -errno;
        return nullptr;
    }
    mapped.fetch_add(size, std::memory_order_relaxed);
    return pages;
}

} // namespace

} // namespace host_os

namespace runtime::os {

using host_os::call;
using host_os::enter;
using host_os::limited;
using host_os::result;

long read(int fd, void* buffer, size_t size) {
    if (const int error = enter(call::read)) {
        return error;
    }
    return result(::read(fd, buffer, limited(call::read, size)));
}

long write(int fd, const void* data, size_t size) {
    if (const int error = enter(call::write)) {
        return error;
    }
    return result(::write(fd, data, limited(call::write, size)));
}

int open(const char* path, int flags, unsigned mode) {
    if (const int error = enter(call::open)) {
        return error;
    }
    return result(::open(path, flags, mode));
}

int close(int fd) {
    if (const int error = enter(call::close)) {
        return error;
    }
    return result(::close(fd));
}

int poll(pollfd* fds, unsigned count, int timeout_ms) {
    static_assert(sizeof(pollfd) == sizeof(::pollfd) && poll_in == POLLIN && poll_out == POLLOUT &&
                  poll_nval == POLLNVAL);
    if (const int error = enter(call::poll)) {
        return error;
    }
    return result(::poll(reinterpret_cast<::pollfd*>(fds), count, timeout_ms));
}

int get_fd_flags(int fd) {
    if (const int error = enter(call::get_fd_flags)) {
        return error;
    }
    return result(::fcntl(fd, F_GETFD));
}

void* reserve(size_t size, int* error) {
    *error = enter(call::reserve);
    if (*error != 0) {
        return nullptr;
    }
    return host_os::map_pages(size, PROT_NONE, MAP_NORESERVE, error);
}

int commit(void* address, size_t size) {
    if (const int error = enter(call::commit)) {
        return error;
    }
    return result(::mprotect(address, size, PROT_READ | PROT_WRITE));
}

void* map(size_t size, int* error) {
    *error = enter(call::map);
    if (*error != 0) {
        return nullptr;
    }
    return host_os::map_pages(size, PROT_READ | PROT_WRITE, 0, error);
}

int unmap(void* address, size_t size) {
    if (const int error = enter(call::unmap)) {
        return error;
    }
    const int done = result(::munmap(address, size));
    if (done == 0) {
        host_os::mapped.fetch_sub(size, std::memory_order_relaxed);
    }
    return done;
}

void* map_stack(size_t size, int* error) {
    *error = enter(call::map_stack);
    if (*error != 0) {
        return nullptr;
    }
    constexpr size_t page = 4096;
    const size_t more = host_os::misaligned ? page : 0;
    void* const memory =
        host_os::map_pages(size + more, PROT_READ | PROT_WRITE, MAP_STACK | MAP_NORESERVE, error);
    if (memory == nullptr || more == 0) {
        return memory;
    }
    // The kernel likes to align what is large.
    const bool first = reinterpret_cast<uintptr_t>(memory) % (2 * page) == 0;
    char* const begin = static_cast<char*>(memory) + (first ? page : 0);
    (void)::munmap(first ? memory : begin + size, page);
    host_os::mapped -= page;
    return begin;
}

int guard(void* address, size_t size) {
    if (const int error = enter(call::guard)) {
        return error;
    }
    return result(::mprotect(address, size, PROT_NONE));
}

int protect_read_only(void* address, size_t size) {
    if (const int error = enter(call::protect_read_only)) {
        return error;
    }
    return result(::mprotect(address, size, PROT_READ));
}

int decommit(void* address, size_t size) {
    if (const int error = enter(call::decommit)) {
        return error;
    }
    return result(::madvise(address, size, MADV_DONTNEED));
}

int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    if (const int error = enter(call::futex_wait)) {
        return error;
    }
    const ::timespec timeout{.tv_sec = nanoseconds / 1'000'000'000,
                             .tv_nsec = nanoseconds % 1'000'000'000};
    return static_cast<int>(result(::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
                                             nanoseconds < 0 ? nullptr : &timeout)));
}

int futex_wake(const uint32_t* word, int count) {
    if (const int error = enter(call::futex_wake)) {
        return error;
    }
    return static_cast<int>(result(::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count)));
}

int prepare_fence_all() {
    if (const int error = enter(call::prepare_fence_all)) {
        return error;
    }
    return static_cast<int>(
        result(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)));
}

int fence_all() {
    if (const int error = enter(call::fence_all)) {
        return error;
    }
    return static_cast<int>(
        result(::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)));
}

int sched_getaffinity(void* mask, size_t size) {
    if (const int error = enter(call::sched_getaffinity)) {
        return error;
    }
    return static_cast<int>(result(::syscall(SYS_sched_getaffinity, 0, size, mask)));
}

long getrandom(void* buffer, size_t size) {
    if (const int error = enter(call::getrandom)) {
        return error;
    }
    return result(::getrandom(buffer, limited(call::getrandom, size), GRND_NONBLOCK));
}

int clock_gettime(int clock, timespec* time) {
    if (const int error = enter(call::clock_gettime)) {
        return error;
    }
    ::timespec now{};
    const int done = result(::clock_gettime(clock, &now));
    *time = {.seconds = now.tv_sec, .nanoseconds = now.tv_nsec};
    return done;
}

int set_fs_base(void* base) {
    if (const int error = enter(call::set_fs_base)) {
        return error;
    }
    host_os::last_fs_base = base;
    return 0;
}

int raise(int signal) {
    if (const int error = enter(call::raise)) {
        return error;
    }
    return result(::raise(signal) == 0 ? 0 : -1);
}

int default_signal(int signal) {
    if (const int error = enter(call::default_signal)) {
        return error;
    }
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, signal);
    const int set = result(::sigaction(signal, &action, nullptr));
    return set < 0 ? set : -::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

void exit_group(int status) {
    std::fflush(nullptr);
    ::_exit(status);
}

int vdso_call(int (*function)(int clock, timespec* time), int clock, timespec* time) {
    return function(clock, time);
}

} // namespace runtime::os

// How the runtime gives up, for death tests: the text on stderr and the runtime's exit status.
// Weak, so that a test of diag/ can link the real ones.
namespace runtime {

[[gnu::weak]] void fatal(std::string_view text) {
    std::fprintf(stderr, "fatal error: %.*s\n", static_cast<int>(text.size()), text.data());
    os::exit_group(2);
}

[[gnu::weak]] void fatal_after(std::string_view lines, std::string_view text) {
    std::fprintf(stderr, "%.*s", static_cast<int>(lines.size()), lines.data());
    fatal(text);
}

[[gnu::weak]] void fatal_errno(std::string_view what, int error, std::string_view hint) {
    std::fprintf(stderr, "fatal error: %.*s: errno %d%s%.*s\n", static_cast<int>(what.size()),
                 what.data(), std::abs(error), hint.empty() ? "" : ": ",
                 static_cast<int>(hint.size()), hint.data());
    os::exit_group(2);
}

[[gnu::weak]] void panic(std::string_view text) {
    std::fprintf(stderr, "panic: %.*s\n", static_cast<int>(text.size()), text.data());
    os::exit_group(2);
}

} // namespace runtime
