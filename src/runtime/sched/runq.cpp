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
// runnext, and the goroutines that let another run (starters), are the owner's alone. Where the
// running goroutine does not let them run, sysmon has it give way.
//
// An exclusive p has no thieves: with gomaxprocs 1 its owner needs no compare-and-swap, only plain
// loads and stores. Who may steal has a p, and gets it under sched.lock; p0 becomes exclusive under
// that lock when gomaxprocs is 1 and all other p's are retired (look_after), and stops being
// so before gomaxprocs is made larger, by its own goroutine (set_gomaxprocs): nobody else runs.
#include "sched/runq.h"

#include "sched/sched.h"

namespace runtime {

[[gnu::cold]] void runqput_slow(p* pp) {
    constexpr uint32_t half = p::runq_size / 2;
    // Acquire: pairs with the release of a thief's swap.
    uint32_t head = pp->runqhead.load(std::memory_order_acquire);
    if (pp->runqtail.load(std::memory_order_relaxed) - head != p::runq_size) {
        return;
    }
    // Relaxed: what the slots hold is read only once it is this p's alone, and nobody but this p,
    // which is here, writes a slot again. No copy of them, because the stack may be a small one.
    if (!pp->runqhead.compare_exchange_strong(head, head + half, std::memory_order_relaxed)) {
        return;
    }
    const lock_guard guard(sched.lock);
    for (uint32_t i = 0; i < half; ++i) {
        globrunqput(pp->runq[(head + i) % p::runq_size].load(std::memory_order_relaxed));
    }
}

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

void g_ring::push(g* gp) {
    if (last == nullptr) {
        gp->schedlink = gp;
    } else {
        gp->schedlink = last->schedlink;
        last->schedlink = gp;
    }
    last = gp;
}

g* g_ring::pop() {
    if (last == nullptr) {
        return nullptr;
    }
    g* const first = last->schedlink;
    if (first == last) {
        last = nullptr;
    } else {
        last->schedlink = first->schedlink;
    }
    first->schedlink = nullptr;
    return first;
}

bool runqput(p* pp, g* gp, bool next) {
    if (next) {
        g* const old = pp->runnext.load(std::memory_order_relaxed);
        pp->runnext.store(gp, std::memory_order_relaxed);
        if (old == nullptr) {
            return false;
        }
        gp = old;
    }
    for (;;) {
        // Acquire: pairs with the release of head in runqget and in a thief.
        const uint32_t head = pp->runqhead.load(std::memory_order_acquire);
        const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
        if (tail - head < p::runq_size) [[likely]] {
            pp->runq[tail % p::runq_size].store(gp, std::memory_order_relaxed);
            pp->runqtail.store(tail + 1, std::memory_order_release);
            return true;
        }
        runqput_slow(pp);
    }
}

namespace {

// A thief's half: copies up to half of victim's ring into the empty ring of pp, from `to` on,
// without moving pp's tail. How many. The compare-and-swap of head makes them pp's; where it fails
// others were faster, and what was copied means nothing.
uint32_t runqgrab(p* victim, p* pp, uint32_t to) {
    for (;;) {
        // Acquire: pairs with the release of another consumer, whose slots may be written again.
        uint32_t head = victim->runqhead.load(std::memory_order_acquire);
        // Acquire: pairs with the owner's release; the slots below tail, and the g's in them, are
        // visible.
        const uint32_t tail = victim->runqtail.load(std::memory_order_acquire);
        uint32_t count = tail - head;
        count -= count / 2;
        if (count == 0) {
            return 0;
        }
        if (count > p::runq_size / 2) {
            continue; // head and tail are not of the same moment
        }
        for (uint32_t i = 0; i < count; ++i) {
            g* const gp = victim->runq[(head + i) % p::runq_size].load(std::memory_order_relaxed);
            pp->runq[(to + i) % p::runq_size].store(gp, std::memory_order_relaxed);
        }
        // Release: the loads above are done before the owner may write the slots again.
        if (victim->runqhead.compare_exchange_strong(head, head + count, std::memory_order_release,
                                                     std::memory_order_relaxed)) {
            return count;
        }
    }
}

} // namespace

g* runqsteal(p* pp, p* victim) {
    // Relaxed: sched.lock, under which this m got its p, orders it.
    if (victim->exclusive.load(std::memory_order_relaxed)) {
        return nullptr;
    }
    const uint32_t tail = pp->runqtail.load(std::memory_order_relaxed);
    uint32_t count = runqgrab(victim, pp, tail);
    if (count == 0) {
        return nullptr;
    }
    --count;
    g* const gp = pp->runq[(tail + count) % p::runq_size].load(std::memory_order_relaxed);
    if (count > 0) {
        // Release: for whoever steals them from here.
        pp->runqtail.store(tail + count, std::memory_order_release);
    }
    return gp;
}

bool ringempty(const p* pp) {
    // Sequentially consistent: the caller may have announced that it goes to sleep, and must not
    // read these from before that.
    return pp->runqhead.load(std::memory_order_seq_cst) ==
           pp->runqtail.load(std::memory_order_seq_cst);
}

bool runqempty(const p* pp) {
    return ringempty(pp) && pp->runnext.load(std::memory_order_relaxed) == nullptr &&
           pp->starters.load(std::memory_order_relaxed) == nullptr;
}

void runqdrain(p* pp) {
    bool inherit_time = false;
    while (g* const gp = runqget(pp, &inherit_time)) {
        globrunqput(gp);
    }
}

void globrunqput(g* gp) {
    sched.runq.push(gp);
    sched.runq_size.store(sched.runq.size, std::memory_order_relaxed);
}

[[gnu::cold]] g* globrunqget(p* pp, uint32_t most) {
    g* const first = sched.runq.pop();
    if (first == nullptr) {
        return nullptr;
    }
    // A fair share, which there is, and not more than the ring, which may hold some, surely takes.
    uint32_t more = sched.runq.size / sched.gomaxprocs.load(std::memory_order_relaxed);
    const uint32_t used =
        pp->runqtail.load(std::memory_order_relaxed) - pp->runqhead.load(std::memory_order_relaxed);
    more = more < most ? more : most;
    more = more < p::runq_size - used ? more : p::runq_size - used;
    for (; more > 0; --more) {
        runqput(pp, sched.runq.pop(), false);
    }
    sched.runq_size.store(sched.runq.size, std::memory_order_relaxed);
    return first;
}

} // namespace runtime
