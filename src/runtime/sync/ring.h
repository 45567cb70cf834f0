// Who waits, in one word: a queue that one can join at both ends and leave from any place.
#pragma once

#include "base/atomic.h"

namespace rt0::detail {

// A ring, linked both ways through T's next and previous: one pointer reaches both ends. All zeroes
// is an empty one. Under its user's lock.
template <class T>
struct ring {
    // Atomic for who looks without the lock whether it is empty.
    runtime::atomic<T*> last;

    [[nodiscard]] bool empty() const { return last.load(std::memory_order_relaxed) == nullptr; }
    [[nodiscard]] T* first() const {
        T* const newest = last.load(std::memory_order_relaxed);
        return newest == nullptr ? nullptr : newest->next;
    }

    void push(T* who) {
        push_front(who);
        last.store(who, std::memory_order_relaxed);
    }

    void push_front(T* who) {
        T* const newest = last.load(std::memory_order_relaxed);
        if (newest == nullptr) {
            who->next = who;
            who->previous = who;
            last.store(who, std::memory_order_relaxed);
        } else {
            who->next = newest->next;
            who->previous = newest;
            newest->next->previous = who;
            newest->next = who;
        }
    }

    // who is in it.
    void remove(T* who) {
        if (who->next == who) {
            // Release: pairs with the acquire of who looks without the lock. Who sees that nobody
            // waits any more sees what has been done before: that the channel is closed.
            last.store(nullptr, std::memory_order_release);
        } else {
            who->next->previous = who->previous;
            who->previous->next = who->next;
            if (last.load(std::memory_order_relaxed) == who) {
                last.store(who->previous, std::memory_order_relaxed);
            }
        }
        who->next = nullptr;
    }

    // The first, or null.
    T* pop() {
        T* const oldest = first();
        if (oldest != nullptr) {
            remove(oldest);
        }
        return oldest;
    }
};

} // namespace rt0::detail
