// Which step of the boot is running. fatal names it, and knows by it that there may be no g yet.
#pragma once

namespace runtime {

// "runtime.osinit" and so on; null once the scheduler runs.
extern const char* boot_step;

} // namespace runtime
