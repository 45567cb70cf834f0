// librt0-exceptions.a: exceptions that leave a stack's segments.
//
// A frame of __morestack lies between two segments, and the unwinder asks it, as it asks every
// frame, what to do. Where it comes through for the second time, to run what the frames have to
// run, the goroutine's segment becomes the one that __morestack was called on: so it is always
// that of the frame which the unwinder looks at, and right for the one where it stops and lands.
//
// The unwinder itself stays where it is, on a segment that the goroutine seems to have left. It
// does not ask for stack there, and lands without a call; when the landing pad's code takes that
// segment again, all on it is over. A signal may take the goroutine off its thread meanwhile, which
// writes nothing to its stack. The one thing that the unwinder calls there and that asks is what
// std::terminate calls: it gets its segment back before.
#include <exception>

#include <unwind.h>

#include "arch/amd64/tcb.h"
#include "mem/segment.h"
#include "sched/sched.h"

namespace runtime {

namespace {

void set_segment(g* gp, mem::segment* to) {
    gp->segment = to;
    const no_preempt here; // the thread whose guard that is
    get_tcb()->stack_guard = to->guard;
}

// Where the stack pointer is.
[[gnu::noinline]] void set_own_segment() {
    g* const gp = getg();
    const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    for (mem::segment* at = gp->segment; at != nullptr; at = at->next) {
        if (sp < reinterpret_cast<uintptr_t>(at) && sp >= at->guard - mem::guard_margin) {
            set_segment(gp, at);
            return;
        }
    }
}

} // namespace

extern "C" {

// The personality of __morestack.
_Unwind_Reason_Code unwind_segment(int version, _Unwind_Action actions,
                                   _Unwind_Exception_Class type, _Unwind_Exception* exception,
                                   _Unwind_Context* context) asm("runtime.unwind_segment");
_Unwind_Reason_Code unwind_segment(int /*version*/, _Unwind_Action actions,
                                   _Unwind_Exception_Class /*type*/,
                                   _Unwind_Exception* /*exception*/, _Unwind_Context* context) {
    if ((actions & _UA_CLEANUP_PHASE) != 0) {
        // Where __morestack put it, at -24(%rbp); rbp is register 6 in DWARF's numbers.
        auto* const* const frame = reinterpret_cast<mem::segment**>(_Unwind_GetGR(context, 6));
        set_segment(getg(), frame[-3]);
    }
    return _URC_CONTINUE_UNWIND;
}

// The linker is told to --wrap these: the exception may not leave the frame where it has come to.
[[noreturn]] void real_call_terminate(void* exception) asm("__real___cxa_call_terminate");
[[noreturn]] void wrap_call_terminate(void* exception) asm("__wrap___cxa_call_terminate");
void wrap_call_terminate(void* exception) {
    set_own_segment();
    real_call_terminate(exception);
}

[[noreturn]] void real_terminate() asm("__real__ZSt9terminatev");
[[noreturn]] void wrap_terminate() asm("__wrap__ZSt9terminatev");
void wrap_terminate() {
    set_own_segment();
    real_terminate();
}

} // extern "C"

} // namespace runtime
