#include "sched/timer.h"

#include "base/fatal.h"
#include "base/if_linked.h"
#include "os/os.h"
#include "sched/runq.h"
#include "sched/sched.h"

RT0_SAYS_WHY;

namespace runtime {

namespace {

constexpr uint32_t first_room = 256; // a page

// At most so many expire under one locking.
constexpr uint32_t batch = 128;

// What is due together lies all over the memory, and each of its lines would be waited for. So it
// is fetched before it is wanted: so many timers before the first of them expires, and each
// goroutine so many before it is made ready.
constexpr uint32_t timers_ahead = 48;
constexpr uint32_t goroutines_ahead = 8;

struct timer_list {
    timer* first = nullptr;
    timer** end = &first;

    void push(timer* t) {
        t->next = nullptr;
        *end = t;
        end = &t->next;
    }
    // fire may end a timer.
    void fire(int64_t now, expired& to) {
        while (timer* const t = first) {
            first = t->next;
            t->fire(t, now, to);
        }
    }
};

} // namespace

// What has expired under one locking of a heap, and what there is to do for it.
struct expired {
    timer_list inside;  // to be fired under the lock
    timer_list outside; // once it is dropped
    uint32_t count = 0;
    g* ready[batch]; // so many parked goroutines
};

namespace {

// Parking and coming back takes so many nanoseconds, about.
constexpr int64_t switch_time = 100;

// Waits on the spot, where nobody else has a use for the p. Whether it did.
bool wait_here(int64_t nanoseconds) {
    const no_preempt here;
    p* const pp = getp();
    return is_alone(pp) && time_if_held() == 0 && wait_for(pp->timers.clock, nanoseconds);
}

struct sleeper : timer {
    g* goroutine;
};

void expire_sleeper(timer* self, timer_heap& from, int64_t /*now*/, expired& to) {
    from.remove_first();
    add_ready(to, static_cast<sleeper*>(self)->goroutine);
}

// On a goroutine.
void tell_keeper(int64_t when) {
    auto* const needed = if_linked(need_keeper);
    if (needed != nullptr && needed(when)) {
        systemstack(wakep);
    }
}

// Makes what has expired go on; the others are told of all of it at once. On g0, with a p.
void settle(expired& what, int64_t now) {
    for (uint32_t i = 0; i < what.count; ++i) {
        if (i + goroutines_ahead < what.count) {
            __builtin_prefetch(&what.ready[i + goroutines_ahead]->sp, 1);
        }
        g* const gp = what.ready[i];
        // What gogo looks at, and the end of the stack.
        __builtin_prefetch(gp->segment);
        __builtin_prefetch(reinterpret_cast<void*>(gp->sp));
        __builtin_prefetch(reinterpret_cast<void*>(gp->sp + cache_line));
        ready_in_turn(gp);
    }
    what.outside.fire(now, what);
    p* const pp = getp();
    if (runqlen(pp) != 0) {
        tell_others(pp);
    }
}

// How many there were.
uint32_t run(timer_heap& heap, int64_t now) {
    uint32_t count = 0;
    while (heap.is_due(now)) {
        expired due;
        heap.lock.lock();
        heap.fetch(now);
        for (uint32_t i = 0; i < batch && heap.is_due(now); ++i) {
            timer* const t = heap.first();
            t->expire(t, heap, now, due);
            ++count;
        }
        // Now, and not each when it expires: the first locked instruction waits until all that the
        // heap has stored, in as many timers as it is deep for each one, is done.
        due.inside.fire(now, due);
        heap.lock.unlock();
        settle(due, now);
    }
    return count;
}

// park's, of one that sleeps while its p goes on with others.
bool unlock_and_tell(g* /*gp*/, void* heap) {
    auto* const in = static_cast<timer_heap*>(heap);
    const int64_t when = in->next.load(std::memory_order_relaxed);
    in->lock.unlock();
    auto* const needed = if_linked(need_keeper);
    if (needed != nullptr && when != 0 && needed(when)) {
        wakep();
    }
    return true;
}

} // namespace

void timer_heap::up(uint32_t at, node what) {
    while (at != root && what.when < nodes_[parent(at)].when) {
        put(at, nodes_[parent(at)]);
        at = parent(at);
    }
    put(at, what);
}

void timer_heap::down(uint32_t at, node what) {
    for (;;) {
        const uint32_t begin = first_child(at);
        if (begin >= end_) {
            break;
        }
        // One of these lines is the next to be looked at.
        for (uint32_t i = begin; i < begin + children; ++i) {
            __builtin_prefetch(&nodes_[first_child(i)]);
        }
        uint32_t least = begin;
        for (uint32_t i = begin + 1; i < begin + children && i < end_; ++i) {
            if (nodes_[i].when < nodes_[least].when) {
                least = i;
            }
        }
        if (what.when <= nodes_[least].when) {
            break;
        }
        put(at, nodes_[least]);
        at = least;
    }
    put(at, what);
}

void timer_heap::fetch(int64_t now) const {
    uint32_t due[timers_ahead];
    uint32_t end = 0;
    const auto add = [this, now, &due, &end](uint32_t at) {
        if (at < end_ && nodes_[at].when <= now && end < timers_ahead) {
            due[end++] = at;
            const auto t = reinterpret_cast<uintptr_t>(nodes_[at].timer_of());
            __builtin_prefetch(reinterpret_cast<void*>(t), 1);
            __builtin_prefetch(reinterpret_cast<void*>(t - cache_line), 1);
        }
    };
    add(root);
    for (uint32_t i = 0; i < end; ++i) {
        for (uint32_t child = 0; child < children; ++child) {
            add(first_child(due[i]) + child);
        }
    }
}

void timer_heap::push(node what) {
    up(end_++, what);
    set_next();
}

void timer_heap::remove_first() {
    const node last = nodes_[--end_];
    if (end_ != root) {
        down(root, last);
    }
    set_next();
    // One of these is the next but one.
    for (uint32_t i = first_child(root); i < first_child(root) + children && i < end_; ++i) {
        __builtin_prefetch(nodes_[i].timer_of());
    }
}

void timer_heap::move(timer* t, int64_t when) {
    const uint32_t at = t->place;
    const node what{when, reinterpret_cast<uintptr_t>(t)};
    if (when < nodes_[at].when) {
        up(at, what);
    } else {
        down(at, what);
    }
    set_next();
}

void timer_heap::remove(timer* t) {
    const uint32_t at = t->place;
    const node last = nodes_[--end_];
    t->place = 0;
    if (at != end_) {
        if (at != root && last.when < nodes_[parent(at)].when) {
            up(at, last);
        } else {
            down(at, last);
        }
    }
    set_next();
}

void timer_heap::make_room(uint32_t had) {
    const uint32_t wanted = had == 0 ? first_room : had * 2;
    int error = 0;
    auto* unused = static_cast<node*>(os::map(wanted * sizeof(node), &error));
    if (unused == nullptr) {
        fatal_no_memory("cannot map room for timers", error);
    }
    uint32_t size = wanted;
    lock.lock();
    if (room_ == had) {
        // Another one's, meanwhile, would be as good.
        node* const larger = unused;
        for (uint32_t i = root; i < end_; ++i) {
            larger[i] = nodes_[i];
        }
        unused = nodes_;
        nodes_ = larger;
        size = had;
        room_ = wanted;
        end_ = end_ < root ? root : end_;
    }
    lock.unlock();
    if (size != 0) {
        error = os::unmap(unused, size * sizeof(node));
        if (error != 0) {
            fatal_errno("cannot give memory back (munmap)", error,
                        "allow it in the seccomp filter");
        }
    }
}

void fire_inside(expired& what, timer* t) {
    what.inside.push(t);
}

void fire_outside(expired& what, timer* t) {
    what.outside.push(t);
}

void add_ready(expired& to, g* gp) {
    to.ready[to.count++] = gp;
}

timer_heap& lock_home(timer* t) {
    for (;;) {
        // Acquire: pairs with the release of who moves it. What is in the heap its lock orders.
        timer_heap* home = t->home.load(std::memory_order_acquire);
        if (home == nullptr) {
            home = &getp()->timers; // nobody else knows it yet
            t->home.store(home, std::memory_order_relaxed);
        }
        home->lock.lock();
        if (t->home.load(std::memory_order_relaxed) == home) [[likely]] {
            return *home;
        }
        home->lock.unlock();
    }
}

timer_heap& lock_to_set(timer* t) {
    for (;;) {
        timer_heap& home = lock_home(t);
        if (t->place != 0) {
            return home;
        }
        timer_heap* const own = &getp()->timers; // the lock keeps the goroutine here
        if (&home != own) {
            // Release: pairs with lock_home's acquire.
            t->home.store(own, std::memory_order_release);
            home.lock.unlock();
            continue;
        }
        if (!home.has_room()) [[unlikely]] {
            const uint32_t had = home.room();
            home.lock.unlock();
            home.make_room(had);
            continue;
        }
        return home;
    }
}

bool set_and_unlock(timer_heap& home, timer* t, int64_t when) {
    const bool was = t->place != 0;
    const int64_t before = home.next.load(std::memory_order_relaxed);
    if (was) {
        home.move(t, when);
    } else {
        home.push(t, when);
    }
    home.lock.unlock();
    if (before == 0 || when < before) {
        tell_keeper(when);
    }
    return was;
}

bool stop_and_unlock(timer_heap& home, timer* t) {
    const bool was = t->place != 0;
    if (was) {
        home.remove(t);
    }
    home.lock.unlock();
    return was;
}

bool set_timer(timer* t, int64_t when) {
    return set_and_unlock(lock_to_set(t), t, when);
}

bool stop_timer(timer* t) {
    if (t->home.load(std::memory_order_acquire) == nullptr) {
        return false;
    }
    return stop_and_unlock(lock_home(t), t);
}

int64_t time_after(int64_t nanoseconds) {
    const no_preempt here;
    return sum(about_now(getp()->timers.clock).latest, nanoseconds);
}

void sleep_for(int64_t nanoseconds) {
    if (nanoseconds > switch_time || !wait_here(nanoseconds)) {
        sleep_until(time_after(nanoseconds));
    }
}

void sleep_until(int64_t when) {
    sleeper self;
    self.expire = expire_sleeper;
    self.goroutine = getg();
    for (;;) {
        biased_lock::stay();
        p* const pp = getp();
        timer_heap& heap = pp->timers;
        heap.lock.lock();
        if (!heap.has_room()) [[unlikely]] {
            const uint32_t had = heap.room();
            heap.lock.unlock();
            heap.make_room(had);
            continue;
        }
        self.home.store(&heap, std::memory_order_relaxed);
        heap.push_to_stay(&self, when);
        if (heap.first() == &self && !runqempty(pp)) {
            park(unlock_and_tell, &heap, wait_reason::sleep);
        } else {
            // Who has nothing else to do sleeps until then himself.
            park(heap.lock, wait_reason::sleep);
        }
        return;
    }
}

bool run_timers(p* pp) {
    // Those of a p that is retired are everybody's.
    if (some_are_retired()) [[unlikely]] {
        return run_all_timers() != 0;
    }
    const int64_t next = pp->timers.next.load(std::memory_order_relaxed);
    if (next == 0) {
        return false;
    }
    const time_span now = about_now(pp->timers.clock);
    if (next > now.latest) {
        return false;
    }
    return run(pp->timers, next <= now.earliest ? now.earliest : nanotime()) != 0;
}

uint32_t run_all_timers() {
    if (earliest_timer() == 0) {
        return 0;
    }
    const int64_t now = nanotime();
    uint32_t count = 0;
    for (uint32_t id = 0; id < sched.procs_made.load(std::memory_order_acquire); ++id) {
        count += run(proc_of(id)->timers, now);
    }
    return count;
}

namespace {

// Of two times, 0 being none.
int64_t sooner(int64_t one, int64_t other) {
    return other == 0 || (one != 0 && one < other) ? one : other;
}

// Of what of_heap says of all p's.
template <class F>
int64_t earliest_of_all(F of_heap) {
    int64_t earliest = 0;
    for (uint32_t id = 0; id < sched.procs_made.load(std::memory_order_acquire); ++id) {
        earliest = sooner(earliest, of_heap(proc_of(id)->timers));
    }
    return earliest;
}

} // namespace

int64_t earliest_timer() {
    return earliest_of_all(
        [](const timer_heap& heap) { return heap.next.load(std::memory_order_relaxed); });
}

int64_t earliest_awaited_timer() {
    auto* const awaited = if_linked(is_awaited);
    if (awaited == nullptr) {
        return earliest_timer();
    }
    return earliest_of_all(
        [awaited](const timer_heap& heap) { return heap.earliest_awaited(awaited); });
}

int64_t timer_heap::earliest_awaited(bool (*awaited)(timer* t), uint32_t from) const {
    if (from >= end_) {
        return 0;
    }
    if (awaited(nodes_[from].timer_of())) {
        return nodes_[from].when; // those below come later
    }
    int64_t earliest = 0;
    for (uint32_t i = 0; i < children; ++i) {
        earliest = sooner(earliest, earliest_awaited(awaited, first_child(from) + i));
    }
    return earliest;
}

bool wait_for_timers(p* pp) {
    const int64_t next = pp->timers.next.load(std::memory_order_relaxed);
    if (next == 0) {
        return false;
    }
    const int64_t now = nanotime();
    if (next > now) {
        os::sleep(next - now);
    }
    (void)run_timers(pp);
    return true;
}

} // namespace runtime
