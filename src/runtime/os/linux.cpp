// os.h on Linux: a function a system call. Every function is a section of its own, so a program
// holds only the calls that it makes.
#include "os/os.h"

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/mman.h>
#include <linux/random.h>

#include "arch/amd64/syscall.h"

// Whoever calls the kernel has been started by our entry point. This pulls it out of the archive,
// so that a program that was linked with a C library's startup code instead fails to link. It is no
// code.
asm(".reloc ., R_X86_64_NONE, _rt0_amd64_linux");

namespace runtime::os {

namespace {

long as_argument(const void* pointer) {
    return reinterpret_cast<long>(pointer);
}

// A call whose successful result is a small number or nothing.
int as_int(long result) {
    return static_cast<int>(result);
}

// mmap; nullptr and *error on failure.
void* map_pages(void* at, size_t size, int protection, int flags, int* error) {
    const long result = arch::syscall(__NR_mmap, as_argument(at), static_cast<long>(size),
                                      protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (result < 0 && result >= -4095) {
        *error = as_int(result);
        return nullptr;
    }
    return reinterpret_cast<void*>(result);
}

constexpr int read_write = PROT_READ | PROT_WRITE;

} // namespace

long read(int fd, void* buffer, size_t size) {
    return arch::syscall(__NR_read, fd, as_argument(buffer), static_cast<long>(size));
}

long write(int fd, const void* data, size_t size) {
    return arch::syscall(__NR_write, fd, as_argument(data), static_cast<long>(size));
}

int open(const char* path, int flags, unsigned mode) {
    return as_int(arch::syscall(__NR_open, as_argument(path), flags, mode));
}

int close(int fd) {
    return as_int(arch::syscall(__NR_close, fd));
}

int poll(pollfd* fds, unsigned count, int timeout_ms) {
    return as_int(arch::syscall(__NR_poll, as_argument(fds), count, timeout_ms));
}

int get_fd_flags(int fd) {
    return as_int(arch::syscall(__NR_fcntl, fd, F_GETFD));
}

void* reserve(size_t size, int* error) {
    return map_pages(nullptr, size, PROT_NONE, MAP_NORESERVE, error);
}

int commit(void* address, size_t size) {
    return as_int(
        arch::syscall(__NR_mprotect, as_argument(address), static_cast<long>(size), read_write));
}

void* map(size_t size, int* error) {
    return map_pages(nullptr, size, read_write, 0, error);
}

void* map_stack(size_t size, int* error) {
    return map_pages(nullptr, size, read_write, MAP_NORESERVE | MAP_STACK, error);
}

int guard(void* address, size_t size) {
    // Since Linux 6.13: a guard that is no mapping of its own, of which a process may have 65530.
    constexpr long madv_guard_install = 102;
    if (arch::syscall(__NR_madvise, as_argument(address), static_cast<long>(size),
                      madv_guard_install) == 0) {
        return 0;
    }
    return as_int(
        arch::syscall(__NR_mprotect, as_argument(address), static_cast<long>(size), PROT_NONE));
}

int unmap(void* address, size_t size) {
    return as_int(arch::syscall(__NR_munmap, as_argument(address), static_cast<long>(size)));
}

int protect_read_only(void* address, size_t size) {
    return as_int(
        arch::syscall(__NR_mprotect, as_argument(address), static_cast<long>(size), PROT_READ));
}

int decommit(void* address, size_t size) {
    return as_int(
        arch::syscall(__NR_madvise, as_argument(address), static_cast<long>(size), MADV_DONTNEED));
}

int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    const timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    return as_int(arch::syscall(__NR_futex, as_argument(word), FUTEX_WAIT_PRIVATE, expected,
                                nanoseconds < 0 ? 0 : as_argument(&timeout)));
}

int futex_wake(const uint32_t* word, int count) {
    return as_int(arch::syscall(__NR_futex, as_argument(word), FUTEX_WAKE_PRIVATE, count));
}

int prepare_fence_all() {
    return as_int(arch::syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
}

int fence_all() {
    return as_int(arch::syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
}

int sched_getaffinity(void* mask, size_t size) {
    return as_int(
        arch::syscall(__NR_sched_getaffinity, 0, static_cast<long>(size), as_argument(mask)));
}

long getrandom(void* buffer, size_t size) {
    return arch::syscall(__NR_getrandom, as_argument(buffer), static_cast<long>(size),
                         GRND_NONBLOCK);
}

int clock_gettime(int clock, timespec* time) {
    return as_int(arch::syscall(__NR_clock_gettime, clock, as_argument(time)));
}

int set_fs_base(void* base) {
    constexpr long arch_set_fs = 0x1002;
    return as_int(arch::syscall(__NR_arch_prctl, arch_set_fs, as_argument(base)));
}

int raise(int signal) {
    const long process = arch::syscall(__NR_getpid);
    const long thread = arch::syscall(__NR_gettid);
    return as_int(arch::syscall(__NR_tgkill, process, thread, signal));
}

int unblock_signal(int signal) {
    constexpr long sig_unblock = 1;
    const uint64_t mask = uint64_t{1} << (signal - 1);
    return as_int(
        arch::syscall(__NR_rt_sigprocmask, sig_unblock, as_argument(&mask), 0, sizeof mask));
}

int default_signal(int signal) {
    // The kernel's struct sigaction: handler (SIG_DFL is 0), flags, restorer, mask.
    const uint64_t action[4] = {};
    const long set =
        arch::syscall(__NR_rt_sigaction, signal, as_argument(action), 0, sizeof(uint64_t));
    return set < 0 ? as_int(set) : unblock_signal(signal);
}

int set_signal_handler(int signal, signal_handler handler, void (*restorer)()) {
    constexpr uint64_t with_info = 4;
    constexpr uint64_t on_stack = 0x08000000;
    constexpr uint64_t restart = 0x10000000;
    constexpr uint64_t has_restorer = 0x04000000;
    // The kernel's struct sigaction: handler, flags, restorer, mask.
    const uint64_t action[4] = {reinterpret_cast<uint64_t>(handler),
                                with_info | on_stack | restart | has_restorer,
                                reinterpret_cast<uint64_t>(restorer), 0};
    return as_int(
        arch::syscall(__NR_rt_sigaction, signal, as_argument(action), 0, sizeof(uint64_t)));
}

int set_signal_stack(void* stack, size_t size) {
    const struct {
        void* base;
        int flags;
        size_t size;
    } alternate{stack, 0, size};
    return as_int(arch::syscall(__NR_sigaltstack, as_argument(&alternate), 0));
}

int signal_thread(uint32_t thread, int signal) {
    return as_int(arch::syscall(__NR_tgkill, arch::syscall(__NR_getpid), thread, signal));
}

uint32_t thread_id() {
    return static_cast<uint32_t>(arch::syscall(__NR_gettid));
}

void sleep(int64_t nanoseconds) {
    const timespec time{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    // A filter that refuses it makes the caller spin, which is wasteful and right.
    arch::syscall(__NR_nanosleep, as_argument(&time), 0);
}

void exit_thread() {
    arch::syscall(__NR_exit, 0);
    // Only a seccomp filter refuses it.
    for (;;) {
        arch::syscall(__NR_pause);
    }
}

void exit_group(int status) {
    arch::syscall(__NR_exit_group, status);
    // Only a seccomp filter refuses it. A program that may not end does not go on either.
    __builtin_trap();
}

} // namespace runtime::os
