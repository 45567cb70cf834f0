// Contexts: a tree in which each node knows its parent, and one that can be cancelled knows who
// listens: those made from it, and calls. A node that cannot be cancelled itself, because it only
// has a value, is passed over: who is made from it listens to the nearest above that can.
//
// To cancel a node is one pass over the tree below it, with the locks of the way down held: so
// nobody gets into the list of one that has told its listeners already, and when it returns all
// below are cancelled. Locks are taken downwards only. Who leaves a list takes the lock of the node
// above alone; so a node is not gone while the one above is telling it.
//
// A listener is in the list until it is told or leaves. A child owns its parent. When its last
// handle goes it leaves, unless the node above has done with it before; but where somebody still
// waits for it, by a call or by its done channel, it stays in the list as a left one: the list owns
// it then, and it does not own its parent any more. So a parent whose last handle goes has only
// calls and left ones in its list. It is left itself, or nothing can cancel them any more, and they
// go with it.
//
// The timer of a deadline owns its node, so to stop it may be the node's end, which takes the lock
// of the node above: the pass only collects whose timers are to be stopped.
#include <rt0/context.h>

#include <utility>

#include "base/atomic.h"
#include "base/fatal.h"
#include "sched/timer.h"
#include "sync/chan.h"

namespace rt0::detail {

namespace {

bool cut_off(context_node* source, context_listener* listener);

struct cancellable_node : context_node {
    mutex lock;
    // Written under lock; err is read without it too: the rest is written before.
    runtime::atomic<int> err{0};
    error cause;
    chan<done_token> done; // null until somebody wants it
    context_listener* first = nullptr;
    std::int64_t deadline = no_deadline;
    call_timer timer; // of the deadline
    // It is in no list, and nobody comes to it from the node above any more.
    runtime::atomic<bool> apart{false};
    // In a list of those whose timers are to be stopped, which owns it.
    context_node* next_timed = nullptr;
    // The list that it is in owns it. Under the lock of the node above.
    bool left = false;

    explicit cancellable_node(context_node* above)
        : context_node(above, this,
                       [](context_node* self) { end(static_cast<cancellable_node*>(self)); }) {
        cancelled = [](context_listener* self, error why, error of, context_node** timed) {
            auto* const told = static_cast<cancellable_node*>(static_cast<context_node*>(self));
            told->cancel(why, of, timed);
            if (told->left) {
                delete told;
                return;
            }
            // Release: pairs with end's acquire. It may be gone from here on.
            told->apart.store(true, std::memory_order_release);
        };
    }

    static cancellable_node* of(context_node* node) { return static_cast<cancellable_node*>(node); }
    static const cancellable_node* of(const context_node* node) {
        return static_cast<const cancellable_node*>(node);
    }

    // Whether it was not before. Tells all who listen, and adds to the list those with a timer.
    bool cancel(error why, error with, context_node** timed) {
        lock.lock();
        const bool now = err.load(std::memory_order_relaxed) == 0;
        if (now) {
            cause = with ? with : why;
            // Release: pairs with context_error's acquire, for the cause.
            err.store(why.code(), std::memory_order_release);
            if (done) {
                done.close();
            }
            while (context_listener* const one = first) {
                unlink(one);
                one->cancelled(one, why, cause, timed);
            }
            if (timer) {
                // The call has not been yet, so it owns the node: there is something to share.
                share_context(this);
                next_timed = std::exchange(*timed, this);
            }
        }
        lock.unlock();
        return now;
    }

    // Under lock.
    void link(context_listener* one) {
        one->next = first;
        one->previous = nullptr;
        if (first != nullptr) {
            first->previous = one;
        }
        first = one;
    }
    void unlink(context_listener* one) {
        if (one->next != nullptr) {
            one->next->previous = one->previous;
        }
        if (one->previous != nullptr) {
            one->previous->next = one->next;
        } else {
            first = one->next;
        }
        one->next = nullptr;
        one->previous = nullptr;
    }
    [[nodiscard]] bool has(const context_listener* one) const {
        return first == one || one->previous != nullptr;
    }

    // Under the lock of the node above: so nobody tells it meanwhile.
    [[nodiscard]] bool is_waited_for() const {
        return first != nullptr ||
               (done && done.internal()->handles.load(std::memory_order_relaxed) != 1);
    }

    // The node above whose list it may be in, or null.
    [[nodiscard]] cancellable_node* above() const {
        return parent != nullptr && parent->source != nullptr ? of(parent->source) : nullptr;
    }

    // That list, where it is in one.
    static void leave(cancellable_node* self) {
        if (cancellable_node* const from = self->above()) {
            (void)cut_off(from, self);
        }
        self->apart.store(true, std::memory_order_relaxed); // a handle's
    }

    // When the last handle is gone: leaves that list, or is left to it. Whether it is.
    static bool leave_or_stay(cancellable_node* self) {
        cancellable_node* const from = self->above();
        if (from == nullptr) {
            return false;
        }
        from->lock.lock();
        const bool was = from->has(self);
        const bool stays = was && self->is_waited_for();
        self->left = stays;
        if (was && !stays) {
            from->unlink(self);
        }
        from->lock.unlock(); // who stays may be gone from here on
        return stays;
    }

