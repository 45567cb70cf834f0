// The one door to the kernel.
//
// Every call is a function here, so that a host test can link a simulated kernel in place of
// linux.cpp. A call that can fail returns its result, or a negated errno in -4095..-1, as the
// kernel itself does; nothing here retries, prints or sets errno. All of it may be called on any
// stack, before the runtime is up too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime::os {

// Errno values that the runtime itself distinguishes; the rest are numbers that it passes on.
enum errno_value : int {
    EPERM_ = 1,
    ENOENT_ = 2,
    ESRCH_ = 3,
    EINTR_ = 4,
    EBADF_ = 9,
    EAGAIN_ = 11,
    ENOMEM_ = 12,
    EBUSY_ = 16,
    EINVAL_ = 22,
    EDEADLK_ = 35,
    ENOSYS_ = 38,
    ETIMEDOUT_ = 110,
};

// Files.
inline constexpr int o_rdonly = 0;
inline constexpr int o_wronly = 1;
inline constexpr int o_rdwr = 2;
inline constexpr int o_creat = 0100;
inline constexpr int o_trunc = 01000;
inline constexpr int o_cloexec = 02000000;
inline constexpr int o_path = 010000000;

struct pollfd {
    int fd;
    short events;
    short revents;
};
inline constexpr short poll_in = 0x1;
inline constexpr short poll_out = 0x4;
inline constexpr short poll_nval = 0x20;

[[nodiscard]] long read(int fd, void* buffer, size_t size);
[[nodiscard]] long write(int fd, const void* data, size_t size);
[[nodiscard]] int open(const char* path, int flags, unsigned mode);
[[nodiscard]] int close(int fd);
// timeout_ms < 0 waits for ever.
[[nodiscard]] int poll(pollfd* fds, unsigned count, int timeout_ms);
// fcntl(F_GETFD): -EBADF tells that fd is closed.
[[nodiscard]] int get_fd_flags(int fd);

// Writes all of it: goes on after a short write and after EINTR, waits with poll where a
// non-blocking descriptor answers EAGAIN. 0, or the negated errno that stopped it.
[[nodiscard]] int write_all(int fd, const char* data, size_t size);

// Memory. All of it private, anonymous, zeroed, page granular.
// reserve: address space that faults on touch. commit: makes part of a reservation usable.
// map: usable at once. Pages come to life on first touch in every case.
[[nodiscard]] void* reserve(size_t size, int* error);
[[nodiscard]] int commit(void* address, size_t size);
[[nodiscard]] void* map(size_t size, int* error);
[[nodiscard]] int unmap(void* address, size_t size);
// map, for a stack: never backed by huge pages where the kernel knows how to tell.
[[nodiscard]] void* map_stack(size_t size, int* error);
// Every access to these pages faults from now on.
[[nodiscard]] int guard(void* address, size_t size);
// Read only from now on (PT_GNU_RELRO).
[[nodiscard]] int protect_read_only(void* address, size_t size);
// Gives the pages back; the next touch finds zeroes.
[[nodiscard]] int decommit(void* address, size_t size);

// Waits until woken while *word == expected; nanoseconds < 0 waits for ever. -EAGAIN: *word
// differed. -EINTR and spurious wake-ups happen: the caller checks *word again.
[[nodiscard]] int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds);
[[nodiscard]] int futex_wake(const uint32_t* word, int count);

// Each thread of the process that runs has a full barrier between the beginning and the end of the
// call (membarrier), once prepare_fence_all has succeeded.
[[nodiscard]] int prepare_fence_all();
[[nodiscard]] int fence_all();

// The affinity mask of the calling thread into mask; the number of bytes written. -EINVAL: mask is
// smaller than the kernel's.
[[nodiscard]] int sched_getaffinity(void* mask, size_t size);

// Random bytes without blocking; the number of bytes, or -EAGAIN while the kernel has none yet.
[[nodiscard]] long getrandom(void* buffer, size_t size);

// The slow clock: the kernel call itself. os/vdso.h has the fast one.
struct timespec {
    int64_t seconds;
    int64_t nanoseconds;
};
[[nodiscard]] int clock_gettime(int clock, timespec* time);

// Sets the base of FS, where thread-local storage hangs.
[[nodiscard]] int set_fs_base(void* base);

// Sends signal to the calling thread.
[[nodiscard]] int raise(int signal);
// Makes signal's action the default and lets it in, for the calling thread. SIGABRT is 6.
[[nodiscard]] int default_signal(int signal);

// Signals. A handler runs on the thread's alternate stack, gets the kernel's frame and is left
// through restorer. Linux's numbers.
inline constexpr int sigurg = 23;
using signal_handler = void (*)(int signal, void* info, void* context);
[[nodiscard]] int set_signal_handler(int signal, signal_handler handler, void (*restorer)());
// Lets signal in, for the calling thread and those that it will start.
[[nodiscard]] int unblock_signal(int signal);
[[nodiscard]] int set_signal_stack(void* stack, size_t size);
// To one thread of this process. -ESRCH: it is over.
[[nodiscard]] int signal_thread(uint32_t thread, int signal);
[[nodiscard]] uint32_t thread_id();

// Sleeps for that long, or until a signal comes.
void sleep(int64_t nanoseconds);

// Ends the calling thread. Its stack may be unmapped or used again when the kernel has cleared the
// thread's id. Where the kernel refuses to end it, it sleeps for good.
[[noreturn]] void exit_thread();

[[noreturn]] void exit_group(int status);

} // namespace runtime::os
