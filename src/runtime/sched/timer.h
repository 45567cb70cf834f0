// Timers: what shall happen at a time.
//
// Each p has a heap of them, by their deadlines, and whoever looks for work runs what is due: first
// of his own p, then of the others. There is no thread and no goroutine for it. A timer lies in
// what uses it, often on the stack of a goroutine that waits: so starting one allocates nothing,
// but that a heap grows.
//
// A heap has a lock, and all that a timer says is under the lock of its home: the heap that it is
// in, or was in last. Who wants it locks what home says and looks whether home still says so. A
// timer that is in no heap moves to the p of who starts it; one that is in one stays there.
//
// What is due is taken out of the heap under the lock, by timer::expire, which knows what it is:
// either there is nothing more to do than under the lock, or it is kept by a count of its own until
// fire, without the lock, has done the rest. So where stop finds a timer in no heap, and it is one
// that lies on a stack, nobody has it in his hand any more.
//
// Who sleeps while all p's with timers are idle, and who wakes him when a timer comes that is due
// earlier, is told in sched/threads.cpp.
#pragma once

#include <cstdint>

#include "base/atomic.h"
#include "base/biased_lock.h"
#include "sched/clock.h"

namespace runtime {

struct expired;
class timer_heap;

struct timer {
    // Under the lock of its heap: takes it out, or sets its next deadline, and adds to what there
    // is to do. now is the time.
    void (*expire)(timer* self, timer_heap& from, int64_t now, expired& to);
    // What expire has asked for: on g0, either under the lock still, when all that is due has been
    // taken out, or without locks.
    void (*fire)(timer* self, int64_t now, expired& to);
    timer* next; // to be fired
    // The heap whose lock this is under; null before it is first started.
    atomic<timer_heap*> home;
    uint32_t place; // in the heap; 0 where it is in none
};

// All zeroes is an empty one. Under its lock, where nothing else is said.
class timer_heap {
public:
    biased_lock lock;
    clock_memory clock{}; // the p's; not under the lock
    // The first deadline, or 0 where there is none. Anybody reads it.
    atomic<int64_t> next;

    [[nodiscard]] bool has_room() const { return end_ < room_; }
    // So much is there room for. Not under the lock: there may be more by then.
    void make_room(uint32_t had);
    [[nodiscard]] uint32_t room() const { return room_; }

    // t, which is in none. There is room.
    void push(timer* t, int64_t when) { push({when, reinterpret_cast<uintptr_t>(t)}); }
    // The same for one that nobody moves or removes but as the first: its place is not kept. Most
    // timers are such, and their memory, at the ends of a million stacks, is touched once less for
    // each level that they go up.
    void push_to_stay(timer* t, int64_t when) {
        push({when, reinterpret_cast<uintptr_t>(t) | stays});
    }
    void remove_first();
    // t, which is in this one, by its place.
    void move(timer* t, int64_t when);
    // The same where it is no sooner and none below: most timers that are moved were moved before,
    // and are at the bottom. Whether it was so.
    bool postpone(timer* t, int64_t when) {
        node& own = nodes_[t->place];
        if (when < own.when || first_child(t->place) < end_) {
            return false;
        }
        own.when = when;
        if (t->place == root) {
            next.store(when, std::memory_order_relaxed); // as set_next
        }
        return true;
    }
    void remove(timer* t);
    [[nodiscard]] int64_t deadline(const timer* t) const { return nodes_[t->place].when; }

    // Has the processor fetch what is due by then, and the line before each: that is the channel of
    // one that sends, and the end of a sleeper's stack.
    void fetch(int64_t now) const;
    [[nodiscard]] timer* first() const { return nodes_[root].timer_of(); }
    // The first deadline of those that are awaited, or 0.
    [[nodiscard]] int64_t earliest_awaited(bool (*awaited)(timer* t)) const {
        return earliest_awaited(awaited, root);
    }
    [[nodiscard]] bool is_due(int64_t now) const {
        const int64_t when = next.load(std::memory_order_relaxed);
        return when != 0 && when <= now;
    }

private:
    static constexpr uintptr_t stays = 1; // of node::of

    struct node {
        int64_t when;
        uintptr_t of; // the timer's address, and stays where its place is not kept

        [[nodiscard]] timer* timer_of() const { return reinterpret_cast<timer*>(of & ~stays); }
    };
    // Four children each, which are one line of memory: the root is at 3, its children from 4 on.
    static constexpr uint32_t root = 3;
    static constexpr uint32_t children = 4;
    static uint32_t parent(uint32_t at) { return at / children + 2; }
    static uint32_t first_child(uint32_t at) { return (at - 2) * children; }

    int64_t earliest_awaited(bool (*awaited)(timer* t), uint32_t from) const;
    void put(uint32_t at, node what) {
        nodes_[at] = what;
        if ((what.of & stays) == 0) {
            what.timer_of()->place = at;
        }
    }
    void push(node what);
    void up(uint32_t at, node what);
    void down(uint32_t at, node what);
    void set_next() {
        // Relaxed: who has to see it makes a fence (threads.cpp), or has a lock.
        next.store(end_ > root ? nodes_[root].when : 0, std::memory_order_relaxed);
    }

    node* nodes_ = nullptr;
    uint32_t end_ = 0;  // one past the last; at least root where there is room
    uint32_t room_ = 0; // where there could be one
};

// Whether anything will be different when t has been due, all goroutines being parked: one that has
// sent what nobody receives sends no more. Null in a program without such timers (sync/timer.cpp).
[[gnu::weak]] bool is_awaited(timer* t);

// Starts t, or sets the time of one that is started: whether it was. when: the monotonic clock's
// nanoseconds, from 1 on. Not on g0.
bool set_timer(timer* t, int64_t when);
// Whether it was in a heap.
bool stop_timer(timer* t);
// The same in steps, for who has more to do under the lock: t->place says whether it is in a heap.
//
// The heap that t is at home in, locked.
timer_heap& lock_home(timer* t);
// The heap that t is in, or that it can be started in, locked.
timer_heap& lock_to_set(timer* t);
// Whether it was started.
bool set_and_unlock(timer_heap& home, timer* t, int64_t when);
bool stop_and_unlock(timer_heap& home, timer* t);
// For timer::expire: t->fire shall be called, under the lock or without it.
void fire_inside(expired& what, timer* t);
void fire_outside(expired& what, timer* t);
// For both: the goroutine, which is parked, shall go on. One for a timer at most.
void add_ready(expired& to, g* gp);

// So many nanoseconds from now, or as late as there is a number for.
int64_t time_after(int64_t nanoseconds);
inline int64_t sum(int64_t now, int64_t nanoseconds) {
    return nanoseconds <= INT64_MAX - now ? now + nanoseconds : INT64_MAX;
}

// Parks the current goroutine until then; for that long at least, which is positive.
void sleep_until(int64_t when);
void sleep_for(int64_t nanoseconds);

} // namespace runtime
