// The steps of the boot, in the order in which rt0_go takes them. They run once, on g0, on the
// kernel's stack; the names that a debugger sees are Go's.
#pragma once

namespace runtime {

extern "C" {
// Relocates a static-PIE: RELATIVE and RELR. A program that was linked dynamically ends here.
void relocate(char** argv) asm("runtime.relocate");
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
