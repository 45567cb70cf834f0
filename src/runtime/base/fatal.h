// How the runtime gives up. Declared on this floor because every floor needs it; defined in
// diag/panic.cpp, which knows goroutines.
//
// All of these write on a stack of their own, never allocate, and may be called on any stack and
// thread, in the boot too. The first to call one ends the program; other threads that do so
// meanwhile end, silently.
#pragma once

#include <initializer_list>
#include <string_view>

#include "os/os.h"

namespace runtime {

// Prints "fatal error: TEXT" and the headers of all goroutines on stderr, the current one's first,
// and exits with status 2 (SIGABRT under GOTRACEBACK=crash). For what cannot be carried on from: a
// broken invariant, a kernel that refuses what the runtime cannot do without. The text may come in
// parts.
[[noreturn]] void fatal(std::string_view text);
[[noreturn]] void fatal(std::initializer_list<std::string_view> parts);

// The same behind lines that say more: whole lines, which come first.
[[noreturn]] void fatal_after(std::string_view lines, std::string_view text);

// The same for a system call that failed: "fatal error: WHAT: errno 12 (ENOMEM)", then, where hint
// is not empty, ": HINT", which says what the user can do. error may be negated.
[[noreturn]] void fatal_errno(std::string_view what, int error, std::string_view hint = {});

// The same for memory that the kernel does not give.
[[noreturn]] inline void fatal_no_memory(std::string_view what, int error) {
    const bool refused = error == -os::EPERM_ || error == -os::ENOSYS_;
    fatal_errno(what, error,
                refused ? "allow mmap and mprotect in the seccomp filter"
                        : "raise RLIMIT_AS (ulimit -v)");
}

// Ends the way Go's panic does: "panic: TEXT", a blank line, "goroutine 1 [running]:", exit
// status 2.
[[noreturn]] void panic(std::string_view text);
[[noreturn]] void panic(std::initializer_list<std::string_view> parts);

} // namespace runtime
