// rt0/chan.h. What a channel is and how it works is told in sync/chan.h.
#include "sync/chan.h"

#include <new>

#include "base/fatal.h"
#include "base/if_linked.h"
#include "mem/heap.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace rt0::detail {

[[gnu::cold]] void send_on_closed() {
    runtime::panic("send on closed channel");
}

namespace {

using runtime::g;
using runtime::wait_reason;

// Small sizes are what goes through most channels: those are copied without a call. Was it one?
[[gnu::always_inline]] inline bool copy_small(void* to, const void* from, uint32_t size) {
    if (size == 8) {
        __builtin_memcpy(to, from, 8);
    } else if (size == 4) {
        __builtin_memcpy(to, from, 4);
    } else {
        return false;
    }
    return true;
}

[[gnu::always_inline]] inline void copy(void* to, const void* from, uint32_t size) {
    if (!copy_small(to, from, size)) {
        __builtin_memcpy(to, from, size);
    }
}

// Drops the lock, and makes the goroutine of a waiter go on that has been taken and has its value.
// The waiter is gone then.
[[gnu::always_inline]] inline outcome unlock_and_wake(channel* of, waiter* who) {
    who->passed = true;
    auto* const gp = static_cast<g*>(who->goroutine);
    of->lock.unlock_and_stay();
    static_assert(static_cast<int>(outcome::passed) == 0);
    return static_cast<outcome>(runtime::ready_at_last(gp));
}

// The same where the lock is dropped already, as the last thing that the goroutine does.
void wake_at_last(waiter* who) {
    who->passed = true;
    runtime::biased_lock::stay();
    runtime::ready_at_last(static_cast<g*>(who->goroutine));
}

void wake(waiter* who, bool passed) {
    who->passed = passed;
    runtime::ready(static_cast<g*>(who->goroutine));
}

[[noreturn, gnu::cold, gnu::noinline]] void park_for_ever(wait_reason reason) {
    runtime::park(nullptr, nullptr, reason);
    __builtin_unreachable();
}

// Is there surely nothing to be had without waiting, at some time during the call? A channel that
// is not closed now was not before: so what is seen first was so while it was open.
bool surely_full(const channel* to) {
    // Acquire: before the look at closed.
    const bool full = to->capacity == 0
                          ? to->receivers.last.load(std::memory_order_acquire) == nullptr
                          : to->count.load(std::memory_order_acquire) == to->capacity;
    return full && !to->is_closed();
}

bool surely_empty(const channel* from) {
    const bool empty = from->capacity == 0
                           ? from->senders.last.load(std::memory_order_acquire) == nullptr
                           : from->count.load(std::memory_order_acquire) == 0;
    return empty && !from->is_closed();
}

// Waits in queue, and drops the lock. Has the value been passed?
[[gnu::always_inline]] inline bool wait(channel* of, waiter_queue& queue, void* value, bool sends,
                                        wait_reason reason) {
    waiter self;
    self.goroutine = getg();
    self.of = of;
    self.value = value;
    self.select = nullptr;
    self.sends = sends;
    self.passed = false;
    queue.push(&self);
    runtime::park(of->lock, reason);
    return self.passed;
}

// The ends of a send and of a receive. Each is a function, called last: so the others need no stack
// for what it needs.

[[gnu::noinline]] outcome wait_to_send(channel* to, const void* value) {
    if (!wait(to, to->senders, const_cast<void*>(value), true, wait_reason::chan_send))
        [[unlikely]] {
        send_on_closed();
    }
    return outcome::passed;
}

[[gnu::noinline]] outcome wait_to_receive(channel* from, void* value) {
    return wait(from, from->receivers, value, false, wait_reason::chan_receive) ? outcome::passed
                                                                                : outcome::closed;
}

[[gnu::noinline]] outcome hand_over_large(channel* to, const void* value, waiter* receiver) {
    __builtin_memcpy(receiver->value, value, to->size);
    return unlock_and_wake(to, receiver);
}

[[gnu::noinline]] outcome hand_over_plain(channel* to, const void* value, waiter* receiver) {
    if (!copy_small(receiver->value, value, to->size)) [[unlikely]] {
        return hand_over_large(to, value, receiver);
    }
    return unlock_and_wake(to, receiver);
}

[[gnu::noinline]] outcome take_over_plain(channel* from, void* value, waiter* sender) {
    if (from->capacity == 0) {
        copy(value, sender->value, from->size);
    } else {
        void* const place = from->slot(from->head);
        copy(value, place, from->size);
        copy(place, sender->value, from->size);
        from->rotate();
    }
    return unlock_and_wake(from, sender);
}

// Without a channel, on a closed one, or on a full or empty one.
[[gnu::cold, gnu::noinline]] outcome no_send(channel* to, bool waits) {
    if (to == nullptr) {
        if (waits) {
            park_for_ever(wait_reason::chan_send_nil);
        }
        return outcome::blocked;
    }
    const bool closed = to->is_closed();
    to->lock.unlock();
    if (closed) {
        send_on_closed();
    }
    return outcome::blocked;
}

[[gnu::noinline]] outcome no_receive(channel* from, bool waits) {
    if (from == nullptr) {
        if (waits) {
            park_for_ever(wait_reason::chan_receive_nil);
        }
        return outcome::blocked;
    }
    const bool closed = from->is_closed();
    from->lock.unlock();
    return closed ? outcome::closed : outcome::blocked;
}

// The one that goes through the buffer calls a function in the middle, and would have all others
// save what it needs.
[[gnu::noinline]] outcome put_plain(channel* to, const void* value) {
    copy(to->free_slot(), value, to->size);
    to->added();
    to->lock.unlock();
    return outcome::passed;
}

[[gnu::noinline]] outcome get_plain(channel* from, void* value) {
    copy(value, from->slot(from->head), from->size);
    from->removed();
    from->lock.unlock();
    return outcome::passed;
}

// What the plain ones and the others have in common: the lock is taken already.
template <bool Plain>
[[gnu::always_inline]] inline outcome send_locked(channel* to, const void* value, bool waits,
                                                  transfer* by) {
    if (to->is_closed()) [[unlikely]] {
        return no_send(to, waits);
    }
    if (waiter* const receiver = to->receivers.take()) {
        if constexpr (Plain) {
            return hand_over_plain(to, value, receiver);
        } else {
            to->lock.unlock();
            *by = {.place = receiver->value, .partner = receiver, .buffered = false};
            return outcome::move;
        }
    }
    if (to->used() < to->capacity) {
        if constexpr (Plain) {
            return put_plain(to, value);
        } else {
            *by = {.place = to->free_slot(), .partner = nullptr, .buffered = true};
            return outcome::move;
        }
    }
    return waits ? wait_to_send(to, value) : no_send(to, waits);
}

template <bool Plain>
[[gnu::always_inline]] inline outcome receive_locked(channel* from, void* value, bool waits,
                                                     transfer* by) {
    if (waiter* const sender = from->senders.take()) {
        if constexpr (Plain) {
            return take_over_plain(from, value, sender);
        } else if (from->capacity == 0) {
            from->lock.unlock();
            *by = {.place = sender->value, .partner = sender, .buffered = false};
        } else {
            *by = {.place = from->slot(from->head), .partner = sender, .buffered = true};
        }
        return outcome::move;
    }
    if (from->used() != 0) {
        if constexpr (Plain) {
            return get_plain(from, value);
        } else {
            *by = {.place = from->slot(from->head), .partner = nullptr, .buffered = true};
            return outcome::move;
        }
    }
    return waits && !from->is_closed() ? wait_to_receive(from, value) : no_receive(from, waits);
}

template <bool Plain>
[[gnu::always_inline]] inline outcome send(channel* to, const void* value, bool waits,
                                           transfer* by) {
    if (to == nullptr) [[unlikely]] {
        return no_send(to, waits);
    }
    if (!waits && surely_full(to)) {
        return outcome::blocked;
    }
    to->lock.lock();
    return send_locked<Plain>(to, value, waits, by);
}

template <bool Plain>
[[gnu::always_inline]] inline outcome receive(channel* from, void* value, bool waits,
                                              transfer* by) {
    if (from == nullptr) [[unlikely]] {
        return no_receive(from, waits);
    }
    if (!waits && surely_empty(from)) {
        return outcome::blocked;
    }
    from->lock.lock();
    return receive_locked<Plain>(from, value, waits, by);
}

// Whatever is not the way of a goroutine whose thread owns the channel's lock.
[[gnu::noinline]] outcome send_plain_as_other(channel* to, const void* value) {
    to->lock.lock_as_other();
    return send_locked<true>(to, value, true, nullptr);
}

[[gnu::noinline]] outcome receive_plain_as_other(channel* from, void* value) {
    from->lock.lock_as_other();
    return receive_locked<true>(from, value, true, nullptr);
}

[[gnu::noinline]] outcome send_plain_or_not(channel* to, const void* value, bool waits) {
    return send<true>(to, value, waits, nullptr);
}

[[gnu::noinline]] outcome receive_plain_or_not(channel* from, void* value, bool waits) {
    return receive<true>(from, value, waits, nullptr);
}

} // namespace

