#include "base/biased_lock.h"

#include "base/fatal.h"
#include "base/pause.h"
#include "os/os.h"

namespace runtime {

namespace {

// How often in a row a thread takes a lock before it owns it: taking it back costs as much as some
// thousand locked instructions.
constexpr uint32_t to_own = 1000;
constexpr uint32_t most_doublings = 6;

// A round of waiting, in pauses: a microsecond or two. Sections are some nanoseconds, so who meets
// another one in there is not the first: meanwhile that one's thread has the lock, and what is
// under it, in its cache for some hundred sections, where taking turns would cost the way from one
// cache to the other each time.
constexpr int pauses = 64;
constexpr int rounds = 64;
constexpr int64_t nap = 20'000; // ns

enum class owners : uint8_t { not_asked, allowed, refused };
constinit atomic<owners> kernel_says{owners::not_asked};

// Until done(): spins, then sleeps in between, for who has to run may have no processor. Who need
// not wait shall not have the stack for it.
template <class F>
[[gnu::noinline]] void wait_until(F done) {
    for (int round = 0; !done(); ++round) {
        if (round >= rounds) {
            os::sleep(nap);
            continue;
        }
        for (int i = 0; i < pauses; ++i) {
            pause();
        }
    }
}

} // namespace

void allow_lock_owners() {
    if (kernel_says.load(std::memory_order_relaxed) == owners::not_asked) {
        kernel_says.store(os::prepare_fence_all() == 0 ? owners::allowed : owners::refused,
                          std::memory_order_relaxed);
    }
}

bool lock_owners_allowed() {
    // Nobody has asked where there is no second thread yet, nor anybody who starts one.
    allow_lock_owners();
    return kernel_says.load(std::memory_order_relaxed) == owners::allowed;
}

void fence_threads() {
    const int result = os::fence_all();
    if (result != 0) {
        fatal_errno("cannot make other threads see a store (membarrier)", result,
                    "allow it in the seccomp filter");
    }
}

void wait_for_claim(const tcb* thread, uintptr_t claim) {
    // Acquire: pairs with the release of set_claim.
    wait_until([thread, claim] { return thread->claim.load(std::memory_order_acquire) != claim; });
}

void biased_lock::wait_for_word() {
    wait_until([this] {
        uint32_t expected = 0;
        return word_.load(std::memory_order_relaxed) == 0 &&
               word_.compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    });
}

// The last who had it was another thread, or nobody, or this one owns it.
void biased_lock::begin_to_own(const tcb* self, uintptr_t last) {
    bias_.store(last_used_by(self), std::memory_order_relaxed);
    if (last != 0 && (last & 1) == 0 && last != owned_by(self)) {
        fence_threads();
        wait_for_claim(reinterpret_cast<const tcb*>(last), name() | by_bias);
        if (taken_ < most_doublings) {
            ++taken_;
        }
    }
    left_ = static_cast<uint16_t>(to_own << taken_);
}

void biased_lock::become_owner(const tcb* self) {
    if (lock_owners_allowed()) {
        // Seen by the next who takes the word, at the latest.
        bias_.store(owned_by(self), std::memory_order_relaxed);
    } else {
        left_ = to_own;
    }
}

} // namespace runtime
