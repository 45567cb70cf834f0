// rt0/select.h. How a goroutine waits for several channels is told in sync/chan.h.
//
// A case that can be taken now is looked for without any lock first, and taken under its own
// channel's alone: that the others could be, too, does not matter. That none can be taken must be
// so at one instant: it is found out with all the channels locked, in the order of their addresses,
// so that two selects do not wait for each other. Then the goroutine either gives up, or gets into
// all the queues before the first of the locks is dropped.
//
// Which of those that could be taken is a matter of chance: the n-th that is seen takes the place
// of those before it with a probability of 1 to n.
#include <rt0/select.h>

#include <algorithm>
#include <utility>

#include "base/fatal.h"
#include "base/if_linked.h"
#include "sched/sched.h"
#include "sync/chan.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

using runtime::g;
using runtime::wait_reason;

// Less than limit, from the current goroutine's own numbers.
uint32_t random(uint32_t limit) {
    if (auto* const draw = runtime::if_linked(runtime::draw);
        draw != nullptr && runtime::is_drawn(getp())) [[unlikely]] {
        return draw(limit);
    }
    g* const gp = getg();
    uint32_t x = gp->random;
    if (x == 0) {
        x = static_cast<uint32_t>(((reinterpret_cast<uintptr_t>(gp) >> 8) + gp->goid) *
                                  2654435769U) |
            1;
    }
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    gp->random = x;
    return static_cast<uint32_t>(uint64_t{x} * limit >> 32);
}

// As it is seen: for sure where the channel is locked, but for waiters that somebody else has
// taken.
bool can_be_taken(const waiter& one) {
    const channel* const of = one.of;
    if (of == nullptr) {
        return false;
    }
    if (one.sends) {
        return of->used() < of->capacity || !of->receivers.empty() || of->is_closed();
    }
    return of->used() != 0 || !of->senders.empty() || of->is_closed();
}

// One of those that can be taken, or count.
[[gnu::noinline]] size_t look(const waiter* cases, size_t count, bool in_order) {
    size_t found = count;
    uint32_t seen = 0;
    for (size_t i = 0; i < count; ++i) {
        if (can_be_taken(cases[i])) {
            ++seen;
            if (seen == 1 || random(seen) == 0) {
                found = i;
            }
            if (in_order) {
                break;
            }
        }
    }
    return found;
}

// The same, not in order, for which of several takes a second look. Calls nothing else, so nothing
// is saved for it.
[[gnu::always_inline]] inline size_t look_for_one(const waiter* cases, size_t count) {
    size_t found = count;
    for (size_t i = 0; i < count; ++i) {
        if (can_be_taken(cases[i])) {
            if (found != count) {
                return look(cases, count, false);
            }
            found = i;
        }
    }
    return found;
}

// What select_one has in its hand while it knows all channels.
struct all_cases {
    waiter* cases;
    uint16_t* order; // by the channels' addresses, null ones first
    size_t count;

    [[nodiscard]] channel* of(size_t place) const { return cases[order[place]].of; }
    // Is it the first in order of its channel, of which there is one?
    [[nodiscard]] bool begins(size_t place) const {
        return of(place) != nullptr && (place == 0 || of(place) != of(place - 1));
    }
    void sort() const {
        for (size_t i = 0; i < count; ++i) {
            order[i] = static_cast<uint16_t>(i);
        }
        const auto before = [this](uint16_t a, uint16_t b) { return cases[a].of < cases[b].of; };
        // Neither needs much stack.
        if (count <= 16) {
            for (size_t i = 1; i < count; ++i) {
                const uint16_t moved = order[i];
                size_t to = i;
                for (; to > 0 && before(moved, order[to - 1]); --to) {
                    order[to] = order[to - 1];
                }
                order[to] = moved;
            }
        } else {
            std::make_heap(order, order + count, before);
            std::sort_heap(order, order + count, before);
        }
    }
    // Those of the same channel, by chance.
    void shuffle() const {
        size_t first = 0;
        for (size_t i = 1; i < count; ++i) {
            if (of(i) != of(i - 1)) {
                first = i;
            } else {
                std::swap(order[i], order[first + random(static_cast<uint32_t>(i - first + 1))]);
            }
        }
    }
    void lock() const {
        for (size_t i = 0; i < count; ++i) {
            if (begins(i)) {
                of(i)->lock.lock_word();
            }
        }
    }
    // But one, which may be null. Nothing of this is looked at once the last is dropped: the
    // goroutine may be running again, and its frame may be gone.
    void unlock(const channel* kept) const {
        channel* last = nullptr;
        for (size_t i = 0; i < count; ++i) {
            if (begins(i) && of(i) != kept) {
                if (last != nullptr) {
                    last->lock.unlock_word();
                }
                last = of(i);
            }
        }
        if (last != nullptr) {
            last->lock.unlock_word();
        }
    }
};

