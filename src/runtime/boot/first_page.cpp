// Everything that the boot writes, side by side, so that it is one page: a program pays for each
// page that it touches with a page fault, which is as much as the rest of this boot costs.
//
// All of it is zero at first. One initialised byte in a program makes the kernel map, read and copy
// a page of the file for it; the runtime has none (docs/decisions/002-layout.md).
#include "base/boot_step.h"
#include "base/knobs.h"
#include "boot/exit.h"
#include "mem/tls.h"
#include "os/process.h"
#include "sched/sched.h"

#define FIRST_PAGE [[gnu::section(".bss.first_page")]]

namespace runtime {

FIRST_PAGE alignas(4096) constinit tls_block first_tls{};
FIRST_PAGE constinit g g0{};
FIRST_PAGE constinit m m0{};
FIRST_PAGE constinit scheduler sched{};
FIRST_PAGE constinit exit_state exiting{};
FIRST_PAGE constinit knob_values knobs{};
FIRST_PAGE constinit const char* boot_step = nullptr;
namespace os {
FIRST_PAGE constinit process_info process{};
}
// The function value of goroutine 1; rt0_go fills it in.
extern funcval mainPC asm("runtime.mainPC");
FIRST_PAGE constinit funcval mainPC{};
// Behind the touched lines, because only its first lines, p0's, are touched.
FIRST_PAGE constinit p p0{};

// g0's stack after the boot. In a program of one goroutine it is never touched.
alignas(16) extern unsigned char g0_stack[G0_STACK_SIZE] asm("runtime.g0stack");
FIRST_PAGE alignas(16) constinit unsigned char g0_stack[G0_STACK_SIZE]{};

} // namespace runtime
