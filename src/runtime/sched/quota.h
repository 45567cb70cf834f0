// The CPU quota of the cgroup: how much processor time the kernel lets the program have, however
// many processors it may run on. More threads than that only use the quota up sooner, and then all
// of them stand still until the next period.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime {

// What cpu_quota returns where there is no quota.
inline constexpr uint32_t no_cpu_quota = INT32_MAX;

// The number of processors that the cgroup's CPU quota allows; no_cpu_quota where there is none or
// it cannot be read. The tightest quota counts, of the cgroup itself and of all above it that this
// process can see.
//
// The rule is that of Go 1.25: a fraction is rounded up, so that no part of the quota is out of
// reach, and a quota below 2 counts as 2, so that one thread that is held up does not hold up
// everything. So the number of p's is the least of this and of the processors: 1 is reached only by
// one processor. Unlike Go, which asks the innermost cgroup alone, this asks all of them, as the
// kernel does.
//
// It opens a few files of /proc and /sys and needs 13 KiB of stack.
uint32_t cpu_quota();

// How the files are read.
struct quota_files {
    // A descriptor to read from, or a negative number.
    int (*open)(const char* path);
    // The next bytes, at most size: how many they are, 0 at the end of the file, or a negated
    // errno.
    long (*read)(int file, void* buffer, size_t size);
    void (*close)(int file);
};

// cpu_quota from these files.
uint32_t cpu_quota(const quota_files& files);

} // namespace runtime
