// How the runtime gives up. Declared on this floor because every floor needs it; defined in
// diag/panic.cpp, which knows goroutines.
#pragma once

#include <string_view>

namespace runtime {

// Prints "fatal error: TEXT" and the current goroutine's header on stderr, exits with status 2
// (SIGABRT under GOTRACEBACK=crash). For what cannot be carried on from: a broken invariant, a
// kernel that refuses what the runtime cannot do without. Never allocates; any stack, any thread.
[[noreturn]] void fatal(std::string_view text);

// The same for a system call that failed: "fatal error: WHAT: errno 12 (ENOMEM)", then, where hint
// is not empty, ": HINT", which says what the user can do. error may be negated.
[[noreturn]] void fatal_errno(std::string_view what, int error, std::string_view hint = {});

// Ends the way Go's panic does: "panic: TEXT", a blank line, "goroutine 1 [running]:", exit
// status 2.
[[noreturn]] void panic(std::string_view text);

} // namespace runtime
