// What a channel is: for chan.cpp, and for select.cpp, which waits for several.
//
// A channel has a buffer, and two queues of waiting goroutines, of which at most one is not empty:
// receivers wait where there is nothing to receive, senders where the buffer is full. Both queues
// are first come, first served.
//
// Who comes and finds somebody on the other side takes him out of his queue, and nobody else can do
// that any more: so the value goes from one goroutine's stack to the other's after the lock is
// dropped, and then the other is made ready. Only what goes through the buffer is moved under the
// lock.
//
// Who finds nobody puts a waiter, which lies on his stack, into the queue, and parks. The lock is
// dropped when the goroutine is off its stack, so whoever finds the waiter may make it ready.
//
// A select has a waiter in several queues. Who takes one of them out has only won it if he is the
// first: choice::winner, from null, decides (compare and swap). The others' waiters stay where they
// are until the goroutine that has selected takes them out, under each channel's lock; so it does
// not leave its frame while anybody could look at them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <rt0/chan.h>

#include "base/atomic.h"
#include "base/biased_lock.h"
#include "sched/sched.h"
#include "sync/ring.h"

namespace rt0::detail {

// What a select's waiters have in common.
struct choice {
    runtime::atomic<waiter*> winner; // null until one of its cases has been taken

    bool won_by(waiter* who) {
        waiter* none = nullptr;
        // Acquire and release: as if the goroutine had been taken out of a queue of its own.
        return winner.compare_exchange_strong(none, who, std::memory_order_acq_rel,
                                              std::memory_order_relaxed);
    }
};

// First come, first served; from any place in it one can go.
struct waiter_queue : ring<waiter> {
    // The first whom nobody else has taken, or null.
    waiter* take() {
        while (waiter* const newest = last.load(std::memory_order_relaxed)) {
            waiter* const oldest = newest->next;
            remove(oldest);
            if (oldest->select == nullptr || oldest->select->won_by(oldest)) {
                return oldest;
            }
        }
        return nullptr;
    }
};

// A line of memory, and the buffer behind it. Fields without a note are under the lock.
struct alignas(64) channel {
    runtime::biased_lock lock;
    waiter_queue receivers;
    waiter_queue senders;
    runtime::atomic<uint32_t> count; // values in the buffer. Read without the lock too
    uint32_t head;                   // the place of the oldest
    uint32_t capacity;               // for good
    uint32_t size;                   // of a value, for good
    void (*destroy)(void* value);    // for good; null where that is nothing
    runtime::atomic<uint32_t> handles;
    runtime::atomic<bool> closed; // read without the lock too
    bool timed;                   // a timer lies behind it (sync/timer.cpp); for good
    uint16_t header;              // so many lines are before the buffer, for good

    static constexpr size_t line = 64;

    [[nodiscard]] uint32_t used() const { return count.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_closed() const { return closed.load(std::memory_order_relaxed); }
    [[nodiscard]] void* slot(uint32_t place) {
        return reinterpret_cast<std::byte*>(this) + header * line + size_t{place} * size;
    }

    // A place at the end of the buffer, which is not full; it counts from added on.
    [[nodiscard]] void* free_slot() {
        const uint32_t place = head + used();
        return slot(place < capacity ? place : place - capacity);
    }
    void added() { count.store(used() + 1, std::memory_order_relaxed); }
    // The oldest value has left the buffer; or another one has taken its place, behind all others.
    void removed() {
        rotate();
        // Release: as waiter_queue::remove's.
        count.store(used() - 1, std::memory_order_release);
    }
    void rotate() { head = head + 1 == capacity ? 0 : head + 1; }
};
static_assert(sizeof(channel) == 64);

// What a case wants to do, as a send or a receive of its own does it. pass_locked: the channel is
// locked, and is not afterwards, but where the outcome is a move through the buffer. It never
// waits.
outcome pass(waiter& by_case, bool waits, transfer* by);
outcome pass_locked(waiter& by_case, transfer* by);
[[noreturn]] void send_on_closed();

// Stops the timer of a channel that nobody has a handle of. Null in a program without timers.
[[gnu::weak]] void forget_sender(channel* of);

} // namespace rt0::detail
