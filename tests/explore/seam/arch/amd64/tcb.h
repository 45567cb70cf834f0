// In the place of the runtime's arch/amd64/tcb.h: the same block, found through the explorer's
// thread in the place of FS.
#pragma once

#define get_tcb get_tcb_of_fs
#define no_preempt no_preempt_of_fs
#include_next "arch/amd64/tcb.h"
#undef get_tcb
#undef no_preempt
#undef getg
#undef getp

#include "tests/explore/explore.h"

namespace runtime {

inline tcb* get_tcb() {
    static tcb of_models_without{};
    auto* const block = static_cast<tcb*>(explore::local());
    return block != nullptr ? block : &of_models_without;
}

#define getg() (::runtime::get_tcb()->current)
#define getp() (::runtime::get_tcb()->p)

class [[nodiscard]] no_preempt {
public:
    no_preempt() { begin(); }
    no_preempt(const no_preempt&) = delete;
    no_preempt& operator=(const no_preempt&) = delete;
    ~no_preempt() { end(); }

    static void begin() { ++get_tcb()->nopreempt; }
    static void end() { --get_tcb()->nopreempt; }
};

} // namespace runtime
