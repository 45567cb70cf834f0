// What the runtime made of the environment.
#include <rt0/print.h>

#include "base/knobs.h"
#include "os/process.h"
#include "sched/sched.h"

int main() {
    const runtime::knob_values& knobs = runtime::knobs;
    rt0::println("gomaxprocs {} traceback {} schedtrace {} scheddetail {} secure {}",
                 runtime::sched.gomaxprocs.load(), static_cast<int>(knobs.traceback),
                 knobs.schedtrace, knobs.scheddetail, runtime::os::process.secure);
    rt0::println("cpus {} npidle {}", runtime::os::process.cpus, runtime::sched.npidle.load());
}
