// Ending a program because something is wrong.
#pragma once

#include <string_view>

namespace rt0 {

/// Ends the program: prints "panic: TEXT", a blank line and the current goroutine's header on
/// stderr, then exits with status 2, or with SIGABRT under GOTRACEBACK=crash. Destructors and exit
/// handlers do not run. For what the program cannot carry on from. Any goroutine; does not
/// allocate. After Go's panic, without recovery.
[[noreturn]] void panic(std::string_view text);

/// The same with "fatal error: TEXT": for a broken invariant of a library or runtime rather than of
/// the program. After Go's fatal errors.
[[noreturn]] void fatal(std::string_view text);

} // namespace rt0
