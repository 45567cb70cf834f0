// The end of the program.
#pragma once

#include "base/atomic.h"

namespace runtime {

struct g;

// Destructors of the calling thread's thread_locals, atexit handlers and static destructors, newest
// first, .fini_array in reverse, exit_group. From any goroutine; where two call it, the first ends
// the program and the second waits for that. A handler that calls it again goes on with the rest.
[[noreturn]] void exit(int status);

// How far the end of the program is.
struct exit_state {
    atomic<g*> owner; // the goroutine that ends it
    long fini_done;   // what of .fini_array is done, from its end on
};
extern exit_state exiting;

// The handler lists of abi/atexit.cpp. Weak: a program that registers nothing does not have them.
[[gnu::weak]] void run_exit_handlers();
[[gnu::weak]] void run_quick_exit_handlers();

} // namespace runtime
