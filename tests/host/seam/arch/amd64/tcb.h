// In the place of the runtime's arch/amd64/tcb.h: the same block, found through the host's thread
// in the place of FS.
#pragma once

#define get_tcb get_tcb_of_fs
#define no_preempt no_preempt_of_fs
#define set_claim set_claim_of_fs
#define claim_has claim_has_of_fs
#include_next "arch/amd64/tcb.h"
#undef get_tcb
#undef no_preempt
#undef set_claim
#undef claim_has
#undef getg
#undef getp

namespace runtime {

// Not inline: a goroutine goes on on another thread, and a compiler that sees a thread_local keeps
// where it was.
tcb* get_tcb();

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

// One instruction there: the goroutine is not elsewhere between its halves.
inline void set_claim(uintptr_t claim) {
    no_preempt::begin();
    get_tcb()->claim.store(claim, std::memory_order_release);
    no_preempt::end();
}

inline bool claim_has(uint32_t bits) {
    return (get_tcb()->claim.load(std::memory_order_relaxed) & bits) != 0;
}

} // namespace runtime
