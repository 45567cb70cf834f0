// The run queue of a p: a ring of 256 slots and runnext.
//
// Only the owner pushes, at the tail. The owner and, with more than one m, thieves pop at the head,
// by compare-and-swap. So:
//   tail   written by the owner (release: the slot and the g behind it are published with it);
//          a thief reads it with acquire, the owner with relaxed (its own store).
//   head   moved by a compare-and-swap with release, after the slot was read; the owner reads it
//   with
//          acquire before it writes a slot again, so that no thief still reads the old value there.
//   slot   relaxed: ordered by head and tail.
// Both indices only grow and wrap at 2^32; tail - head is the number of g's.
// runnext is written by the owner; a thief may swap it to null, so the owner also takes it by
// compare-and-swap. It needs no order of its own against the owner; release/acquire hand the g's
// fields to a thief.
#include "sched/sched.h"

namespace runtime {

namespace {

// The ring is full: moves half of it, and gp, to the global queue, so that 128 pushes pass before
// the next full one. False where a thief made room meanwhile.
bool runqput_slow(p* pp, g* gp, uint32_t head, uint32_t tail) {
    constexpr uint32_t half = p::runq_size / 2;
    g* batch[half];
    if (tail - head != p::runq_size) {
        return false;
    }
    for (uint32_t i = 0; i < half; ++i) {
        batch[i] = pp->runq[(head + i) % p::runq_size].load(std::memory_order_relaxed);
    }
    // Release: the loads above are done before a slot may be written again.
    if (!pp->runqhead.compare_exchange_strong(head, head + half, std::memory_order_release,
                                              std::memory_order_relaxed)) {
        return false;
    }
    const lock_guard guard(sched.lock);
    for (g* const moved : batch) {
        sched.runq.push(moved);
    }
    sched.runq.push(gp);
    return true;
}

} // namespace

void g_queue::push(g* gp) {
    gp->schedlink = nullptr;
    if (tail == nullptr) {
        head = gp;
    } else {
        tail->schedlink = gp;
    }
    tail = gp;
    ++size;
}

g* g_queue::pop() {
    g* const gp = head;
    if (gp != nullptr) {
        head = gp->schedlink;
        if (head == nullptr) {
            tail = nullptr;
        }
        gp->schedlink = nullptr;
        --size;
    }
    return gp;
}

void runqput(p* pp, g* gp, bool next) {
    if (next) {
        // Release: a thief that takes gp sees its fields. Acquire is for the kicked-out g, which
        // was put there by this same p.
        gp = pp->runnext.exchange(gp, std::memory_order_release);
        if (gp == nullptr) {
            return;
        }
    }
    for (;;) {
        // Acquire: pairs with the release of head in runqget and in a thief.
        const uint32_t head = pp->runqhead.load(std::memory_order_acquire);
        const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
        if (tail - head < p::runq_size) {
            pp->runq[tail % p::runq_size].store(gp, std::memory_order_relaxed);
            pp->runqtail.store(tail + 1, std::memory_order_release);
            return;
        }
        if (runqput_slow(pp, gp, head, tail)) {
            return;
        }
    }
}

g* runqget(p* pp, bool* inherit_time) {
    g* next = pp->runnext.load(std::memory_order_relaxed);
    // If the swap fails a thief has it: only the owner makes runnext non-null, so one try is
    // enough.
    if (next != nullptr &&
        pp->runnext.compare_exchange_strong(next, nullptr, std::memory_order_relaxed)) {
        *inherit_time = true;
        return next;
    }
    *inherit_time = false;
    // Acquire: pairs with the release of a thief's swap; the slots below head are free.
    uint32_t head = pp->runqhead.load(std::memory_order_acquire);
    for (;;) {
        const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
        if (tail == head) {
            return nullptr;
        }
        g* const gp = pp->runq[head % p::runq_size].load(std::memory_order_relaxed);
        if (pp->runqhead.compare_exchange_weak(head, head + 1, std::memory_order_release,
                                               std::memory_order_acquire)) {
            return gp;
        }
    }
}

} // namespace runtime
