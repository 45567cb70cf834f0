// rt0::shared_mutex.
//
// Under the lock of a section: a mutex for the writers (sync/mutex.h); whether one of them has that
// mutex, and writes or waits until nobody reads; how many read; and who waits to read. That is Go's
// RWMutex. A writer that has the mutex keeps new readers out. When it unlocks, all that wait count
// as reading, and the next writer waits for them.
//
// Readers on several processors would pass the line with their count around. So a shared_mutex that
// is read often gets one of a few seats, and each p has a count for each seat (p::readers). Who
// reads looks whether the mutex has its seat, and changes the count of the p that it is on, by
// loads and stores. It may unlock on another p than it locked on: what counts is the sum.
//
// Whoever wants to write takes the seat back first. That is the protocol of biased_lock, for many
// owners at once:
//
//      reader on a p                             who takes the seat back
//      claim = the mutex, to read                seats.owner = nobody
//      seats.owner == the mutex?                 fence_threads: running threads have a full barrier
//          then count = count + 1                for each p: waits until its thread has no such
//      claim = 0                                     claim; then adds up the counts, and clears
//      them
//
// A claim that the barrier finds is waited for; one that comes later finds that the mutex has no
// seat. So the counts are not written while they are added up. The claim keeps the goroutine on its
// thread, and so the thread on its p.
//
// A seat belongs to an address, and is not given back when the mutex there dies: nobody reads then,
// so the sum is 0, and that is when somebody else may take a seat without asking (steal): the one
// that it belonged to, if there still is one, finds that it has none any more and goes back to its
// own count. As long as a mutex has a seat its own count is 0. So nothing has to be done for one
// that dies, and a global one needs neither a constructor nor a destructor.
//
// Orderings. From a writer to the readers behind it: the section's lock, under which the seat is
// taken; who finds it acquires what was released with it. From readers to the next writer: the end
// of a reader's claim is a release, and who takes the seat back acquires it where it looks at the
// claims. So the counts need no order of their own, and a sum without that is only a hint.
#include <cstddef>
#include <cstdint>

#include <rt0/sync.h>

#include "base/fatal.h"
#include "base/if_linked.h"
#include "base/lock.h"
#include "sync/mutex.h"

RT0_SAYS_WHY;

namespace rt0::detail {

namespace {

using runtime::g;
using runtime::p;
using runtime::wait_reason;

// How many reads it takes until a mutex has a seat, at first; twice as many each time that it has
// lost one, because taking it back costs as much as some hundred locks.
constexpr uint32_t to_sit = 500;
constexpr uint8_t most_losses = 6;

struct seat_table {
    runtime::futex_lock lock;
    uint32_t next; // to steal, where none is free
    // Written under lock.
    runtime::atomic<const void*> owner[p::seats];
};
constinit seat_table seats{};

// What shared_mutex_state is. Fields without a note are under the section's lock.
struct shared {
    waiting_mutex writers; // the section is this one's
    ring<sleeper> queue;   // of those who wait to read
    g* writer;             // that waits until nobody reads, or null
    // The number of its seat, from 1 on; 0: none. Where somebody has stolen the seat it says so
    // still. Read without the lock too.
    runtime::atomic<uint32_t> seat;
    int32_t readers;
    uint32_t blocked; // in queue
    uint16_t reads;   // since it lost its seat
    uint8_t losses;
    bool writes; // a writer has writers: it writes, or is about to