// Nothing but calls that come last, so nothing is saved. These two begin a line of memory: where
// else they happen to lie a ring of goroutines takes a tenth more.
[[gnu::aligned(64)]] outcome send_plain(channel* to, const void* value, bool waits) {
    if (to == nullptr || !waits) {
        return send_plain_or_not(to, value, waits);
    }
    if (!to->lock.lock_as_owner()) {
        return send_plain_as_other(to, value);
    }
    return send_locked<true>(to, value, true, nullptr);
}

outcome begin_send(channel* to, void* value, bool waits, transfer* by) {
    return send<false>(to, value, waits, by);
}

void finish_send(channel* to, const transfer& by) {
    if (by.partner != nullptr) {
        wake_at_last(by.partner);
    } else {
        to->added();
        to->lock.unlock_checked();
    }
}

[[gnu::aligned(64)]] outcome receive_plain(channel* from, void* value, bool waits) {
    if (from == nullptr || !waits) {
        return receive_plain_or_not(from, value, waits);
    }
    if (!from->lock.lock_as_owner()) {
        return receive_plain_as_other(from, value);
    }
    return receive_locked<true>(from, value, true, nullptr);
}

outcome begin_receive(channel* from, void* value, bool waits, transfer* by) {
    return receive<false>(from, value, waits, by);
}

