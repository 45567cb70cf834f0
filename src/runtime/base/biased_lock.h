// The lock of what goroutines share: a channel, a mutex's queue. It is held for a few instructions,
// never while the holder parks, and costs next to nothing as long as one thread uses it.
//
// A locked instruction costs as much as a switch between goroutines, and most channels are used by
// goroutines that take turns on one thread. So a lock that one thread has taken often enough
// without another in between becomes that thread's own: from then on the thread takes it by a store
// and a load. The first other thread that comes takes it back.
//
//      owner T                                 other thread
//      T.claim = this, by bias                 takes word
//      bias == T?  then it has the lock        bias = not T
//      ...                                     os::fence_all: every running thread has a full
//      barrier T.claim = 0                             waits until T.claim is not this by bias
//                                              has the lock
//
// T's store and load stand in the order in which the other's fence_all makes them seen: either T's
// claim is seen after it, or T sees that the lock is no longer its own. That is Dekker's algorithm
// with all its cost on the side of the one who takes the lock back, a few microseconds; so a thread
// has to come first some thousand times in a row, and twice as often each time that it has lost the
// lock again.
//
// Without a bias it is a word that is 0 or 1. Taking it is one compare-and-swap, dropping it a
// store: nobody sleeps on it, because its sections take nanoseconds. Where the kernel takes the
// holder's processor away, who waits sleeps for a while and looks again.
//
// The claim also keeps the goroutine on its thread (arch/amd64/tcb.h), so there is no counting of
// no_preempt.
#pragma once

#include <cstdint>

#include "arch/amd64/tcb.h"
#include "base/atomic.h"
#include "base/fatal.h"

namespace runtime {

// All zeroes is a free one. Not recursive, not fair; a thread has one at a time, or several by
// lock_word. May be freed by whoever takes it last: unlock's store is the last access.
class biased_lock {
public:
    constexpr biased_lock() = default;
    biased_lock(const biased_lock&) = delete;
    biased_lock& operator=(const biased_lock&) = delete;
    ~biased_lock() = default;

    void lock() {
        if (!lock_as_owner()) [[unlikely]] {
            lock_as_other();
        }
    }

    // lock in two parts: if the calling thread is not the owner, the second one has to follow.
    [[nodiscard]] bool lock_as_owner() {
        set_claim(name() | by_bias);
        // Relaxed: the same thread's; what others did before they lost it was ordered by the word.
        return bias_.load(std::memory_order_relaxed) == owned_by(get_tcb());
    }
    void lock_as_other() {
        set_claim(name() | by_word);
        take_word(get_tcb());
    }

    void unlock() {
        drop();
        set_claim(0);
    }

    // Whether nobody has it, or is about to drop it; may be false where nobody has. What has been
    // written under it by who had it last is seen only where something that was acquired shows so.
    [[nodiscard]] bool surely_free() const {
        // Relaxed: an owner's is the calling thread's own, and it has none.
        const uintptr_t bias = bias_.load(std::memory_order_relaxed);
        return (bias % 2 != 0 || bias == 0 || bias == owned_by(get_tcb())) &&
               word_.load(std::memory_order_relaxed) == 0;
    }

    // unlock, but the goroutine stays on its thread until set_claim(0).
    void unlock_and_stay() {
        drop();
        set_claim(stays);
    }

    // unlock, for who has run code of the program's meanwhile. Fatal where that has parked.
    void unlock_checked() {
        const uintptr_t claim = get_tcb()->claim.load(std::memory_order_relaxed);
        if ((claim & ~(by_bias | by_word)) != name()) [[unlikely]] {
            fatal("a goroutine has parked in the move of a value that it sends or receives");
        }
        unlock();
    }

    // Whether the calling thread, which has it, does as its owner: its claim is all that has to be
    // dropped.
    [[nodiscard]] static bool is_owned() { return !claim_has(by_word); }
    // unlock in two parts, for who parks and is not the owner: the calling thread, under
    // no_preempt, has no claim any more; the lock is dropped by a store of 0 to what this returns.
    [[nodiscard]] atomic<uint32_t>* hand_over() {
        set_claim(0);
        return &word_;
    }

    // Without a bias, for who takes several: between stay and set_claim(0), in the order of their
    // addresses. An owner has only one at a time, so that who waits for it to drop one while he has
    // others waits for somebody who does not wait for him. lock_word alone also inside of another
    // lock, where nobody takes the two the other way round.
    static void stay() { set_claim(stays); }
    void lock_word() { take_word(get_tcb()); }
    // Release: pairs with the acquire of the next who takes it.
    void unlock_word() { word_.store(0, std::memory_order_release); }
    // Of several the last that is left is as if lock had taken it.
    void keep_word() { set_claim(name() | by_word); }

private:
    static constexpr uintptr_t by_bias = 1;
    static constexpr uintptr_t by_word = 2;
    static constexpr uintptr_t stays = 4; // no lock any more

    // What a claim calls this lock.
    [[nodiscard]] uintptr_t name() const { return reinterpret_cast<uintptr_t>(this); }
    // What bias_ is: 0, the thread that came last with the lowest bit set, or its owner.
    static uintptr_t owned_by(const tcb* thread) { return reinterpret_cast<uintptr_t>(thread); }
    static uintptr_t last_used_by(const tcb* thread) { return owned_by(thread) | 1; }

    void drop() {
        if (claim_has(by_word)) {
            // Release: pairs with the acquire of the next who takes it.
            word_.store(0, std::memory_order_release);
        }
    }
    void take_word(const tcb* self) {
        uint32_t expected = 0;
        // Acquire: pairs with unlock's release.
        if (!word_.compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                           std::memory_order_relaxed)) [[unlikely]] {
            wait_for_word();
        }
        // Relaxed: written by who has the word.
        const uintptr_t last = bias_.load(std::memory_order_relaxed);
        if (last != last_used_by(self)) {
            begin_to_own(self, last);
        } else if (--left_ == 0) [[unlikely]] {
            become_owner(self);
        }
    }
    void wait_for_word();
    void begin_to_own(const tcb* self, uintptr_t last);
    void become_owner(const tcb* self);

    // Whoever has the lock writes these, but for the owner, who has no need to.
    atomic<uintptr_t> bias_{0};
    atomic<uint32_t> word_{0};
    uint16_t left_ = 0;  // so many more times until the last thread owns it
    uint16_t taken_ = 0; // so often it was taken back
};
// Locks may have owners from now on, where the kernel can make barriers. Once, before there is a
// second thread. Null in a program without such locks.
[[gnu::weak]] void allow_lock_owners();
// May they?
bool lock_owners_allowed();
// Every running thread has had a full barrier when it returns. Where they may.
void fence_threads();
// Waits until a thread's claim is another one. Acquire: what the thread did by that claim is done.
void wait_for_claim(const tcb* thread, uintptr_t claim);

static_assert(sizeof(biased_lock) == 16 && alignof(biased_lock) == 8);

} // namespace runtime
