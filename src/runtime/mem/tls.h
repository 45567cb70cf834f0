// Thread-local storage: the thread control block, and the program's static TLS below it.
#pragma once

#include <cstddef>

#include "arch/amd64/tcb.h"

namespace runtime {

// Room for the first thread's control block and, below it, for the TLS of an ordinary program. A
// larger one gets a mapping of its own.
struct alignas(64) tls_block {
    unsigned char tls[512];
    tcb control;
};
extern tls_block first_tls;

// Builds the first thread's blocks, and points FS at them. Returns what FS is. During the boot,
// before anything that is protected from smashed stacks.
extern "C" tcb* settls(char** envp) asm("runtime.settls");

// For who must fail before that: FS points at the first thread's block, where a function that the
// runtime shares with the program finds that there is stack.
void settls_for_fatal(char** envp);

// The same for a further thread: how much memory make_thread_tls wants, which builds the block in
// it and returns what FS shall be. All zeroes, or that of a thread that is over: others may still
// look at that one's claim, which is 0, and sysmon may store to its guard. current is what getg
// will answer.
size_t thread_tls_size();
tcb* make_thread_tls(void* memory, g* current);

} // namespace runtime
