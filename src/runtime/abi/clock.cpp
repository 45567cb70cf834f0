#include "sched/clock.h"
#include "abi/errno.h"
#include "base/fatal.h"
#include "base/if_linked.h"
#include "os/os.h"
#include "os/vdso.h"

namespace {

using runtime::os::timespec;

[[gnu::noinline]] int refused(int error) {
    if (error == -runtime::os::EPERM_ || error == -runtime::os::ENOSYS_) {
        runtime::fatal_errno("cannot read the clock (clock_gettime)", error,
                             "allow it in the seccomp filter");
    }
    runtime::set_errno(-error);
    return -1;
}

int ask(int clock, timespec* time) {
    const int error = runtime::os::fast_clock_gettime(clock, time);
    return error == 0 ? 0 : refused(error);
}

[[gnu::noinline]] int ask_if_not_held(int clock, timespec* time) {
    return runtime::clock_if_held(clock, time) ? 0 : ask(clock, time);
}

} // namespace

extern "C" {

// <chrono>'s clocks read the time through it, and do not look at what it answers: a kernel that
// refuses to tell the time ends the program. A clock that does not exist is the caller's mistake,
// and returned.
int clock_gettime(int clock, timespec* time) {
    return runtime::if_linked(runtime::clock_if_held) == nullptr ? ask(clock, time)
                                                                 : ask_if_not_held(clock, time);
}

} // extern "C"
