// The steps of the boot, in the order in which rt0_go takes them. They run once, on g0, on the
// kernel's stack; the names that a debugger sees are Go's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/amd64/tcb.h"

namespace runtime {

// Room for the first thread's control block and, below it, for the TLS of an ordinary program. A
// larger one gets a mapping of its own.
struct alignas(64) tls_block {
    unsigned char tls[512];
    tcb control;
};
extern tls_block first_tls;

// The same for a further thread: how much zeroed memory make_thread_tls wants, which builds the
// block in it and returns what FS shall be. current is what getg will answer.
size_t thread_tls_size();
tcb* make_thread_tls(void* memory, g* current);

extern "C" {
// Relocates a static-PIE: RELATIVE and RELR. A program that was linked dynamically ends here.
void relocate(char** argv) asm("runtime.relocate");
// Builds the thread control block and the static TLS block, points FS at it. Returns it.
tcb* settls(char** envp) asm("runtime.settls");
// Runs IRELATIVE resolvers, then makes PT_GNU_RELRO read-only.
void irelocate() asm("runtime.irelocate");
// Is the machine what the compiler took it for?
void check() asm("runtime.check");
// argc, argv, environment, auxiliary vector, vDSO.
void args(int argc, char** argv) asm("runtime.args");
// Processors and page size.
void osinit() asm("runtime.osinit");
// Standard descriptors, knobs, m0, the p's.
void schedinit() asm("runtime.schedinit");
// Goroutine 1.
void main_goroutine() asm("runtime.main");
}

} // namespace runtime
