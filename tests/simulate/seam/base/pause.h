// In the place of the runtime's base/pause.h, on the simulated clock.
#pragma once

#include <cstdint>

#include "tests/explore/access.h"
#include "tests/simulate/simulator.h"

namespace runtime {

inline void pause() {
    explore::pause();
}

inline std::uint64_t cycles() {
    return simulate::cycles();
}

} // namespace runtime