    // The last handle is gone.
    static void end(cancellable_node* self) {
        // Acquire: pairs with the release of who has told it.
        if (!self->apart.load(std::memory_order_acquire) && leave_or_stay(self)) {
            return;
        }
        // Nothing can tell those below any more. Not by recursion, as drop_context.
        while (context_listener* const one = self->first) {
            self->unlink(one);
            if (one->cancelled != self->cancelled) {
                drop_context_call(static_cast<context_call*>(one));
                continue;
            }
            cancellable_node* const below = of(static_cast<context_node*>(one));
            while (context_listener* const another = below->first) {
                below->unlink(another);
                self->link(another);
            }
            delete below;
        }
        delete self;
    }
};

// Whether it is too late: then nothing has happened.
bool listen(context_node* source, context_listener* listener) {
    cancellable_node* const to = cancellable_node::of(source);
    to->lock.lock();
    const bool too_late = to->err.load(std::memory_order_relaxed) != 0;
    if (!too_late) {
        to->link(listener);
    }
    to->lock.unlock();
    return too_late;
}

// Whether it was in the list.
bool cut_off(context_node* source, context_listener* listener) {
    cancellable_node* const from = cancellable_node::of(source);
    from->lock.lock();
    const bool was = from->has(listener);
    if (was) {
        from->unlink(listener);
    }
    from->lock.unlock();
    return was;
}

// Without a lock. Whether it was not before.
bool cancel(cancellable_node* node, error why, error cause) {
    context_node* timed = nullptr;
    const bool now = node->cancel(why, cause, &timed);
    while (timed != nullptr) {
        cancellable_node* const one = cancellable_node::of(timed);
        timed = one->next_timed;
        (void)std::exchange(one->timer, call_timer()).stop();
        drop_context(one);
    }
    return now;
}

} // namespace

void share_context(context_node* node) noexcept {
    if (node != nullptr) {
        node->owners.fetch_add(1, std::memory_order_relaxed); // there is one
    }
}

void drop_context(context_node* node, std::uint32_t handles) noexcept {
    // A chain of which each owns the next, not by recursion.
    for (; node != nullptr; handles = 1) {
        // Release: what was done through this handle happens before the end. Acquire: so did what
        // was done through the others. Alone: nobody else can make another one.
        if (node->owners.load(std::memory_order_acquire) != handles &&
            node->owners.fetch_sub(handles, std::memory_order_acq_rel) != handles) {
            return;
        }
        context_node* const parent = node->parent;
        node->destroy(node);
        node = parent;
    }
}

context_node* new_cancellable(context_node* parent, std::int64_t deadline, error cause,
                              std::uint32_t handles) {
    share_context(parent);
    auto* const made = new cancellable_node(parent);
    made->owners.store(handles, std::memory_order_relaxed);
    const std::int64_t above = context_deadline(parent);
    made->deadline = deadline < above ? deadline : above;
    context_node* const source = parent != nullptr ? parent->source : nullptr;
    if (source != nullptr && listen(source, made)) {
        error why_above;
        const error why = context_error(source, &why_above);
        (void)cancel(made, why, why_above);
        return made;
    }
    if (deadline >= above) {
        return made; // the one above sees to it
    }
    const std::int64_t now = runtime::nanotime();
    if (deadline <= now) {
        cancel_context(made, error::timed_out, cause);
        return made;
    }
    // The timer owns the node until the call has been or cannot be any more.
    share_context(made);
    call_timer timer =
        after_func(std::chrono::nanoseconds(deadline - now), [of = context(made), cause] {
            cancel_context(of.internal(), error::timed_out, cause);
        });
    made->lock.lock();
    const bool pending = made->err.load(std::memory_order_relaxed) == 0;
    if (pending) {
        made->timer = timer;
    }
    made->lock.unlock();
    if (!pending) {
        (void)timer.stop();
    }
    return made;
}

void cancel_context(context_node* node, error why, error cause) {
    cancellable_node* const one = cancellable_node::of(node);
    if (cancel(one, why, cause)) {
        cancellable_node::leave(one);
    }
}

error context_error(const context_node* node, error* cause) {
    if (node == nullptr || node->source == nullptr) {
        return {};
    }
    const cancellable_node* const source = cancellable_node::of(node->source);
    // Acquire: pairs with cancel's release.
    const error err(source->err.load(std::memory_order_acquire));
    if (cause != nullptr && err) {
        *cause = source->cause;
    }
    return err;
}

std::int64_t context_deadline(const context_node* node) {
    return node == nullptr || node->source == nullptr
               ? no_deadline
               : cancellable_node::of(node->source)->deadline;
}

recv_only<done_token> context_done(context_node* node) {
    if (node == nullptr || node->source == nullptr) {
        return {};
    }
    cancellable_node* const source = cancellable_node::of(node->source);
    source->lock.lock();
    if (!source->done) {
        source->done = chan<done_token>(0);
        if (source->err.load(std::memory_order_relaxed) != 0) {
            source->done.close();
        }
    }
    recv_only<done_token> found = source->done;
    source->lock.unlock();
    return found;
}

void start_context_call(context_node* when, context_call* call) {
    call->cancelled = [](context_listener* self, error /*why*/, error /*cause*/,
                         context_node** /*timed*/) {
        // What the list owned of it belongs to the goroutine.
        rt0::go([call = static_cast<context_call*>(self)] {
            call->run(call);
            drop_context_call(call);
        });
    };
    if (when == nullptr || when->source == nullptr) {
        call->never.store(true, std::memory_order_relaxed);
        return;
    }
    call->owners.fetch_add(1, std::memory_order_relaxed);
    if (listen(when->source, call)) {
        call->cancelled(call, {}, {}, nullptr);
    }
}

bool stop_context_call(context_node* when, context_call* call) {
    if (when == nullptr || when->source == nullptr) {
        return call->never.exchange(false, std::memory_order_relaxed);
    }
    const bool was = cut_off(when->source, call);
    if (was) {
        drop_context_call(call);
    }
    return was;
}

void drop_context_call(context_call* call) {
    if (call->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        call->destroy(call);
    }
}

} // namespace rt0::detail