void finish_receive(channel* from, const transfer& by) {
    if (by.buffered) {
        if (by.partner != nullptr) {
            from->rotate();
        } else {
            from->removed();
        }
        from->lock.unlock_checked();
    }
    if (by.partner != nullptr) {
        wake_at_last(by.partner);
    }
}

outcome pass_locked(waiter& by_case, transfer* by) {
    if (by_case.sends) {
        return by_case.plain ? send_locked<true>(by_case.of, by_case.value, false, nullptr)
                             : send_locked<false>(by_case.of, by_case.value, false, by);
    }
    return by_case.plain ? receive_locked<true>(by_case.of, by_case.value, false, nullptr)
                         : receive_locked<false>(by_case.of, by_case.value, false, by);
}

outcome pass(waiter& by_case, bool waits, transfer* by) {
    if (by_case.sends) {
        return by_case.plain ? send_plain(by_case.of, by_case.value, waits)
                             : begin_send(by_case.of, by_case.value, waits, by);
    }
    return by_case.plain ? receive_plain(by_case.of, by_case.value, waits)
                         : begin_receive(by_case.of, by_case.value, waits, by);
}

void close_channel(channel* of) {
    if (of == nullptr) {
        runtime::panic("close of nil channel");
    }
    of->lock.lock();
    if (of->is_closed()) {
        of->lock.unlock();
        runtime::panic("close of closed channel");
    }
    of->closed.store(true, std::memory_order_relaxed);
    // All of them, the receivers first, in one list: at most one of the queues has any.
    waiter* first = nullptr;
    waiter** end = &first;
    for (waiter_queue* const queue : {&of->receivers, &of->senders}) {
        while (waiter* const who = queue->take()) {
            *end = who;
            end = &who->next;
        }
    }
    *end = nullptr;
    of->lock.unlock();
    while (first != nullptr) {
        waiter* const who = first;
        first = who->next;
        wake(who, false);
    }
}

channel* make_channel(size_t capacity, size_t size, size_t alignment, void (*destroy)(void*)) {
    alignment = alignment < channel::line ? channel::line : alignment;
    if (capacity > INT32_MAX || size > UINT32_MAX || alignment / channel::line > UINT16_MAX) {
        runtime::panic("makechan: size out of range");
    }
    static_assert(uint64_t{INT32_MAX} * UINT32_MAX < PTRDIFF_MAX - UINT16_MAX * channel::line);
    void* const memory = runtime::mem::allocate(alignment + capacity * size, alignment);
    if (memory == nullptr) {
        runtime::fatal_no_memory("cannot make a channel", runtime::os::ENOMEM_);
    }
    auto* const made = new (memory) channel{};
    made->capacity = static_cast<uint32_t>(capacity);
    made->size = static_cast<uint32_t>(size);
    made->destroy = destroy;
    made->header = static_cast<uint16_t>(alignment / channel::line);
    made->handles.store(1, std::memory_order_relaxed);
    return made;
}

void share_channel(channel* of) noexcept {
    // Relaxed: there is a handle, and this one is made of it.
    of->handles.fetch_add(1, std::memory_order_relaxed);
}

void drop_channel(channel* of) noexcept {
    // Acquire: what was done through the others happens before the end. Release: so does what was
    // done through this one. Alone: nobody else can make another one.
    if (of->handles.load(std::memory_order_acquire) != 1 &&
        of->handles.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
    }
    if (of->timed) {
        runtime::if_linked(forget_sender)(of);
    }
    if (!of->receivers.empty() || !of->senders.empty()) {
        return; // a goroutine that waits on a stack that nobody goes back to
    }
    if (of->destroy != nullptr) {
        for (; of->used() != 0; of->removed()) {
            of->destroy(of->slot(of->head));
        }
    }
    runtime::mem::deallocate(of);
}

size_t channel_size(const channel* of) noexcept {
    return of == nullptr ? 0 : of->used();
}

size_t channel_capacity(const channel* of) noexcept {
    return of == nullptr ? 0 : of->capacity;
}

} // namespace rt0::detail
