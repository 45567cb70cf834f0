// os/os.h over glibc, for unit tests on the host: every call can be made to fail, and is counted.
//
// A test that injects a failure starts with host_os::reset(), so that it does not inherit the calls
// and the failures of the test before it. Threads may call everything here at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace host_os {

// The functions of os/os.h. (write_all is not among them: the real one, os/write_all.cpp, stands on
// write and poll.)
enum class call : unsigned char {
    read,
    write,
    open,
    close,
    poll,
    get_fd_flags,
    reserve,
    commit,
    map,
    unmap,
    map_stack,
    guard,
    protect_read_only,
    decommit,
    futex_wait,
    futex_wake,
    prepare_fence_all,
    fence_all,
    sched_getaffinity,
    getrandom,
    clock_gettime,
    set_fs_base,
    raise,
    default_signal,
    count_,
};

inline constexpr size_t kib = 1024;
inline constexpr size_t mib = 1024 * kib;

inline constexpr long for_ever = std::numeric_limits<long>::max();

// Forgets failures, limits and counts. What is mapped stays counted.
void reset();

// After skip more calls went through, times calls fail with the errno error (positive), without
// reaching the kernel. Replaces the failure set for this function before.
void fail(call function, int error, long skip = 0, long times = for_ever);

// read, write and getrandom ask the kernel for at most this many bytes; 0 takes the limit away.
void limit_transfer(call function, size_t bytes);

// map_stack's mappings begin at no multiple of more than a page, until reset.
void misalign_stacks();

// How often a function was called since reset, failed calls included.
long calls(call function);

// Bytes of address space between map, map_stack or reserve and unmap.
size_t mapped_bytes();

// The last base given to set_fs_base, which does not touch FS: the test runs on glibc's.
void* fs_base();

} // namespace host_os