    static shared& of(shared_mutex_state& state) { return reinterpret_cast<shared&>(state); }
    [[nodiscard]] runtime::biased_lock& section() { return writers.section; }
};
static_assert(sizeof(shared) == sizeof(shared_mutex_state) &&
              offsetof(shared, seat) == offsetof(shared_mutex_state, seat) &&
              offsetof(shared, writes) == offsetof(shared_mutex_state, writes));
static_assert(to_sit << most_losses <= UINT16_MAX);

// What a claim says that counts readers: none of a biased_lock's.
uintptr_t claim_to_read(const void* of) {
    return reinterpret_cast<uintptr_t>(of) | 3;
}

// Changes how many read by the current p's count. False, and nothing has happened, where the mutex
// has no seat.
[[gnu::always_inline]] inline bool count_here(shared& m, int32_t change) {
    runtime::set_claim(claim_to_read(&m));
    // Acquire: pairs with take_seat's release.
    const uint32_t seat = m.seat.load(std::memory_order_acquire);
    const bool has_it = seat != 0 && seats.owner[seat - 1].load(std::memory_order_acquire) == &m;
    if (has_it) {
        runtime::atomic<int32_t>& here = getp()->readers[seat - 1];
        here.store(here.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    }
    runtime::set_claim(0);
    return has_it;
}

// The sum of the counts, as it is seen.
int32_t sum_of(uint32_t seat) {
    int32_t sum = 0;
    const uint32_t procs = runtime::sched.procs_made.load(std::memory_order_acquire);
    for (uint32_t id = 0; id < procs; ++id) {
        sum += runtime::proc_of(id)->readers[seat - 1].load(std::memory_order_relaxed);
    }
    return sum;
}

// Nobody changes the counts any more when it returns. Under seats.lock.
[[gnu::noinline]] void stop_counting(uint32_t seat, const void* of) {
    seats.owner[seat - 1].store(nullptr, std::memory_order_relaxed);
    runtime::fence_threads();
    const uint32_t procs = runtime::sched.procs_made.load(std::memory_order_acquire);
    for (uint32_t id = 0; id < procs; ++id) {
        // Acquire: pairs with acquirep's release; mp->tls is there. Whoever has claimed has had
        // this p before: with releasep's, what he did is seen where nobody has it now.
        if (const runtime::m* const mp = runtime::proc_of(id)->m.load(std::memory_order_acquire)) {
            runtime::wait_for_claim(mp->tls, claim_to_read(of));
        }
    }
}

void clear_counts(uint32_t seat) {
    const uint32_t procs = runtime::sched.procs_made.load(std::memory_order_acquire);
    for (uint32_t id = 0; id < procs; ++id) {
        runtime::proc_of(id)->readers[seat - 1].store(0, std::memory_order_relaxed);
    }
}

// Takes a seat from a mutex that nobody reads, alive or not; 0 where this one is read. Under
// seats.lock.
uint32_t steal() {
    const uint32_t seat = seats.next++ % p::seats + 1;
    const void* const other = seats.owner[seat - 1].load(std::memory_order_relaxed);
    if (sum_of(seat) != 0) {
        return 0;
    }
    stop_counting(seat, other);
    if (sum_of(seat) != 0) {
        // Release: as take_seat's.
        seats.owner[seat - 1].store(other, std::memory_order_release);
        return 0;
    }
    clear_counts(seat);
    return seat;
}

// Under the section's lock; nobody writes.
[[gnu::noinline]] void take_seat(shared& m) {
    m.reads = 0;
    if (!runtime::lock_owners_allowed()) {
        return;
    }
    const runtime::lock_guard guard(seats.lock);
    uint32_t seat = 0;
    for (uint32_t i = 0; i < p::seats && seat == 0; ++i) {
        if (seats.owner[i].load(std::memory_order_relaxed) == nullptr) {
            seat = i + 1;
        }
    }
    if (seat == 0) {
        seat = steal();
        if (seat == 0) {
            return;
        }
    }
    // Those who read already are counted here.
    getp()->readers[seat - 1].store(m.readers, std::memory_order_relaxed);
    m.readers = 0;
    // Release: what the last writer wrote, and the count.
    seats.owner[seat - 1].store(&m, std::memory_order_release);
    m.seat.store(seat, std::memory_order_release);
}

// m has none any more: in the future it takes longer until it gets one.
void forget_seat(shared& m) {
    m.seat.store(0, std::memory_order_relaxed);
    m.reads = 0;
    if (m.losses < most_losses) {
        ++m.losses;
    }
}

// Under the section's lock: m counts its readers itself from now on.
[[gnu::noinline]] void lose_seat(shared& m) {
    const runtime::lock_guard guard(seats.lock);
    const uint32_t seat = m.seat.load(std::memory_order_relaxed);
    forget_seat(m);
    if (seats.owner[seat - 1].load(std::memory_order_relaxed) != &m) {
        return; // stolen: nobody read
    }
    stop_counting(seat, &m);
    m.readers = sum_of(seat);
    clear_counts(seat);
    if (m.readers < 0) {
        runtime::fatal("sync: RUnlock of unlocked RWMutex");
    }
}

// Under the section's lock: does it have a seat, after all? One that has been stolen it forgets.
[[gnu::noinline]] bool has_seat(shared& m) {
    const runtime::lock_guard guard(seats.lock);
    const uint32_t seat = m.seat.load(std::memory_order_relaxed);
    if (seats.owner[seat - 1].load(std::memory_order_relaxed) == &m) {
        return true;
    }
    forget_seat(m);
    return false;
}

// Where count_here could not. Either it can now, and this is true; or takes the section's lock, and
// m counts itself.
[[gnu::always_inline]] inline bool count_or_lock(shared& m, int32_t change) {
    for (;;) {
        m.section().lock();
        if (m.seat.load(std::memory_order_relaxed) == 0 || !has_seat(m)) {
            return false;
        }
        m.section().unlock();
        if (count_here(m, change)) {
            return true;
        }
    }
}

void add_reader(shared& m) {
    ++m.readers;
    if (++m.reads == to_sit << m.losses) {
        take_seat(m);
    }
}

[[gnu::noinline]] void wait_to_read(shared& m) {
    sleeper self;
    begin(self);
    m.queue.push(&self);
    ++m.blocked;
    runtime::park(m.section(), wait_reason::rwmutex_rlock);
}

// The rest of reading, for who cannot count where he is.

[[gnu::noinline]] void begin_to_read(shared& m) {
    if (count_or_lock(m, 1)) {
        return;
    }
    if (m.writes) {
        wait_to_read(m);
    } else {
        add_reader(m);
        m.section().unlock();
    }
}

[[gnu::noinline]] bool try_to_read(shared& m) {
    if (count_or_lock(m, 1)) {
        return true;
    }
    const bool may = !m.writes;
    if (may) {
        add_reader(m);
    }
    m.section().unlock();
    return may;
}

[[gnu::noinline]] void end_to_read(shared& m) {
    if (count_or_lock(m, -1)) {
        return;
    }
    if (--m.readers < 0) [[unlikely]] {
        m.section().unlock();
        runtime::fatal("sync: RUnlock of unlocked RWMutex");
    }
    g* const next = m.readers == 0 ? m.writer : nullptr;
    if (next == nullptr) {
        m.section().unlock();
        return;
    }
    m.writer = nullptr;
    unlock_and_ready(m.section(), next);
}

} // namespace

// What is left where a mutex has its seat needs no stack, and so does not ask for any (the header
// says so): in a loop at the end of a segment each call would cross to the next.

void lock_to_read(shared_mutex_state& of) {
    if (shared& m = shared::of(of); !count_here(m, 1)) {
        begin_to_read(m);
    }
}

bool try_lock_to_read(shared_mutex_state& of) {
    shared& m = shared::of(of);
    return count_here(m, 1) || try_to_read(m);
}

void unlock_to_read(shared_mutex_state& of) {
    if (shared& m = shared::of(of); !count_here(m, -1)) {
        end_to_read(m);
    }
}

void lock_to_write(shared_mutex_state& of) {
    shared& m = shared::of(of);
    if (!owner_exchanges(of.writers.word, 0, mutex_state::is_locked)) {
        m.writers.lock(wait_reason::rwmutex_lock);
    }
    m.section().lock();
    if (m.seat.load(std::memory_order_relaxed) != 0) {
        lose_seat(m);
    }
    m.writes = true;
    if (m.readers == 0) {
        m.section().unlock();
        return;
    }
    m.writer = getg();
    runtime::park(m.section(), wait_reason::rwmutex_lock);
}

bool try_lock_to_write(shared_mutex_state& of) {
    shared& m = shared::of(of);
    m.section().lock();
    bool may = !m.writers.is_taken();
    if (const uint32_t seat = m.seat.load(std::memory_order_relaxed);
        may && seat != 0 && has_seat(m)) {
        // A look: where others read it is not worth taking the seat back.
        may = sum_of(seat) == 0;
        if (may) {
            lose_seat(m);
        }
    }
    may = may && m.readers == 0;
    if (may) {
        m.writers.set_taken();
        m.writes = true;
    }
    m.section().unlock();
    return may;
}

void unlock_to_write(shared_mutex_state& of) {
    shared& m = shared::of(of);
    m.section().lock();
    if (!m.writes || m.writer != nullptr) [[unlikely]] {
        m.section().unlock();
        runtime::fatal("sync: Unlock of unlocked RWMutex");
    }
    m.writes = false;
    m.readers = static_cast<int32_t>(m.blocked);
    m.blocked = 0;
    sleeper* const read_now = take_all(m.queue);
    bool handed = false;
    g* const next = m.writers.release(&handed);
    m.section().unlock();
    // The mutex may be gone, but for those who wait for it.
    ready_all(read_now);
    if (next != nullptr) {
        runtime::ready(next);
        if (handed) {
            runtime::gosched();
        }
    }
}

} // namespace rt0::detail