// On g0, once the goroutine is off its stack.
bool unlock_parked(g* /*gp*/, void* all) {
    static_cast<const all_cases*>(all)->unlock(nullptr);
    runtime::set_claim(0);
    return true;
}

// Waits in all queues. All channels are locked.
selected wait(const all_cases& all, bool in_order) {
    choice choosing;
    choosing.winner.store(nullptr, std::memory_order_relaxed);
    // Of several that wait for the same channel the first in its queue is taken.
    if (!in_order) {
        all.shuffle();
    }
    for (size_t i = 0; i < all.count; ++i) {
        waiter& one = all.cases[in_order ? i : all.order[i]];
        one.next = nullptr;
        one.goroutine = getg();
        one.select = &choosing;
        one.passed = false;
        if (one.of != nullptr) {
            (one.sends ? one.of->senders : one.of->receivers).push(&one);
        }
    }
    runtime::park(unlock_parked, const_cast<all_cases*>(&all), wait_reason::select);
    // Relaxed: who has won made this goroutine ready.
    waiter* const winner = choosing.winner.load(std::memory_order_relaxed);
    for (size_t i = 0; i < all.count; ++i) {
        waiter& one = all.cases[i];
        if (&one == winner || one.of == nullptr) {
            continue;
        }
        one.of->lock.lock();
        if (one.next != nullptr) {
            (one.sends ? one.of->senders : one.of->receivers).remove(&one);
        }
        one.of->lock.unlock();
    }
    if (!winner->passed && winner->sends) {
        send_on_closed();
    }
    return {.index = static_cast<size_t>(winner - all.cases),
            .what = winner->passed ? outcome::passed : outcome::closed};
}

[[noreturn]] void park_for_ever() {
    runtime::park(nullptr, nullptr, wait_reason::select_no_cases);
    __builtin_unreachable();
}

// None or one. As the next one a function, so that a select that finds a case ready does not save
// what these need.
[[gnu::noinline]] selected select_few(waiter* cases, size_t count, bool waits, transfer* by) {
    if (count == 0) {
        if (waits) {
            park_for_ever();
        }
        return {.index = 0, .what = outcome::blocked};
    }
    const outcome what = pass(*cases, waits, by);
    return {.index = what == outcome::blocked ? size_t{1} : size_t{0}, .what = what};
}

// With all the channels locked.
[[gnu::noinline]] selected select_locked(waiter* cases, size_t count, uint16_t* order, bool waits,
                                         bool in_order, transfer* by) {
    const all_cases all{.cases = cases, .order = order, .count = count};
    all.sort();
    for (;;) {
        runtime::biased_lock::stay();
        all.lock();
        const size_t found = look(cases, count, in_order);
        if (found == count) {
            if (waits) {
                return wait(all, in_order);
            }
            all.unlock(nullptr);
            runtime::set_claim(0);
            return {.index = count, .what = outcome::blocked};
        }
        waiter& one = cases[found];
        all.unlock(one.of);
        one.of->lock.keep_word();
        const outcome what = pass_locked(one, by);
        if (what != outcome::blocked) {
            return {.index = found, .what = what};
        }
        // Who seemed to wait there was a select that has been taken elsewhere. It is not in the
        // queue any more.
    }
}

} // namespace

void too_many_cases() {
    runtime::panic("select: too many cases (max 65536)");
}

selected select_one(waiter* cases, size_t count, uint16_t* order, bool waits, bool in_order,
                    transfer* by) {
    if (count <= 1) [[unlikely]] {
        return select_few(cases, count, waits, by);
    }
    if (!in_order) {
        const size_t found = look_for_one(cases, count);
        if (found != count) {
            cases[found].of->lock.lock();
            const outcome what = pass_locked(cases[found], by);
            if (what != outcome::blocked) [[likely]] {
                return {.index = found, .what = what};
            }
        }
    }
    return select_locked(cases, count, order, waits, in_order, by);
}

} // namespace rt0::detail
