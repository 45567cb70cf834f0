// Locks and what else goroutines wait for one another with, as Go's tests of sync have it, and what
// C++ adds. GOMAXPROCS says on how many processors.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <vector>

#include <rt0/rt0.h>

#include "run.h"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

void compute_for(clock::duration time) {
    const auto end = clock::now() + time;
    while (clock::now() < end) {
    }
}

// Memory for an object that is destroyed while somebody may still be in a call of it: what the call
// would write there later is seen.
template <class T>
class watched {
public:
    template <class... Args>
    T* make(Args&&... args) {
        return ::new (static_cast<void*>(room_.data())) T(std::forward<Args>(args)...);
    }
    void destroy(T* object) {
        std::destroy_at(object);
        room_.fill(static_cast<unsigned char>(0x5a));
    }
    [[nodiscard]] bool untouched() const {
        bool same = true;
        for (const unsigned char byte : room_) {
            same = same && byte == 0x5a;
        }
        return same;
    }

private:
    alignas(T) std::array<unsigned char, sizeof(T)> room_{};
};

// mutex

constinit rt0::mutex static_mutex;

void mutex_excludes() {
    constexpr int goroutines = 10;
    constexpr int turns = 300;
    long count = 0;
    int inside = 0;
    rt0::wait_group group;
    for (int i = 0; i < goroutines; ++i) {
        group.go([&, i] {
            for (int turn = 0; turn < turns; ++turn) {
                if (turn % 3 == 0) {
                    if (static_mutex.try_lock()) {
                        check(++inside == 1);
                        --inside;
                        static_mutex.unlock();
                    }
                }
                const std::lock_guard lock(static_mutex);
                check(++inside == 1);
                ++count;
                if ((turn + i) % 16 == 0) {
                    rt0::yield(); // others find it taken
                }
                --inside;
            }
        });
    }
    group.wait();
    check(count == goroutines * turns);
}

// Often enough by one goroutine that its thread owns the lock, and then by others.
void mutex_changes_threads() {
    rt0::mutex mutex;
    long count = 0;
    constexpr int turns = 20'000;
    for (int round = 0; round < 3; ++round) {
        for (int turn = 0; turn < turns; ++turn) {
            const std::lock_guard lock(mutex);
            ++count;
        }
        rt0::wait_group group;
        for (int i = 0; i < 3; ++i) {
            group.go([&] {
                for (int turn = 0; turn < turns; ++turn) {
                    const std::lock_guard lock(mutex);
                    ++count;
                }
            });
        }
        group.wait();
    }
    check(count == 3 * 4 * turns);
}

void mutex_try_lock() {
    rt0::mutex mutex;
    check(mutex.try_lock());
    check(!mutex.try_lock());
    mutex.unlock();
    check(mutex.try_lock());
    bool other = true;
    rt0::wait_group group;
    group.go([&] { other = mutex.try_lock(); });
    group.wait();
    check(!other);
    mutex.unlock();
    std::unique_lock lock(mutex, std::try_to_lock);
    check(lock.owns_lock());
    rt0::mutex second;
    lock.unlock();
    const std::scoped_lock both(mutex, second);
    check(!mutex.try_lock() && !second.try_lock());
}

void mutex_unlocked_by_another() {
    rt0::mutex mutex;
    mutex.lock();
    int value = 0;
    rt0::go([&] {
        value = 1;
        mutex.unlock();
    });
    mutex.lock();
    check(value == 1);
    mutex.unlock();
}

// Goroutines of which each waits before the next one comes, on one p, unless one of them is
// preempted on its way: the order in which it lets them go is right some time.
template <class Try>
void in_order_some_time(Try order_of) {
    if (rt0::gomaxprocs() != 1) {
        return; // who comes first cannot be seen
    }
    std::vector<int> order;
    for (int tries = 0; tries < 50 && order != std::vector{0, 1, 2, 3, 4}; ++tries) {
        order = order_of();
        check(order.size() == 5);
    }
    check((order == std::vector{0, 1, 2, 3, 4}));
}

// First come, first served, where nobody comes late.
void mutex_in_order() {
    in_order_some_time([] {
        rt0::mutex mutex;
        std::vector<int> order;
        mutex.lock();
        rt0::wait_group group;
        for (int i = 0; i < 5; ++i) {
            group.go([&, i] {
                const std::lock_guard lock(mutex);
                order.push_back(i);
            });
            rt0::yield(); // it waits now
        }
        mutex.unlock();
        group.wait();
        return order;
    });
}

// Who locks again and again cannot keep it from another one for ever.
void mutex_is_fair() {
    rt0::mutex mutex;
    std::atomic<bool> stop = false;
    rt0::wait_group group;
    group.go([&] {
        while (!stop) {
            mutex.lock();
            compute_for(100us);
            mutex.unlock();
        }
    });
    for (int i = 0; i < 3; ++i) {
        compute_for(100us);
        mutex.lock();
        mutex.unlock();
    }
    stop = true;
    group.wait();
}

// While it is starving it goes from one that waits to the next, and nobody comes between.
void mutex_starves_nobody() {
    constexpr int waiters = 4;
    rt0::mutex mutex;
    std::atomic<bool> stop = false;
    std::atomic<int> served = 0;
    rt0::wait_group group;
    for (int i = 0; i < 2; ++i) {
        group.go([&] {
            while (!stop) {
                const std::lock_guard lock(mutex);
                compute_for(300us);
            }
        });
    }
    for (int i = 0; i < waiters; ++i) {
        group.go([&] {
            const std::lock_guard lock(mutex);
            if (++served == waiters) {
                stop = true;
            }
        });
    }
    group.wait();
    check(served == waiters);
}

// The last one to drop it destroys it, while another one may not have come back from its unlock.
void mutex_destroyed_by_the_last() {
    struct shared {
        rt0::mutex mutex;
        int users = 3;
    };
    for (int round = 0; round < 200; ++round) {
        watched<shared> room;
        shared* const object = room.make();
        rt0::wait_group group;
        for (int i = 0; i < 3; ++i) {
            group.go([&] {
                object->mutex.lock();
                const bool last = --object->users == 0;
                object->mutex.unlock();
                if (last) {
                    room.destroy(object);
                }
            });
        }
        group.wait();
        check(room.untouched());
    }
}

// shared_mutex

constinit rt0::shared_mutex static_shared_mutex;

// More than it takes until readers are counted where they are.
constexpr int many_reads = 2000;

void read_often(rt0::shared_mutex& mutex) {
    for (int i = 0; i < many_reads; ++i) {
        const std::shared_lock lock(mutex);
    }
}

// All have it to read at the same time.
void readers_in_parallel() {
    for (int round = 0; round < 3; ++round) {
        constexpr int readers = 6;
        rt0::chan<int> locked(readers);
        rt0::chan<int> unlock(0);
        rt0::wait_group group;
        for (int i = 0; i < readers; ++i) {
            group.go([&] {
                static_shared_mutex.lock_shared();
                locked.send(1);
                unlock.recv();
                static_shared_mutex.unlock_shared();
            });
        }
        for (int i = 0; i < readers; ++i) {
            locked.recv();
        }
        check(!static_shared_mutex.try_lock());
        for (int i = 0; i < readers; ++i) {
            unlock.send(1);
        }
        group.wait();
        check(static_shared_mutex.try_lock());
        static_shared_mutex.unlock();
        read_often(static_shared_mutex);
    }
}

void hammer(rt0::shared_mutex& mutex, int readers, int turns) {
    std::atomic<int> inside = 0; // 10000 for one that writes
    long written = 0;
    rt0::wait_group group;
    for (int i = 0; i < readers + 2; ++i) {
        group.go([&, writes = i < 2] {
            for (int turn = 0; turn < turns; ++turn) {
                if (writes) {
                    const std::lock_guard lock(mutex);
                    check((inside += 10000) == 10000);
                    ++written;
                    if (turn % 8 == 0) {
                        rt0::yield();
                    }
                    inside -= 10000;
                } else {
                    const std::shared_lock lock(mutex);
                    check((inside += 1) < 10000);
                    if (turn % 8 == 0) {
                        rt0::yield(); // and unlocks on another processor, perhaps
                    }
                    inside -= 1;
                }
            }
        });
    }
    group.wait();
    check(written == 2L * turns);
}

void readers_and_writers() {
    rt0::shared_mutex mutex;
    for (const int readers : {1, 3, 10}) {
        hammer(mutex, readers, 200);
        read_often(mutex);
        hammer(mutex, readers, 100);
    }
}

// While one waits to write nobody begins to read, so it comes to its turn; then it is the readers'
// that waited meanwhile, before the next writer.
void writers_and_readers_take_turns() {
    for (const bool often : {false, true}) {
        rt0::shared_mutex mutex;
        if (often) {
            read_often(mutex);
        }
        std::vector<int> order; // under mutex, or by one at a time
        rt0::wait_group group;
        mutex.lock_shared();
        group.go([&] {
            const std::lock_guard lock(mutex);
            order.push_back(1);
            // All wait now that came meanwhile.
            for_a_while();
        });
        until([&] { // it waits to write
            if (!mutex.try_lock_shared()) {
                return true;
            }
            mutex.unlock_shared();
            return false;
        });
        std::atomic<int> about_to = 0;
        std::atomic<int> reading = 0;
        group.go([&] {
            ++about_to;
            const std::lock_guard lock(mutex);
            check(reading == 2 || rt0::gomaxprocs() > 1);
            order.push_back(2);
        });
        for (int i = 0; i < 2; ++i) {
            group.go([&] {
                ++about_to;
                const std::shared_lock lock(mutex);
                ++reading;
            });
        }
        until([&] { return about_to == 3; });
        for_a_while();
        check(reading == 0 && order.empty());
        mutex.unlock_shared();
        group.wait();
        check(reading == 2 && order == std::vector{1, 2});
    }
}

void shared_try_lock() {
    for (const bool often : {false, true}) {
        rt0::shared_mutex mutex;
        if (often) {
            read_often(mutex);
        }
        check(mutex.try_lock_shared());
        check(mutex.try_lock_shared());
        check(!mutex.try_lock());
        mutex.unlock_shared();
        mutex.unlock_shared();
        check(mutex.try_lock());
        check(!mutex.try_lock() && !mutex.try_lock_shared());
        mutex.unlock();
        const std::scoped_lock lock(mutex);
    }
}

// Readers begin in one goroutine and end in another.
void readers_end_elsewhere() {
    rt0::shared_mutex mutex;
    read_often(mutex);
    rt0::chan<int> reads(4);
    rt0::wait_group group;
    constexpr int turns = 300;
    for (int i = 0; i < 2; ++i) {
        group.go([&] {
            for (int turn = 0; turn < turns; ++turn) {
                mutex.lock_shared();
                reads.send(turn);
            }
        });
        group.go([&] {
            for (int turn = 0; turn < turns; ++turn) {
                reads.recv();
                mutex.unlock_shared();
            }
        });
    }
    group.wait();
    check(mutex.try_lock());
    mutex.unlock();
}

// More of them that are read often than there are seats for, and such whose memory has been another
// one's: all count right.
void many_shared_mutexes() {
    constexpr size_t count = 80;
    for (int round = 0; round < 2; ++round) {
        std::vector<std::unique_ptr<rt0::shared_mutex>> all;
        for (size_t i = 0; i < count; ++i) {
            all.push_back(std::make_unique<rt0::shared_mutex>());
            read_often(*all.back());
            if (i % 4 != 0) {
                all.back()->lock_shared();
            }
        }
        for (const auto& mutex : all) {
            read_often(*mutex);
            mutex->lock_shared();
            check(!mutex->try_lock());
            mutex->unlock_shared();
        }
        for (size_t i = 0; i < count; ++i) {
            check(all[i]->try_lock() == (i % 4 == 0));
            if (i % 4 == 0) {
                all[i]->unlock();
            } else {
                all[i]->unlock_shared();
                all[i]->lock();
                all[i]->unlock();
            }
            read_often(*all[i]);
        }
    }
}

void shared_mutex_destroyed_by_the_last() {
    struct shared {
        rt0::shared_mutex mutex;
        int users = 4;
    };
    for (int round = 0; round < 100; ++round) {
        watched<shared> room;
        shared* const object = room.make();
        if (round % 2 == 0) {
            read_often(object->mutex);
        }
        rt0::wait_group group;
        for (int i = 0; i < 4; ++i) {
            group.go([&, i] {
                if (i % 2 == 0) {
                    object->mutex.lock_shared();
                    object->mutex.unlock_shared();
                }
                object->mutex.lock();
                const bool last = --object->users == 0;
                object->mutex.unlock();
                if (last) {
                    room.destroy(object);
                }
            });
        }
        group.wait();
        check(room.untouched());
    }
}

// condition_variable

constinit rt0::condition_variable static_condition;

// Each notify_one wakes one, as long as there are any.
void condition_wakes_one() {
    rt0::mutex mutex;
    constexpr int count = 5;
    const rt0::chan<int> waiting(count);
    const rt0::chan<int> awake(count);
    for (int i = 0; i < count; ++i) {
        rt0::go([&, waiting, awake] {
            std::unique_lock lock(mutex);
            waiting.send(1);
            static_condition.wait(lock);
            check(lock.owns_lock());
            awake.send(1);
        });
    }
    for (int i = 0; i < count; ++i) {
        waiting.recv();
    }
    for (int left = count; left > 0; --left) {
        check(!awake.try_recv());
        {
            const std::lock_guard lock(mutex); // all wait
            static_condition.notify_one();
        }
        awake.recv();
        for_a_while();
        check(!awake.try_recv());
    }
    static_condition.notify_one();
    const std::lock_guard lock(mutex); // the last one has dropped it
}

// Whoever has waited longest is woken.
void condition_wakes_in_order() {
    rt0::mutex mutex;
    rt0::condition_variable condition;
    constexpr int count = 30;
    rt0::chan<int> waiting(count);
    rt0::chan<int> awake(count);
    rt0::wait_group group;
    for (int i = 0; i < count; ++i) {
        group.go([&, i] {
            std::unique_lock lock(mutex);
            waiting.send(1);
            condition.wait(lock);
            awake.send(i);
        });
        if (i > 0) {
            check(awake.recv() == i - 1);
        }
        waiting.recv();
        const std::lock_guard lock(mutex);
        condition.notify_one();
    }
    group.wait();
}

void condition_wakes_all() {
    rt0::mutex mutex;
    rt0::condition_variable condition;
    constexpr int count = 20;
    int waiting = 0;
    int round = 0;
    rt0::wait_group group;
    for (int i = 0; i < count; ++i) {
        group.go([&] {
            std::unique_lock lock(mutex);
            for (int seen = 0; seen < 3;) {
                ++waiting;
                condition.wait(lock, [&] { return round > seen; });
                seen = round;
            }
        });
    }
    for (int next = 1; next <= 3; ++next) {
        until([&] {
            const std::lock_guard lock(mutex);
            if (waiting != count) {
                return false;
            }
            waiting = 0;
            round = next;
            return true;
        });
        condition.notify_all();
    }
    group.wait();
    condition.notify_all();
}

// Three goroutines that hand a number on.
void condition_hands_on() {
    rt0::mutex mutex;
    rt0::condition_variable condition;
    int x = 0;
    rt0::wait_group group;
    group.go([&] {
        std::unique_lock lock(mutex);
        x = 1;
        condition.wait(lock);
        check(x == 2);
        x = 3;
        condition.notify_one();
    });
    group.go([&] {
        for (;;) {
            std::unique_lock lock(mutex);
            if (x == 1) {
                x = 2;
                condition.notify_one();
                break;
            }
            lock.unlock();
            rt0::yield();
        }
    });
    group.go([&] {
        for (;;) {
            std::unique_lock lock(mutex);
            if (x == 2) {
                condition.wait(lock);
                check(x == 3);
                break;
            }
            if (x == 3) {
                break;
            }
            lock.unlock();
            rt0::yield();
        }
    });
    group.wait();
    check(x == 3);
}

// A notification is for who waits already, not for one that comes before he has run.
void condition_not_stolen() {
    rt0::mutex mutex;
    rt0::condition_variable condition;
    for (int round = 0; round < 200; ++round) {
        bool ready = false;
        bool first = false;
        bool second = false;
        rt0::chan<int> waiting(0);
        rt0::wait_group group;
        group.go([&] {
            std::unique_lock lock(mutex);
            waiting.send(1);
            condition.wait(lock);
            first = true;
        });
        waiting.recv();
        group.go([&] {
            mutex.lock(); // once the first waits
            mutex.unlock();
            condition.notify_one();
        });
        group.go([&] {
            std::unique_lock lock(mutex);
            while (!ready) {
                condition.wait(lock);
            }
            second = true;
        });
        // The one that came first goes on, whatever the other one does.
        until([&] {
            const std::lock_guard lock(mutex);
            return first;
        });
        {
            const std::lock_guard lock(mutex);
            check(!second);
            ready = true;
        }
        condition.notify_all();
        group.wait();
    }
}

// With a lock that is shared, and with one that is no standard one.
void condition_with_any_lock() {
    rt0::shared_mutex mutex;
    rt0::condition_variable_any condition;
    std::atomic<int> waiting = 0;
    bool go_on = false;
    rt0::wait_group group;
    for (int i = 0; i < 3; ++i) {
        group.go([&] {
            std::shared_lock lock(mutex);
            ++waiting;
            condition.wait(lock, [&] { return go_on; });
        });
    }
    group.go([&] {
        mutex.lock();
        ++waiting;
        condition.wait(mutex, [&] { return go_on; });
        mutex.unlock();
    });
    until([&] { return waiting == 4; });
    mutex.lock();
    go_on = true;
    mutex.unlock();
    condition.notify_all();
    group.wait();
}

// As soon as all have been notified it may be gone, though they have not gone on.
void condition_destroyed_once_notified() {
    for (int round = 0; round < 100; ++round) {
        watched<rt0::condition_variable> room;
        rt0::condition_variable* const condition = room.make();
        rt0::mutex mutex;
        int waiting = 0;
        bool is_so = false;
        rt0::wait_group group;
        for (int i = 0; i < 3; ++i) {
            group.go([&] {
                std::unique_lock lock(mutex);
                if (++waiting < 3) {
                    while (!is_so) {
                        condition->wait(lock);
                    }
                } else {
                    is_so = true;
                    condition->notify_all();
                    room.destroy(condition);
                }
            });
        }
        group.wait();
        check(room.untouched());
    }
}

// Notified when it waits, but has not parked yet; and then the condition is gone.
void condition_notified_before_it_parks() {
    struct notifying_lock {
        watched<rt0::condition_variable> room;
        rt0::condition_variable* condition = room.make();
        bool one = false;
        void lock() {}
        void unlock() {
            if (one) {
                condition->notify_one();
            } else {
                condition->notify_all();
            }
            room.destroy(condition);
        }
    };
    for (const bool one : {false, true}) {
        notifying_lock lock;
        lock.one = one;
        lock.condition->wait(lock);
        check(lock.room.untouched());
    }
}

// counting_semaphore

constinit rt0::binary_semaphore static_semaphore(0);

void semaphore_as_a_lock() {
    static_semaphore.release();
    long count = 0;
    rt0::wait_group group;
    for (int i = 0; i < 10; ++i) {
        group.go([&] {
            for (int turn = 0; turn < 200; ++turn) {
                static_semaphore.acquire();
                ++count;
                if (turn % 16 == 0) {
                    rt0::yield();
                }
                static_semaphore.release();
            }
        });
    }
    group.wait();
    check(count == 2000);
    check(static_semaphore.try_acquire());
    check(!static_semaphore.try_acquire());
}

void semaphore_counts() {
    rt0::counting_semaphore<3> places(3);
    static_assert(places.max() == 3);
    std::atomic<int> inside = 0;
    std::atomic<bool> full = false;
    rt0::wait_group group;
    for (int i = 0; i < 12; ++i) {
        group.go([&] {
            for (int turn = 0; turn < 50; ++turn) {
                places.acquire();
                const int now = ++inside;
                check(now <= 3);
                if (now == 3) {
                    full = true;
                }
                until([&] { return full.load(); });
                rt0::yield();
                --inside;
                places.release();
            }
        });
    }
    group.wait();
    check(places.try_acquire() && places.try_acquire() && places.try_acquire());
    check(!places.try_acquire());
    places.release(3);
    places.release(0);
}

// Permits go to those who wait, in their order.
void semaphore_in_order() {
    in_order_some_time([] {
        rt0::counting_semaphore<> semaphore(0);
        std::vector<int> order;
        rt0::wait_group group;
        for (int i = 0; i < 5; ++i) {
            group.go([&, i] {
                semaphore.acquire();
                order.push_back(i);
            });
            rt0::yield();
        }
        for (size_t gone = 0; gone < 5; ++gone) {
            semaphore.release();
            until([&] { return order.size() == gone + 1; });
        }
        group.wait();
        return order;
    });
}

// As many go on as there are permits, and the rest of these stays.
void semaphore_released_at_once() {
    rt0::counting_semaphore<> semaphore(0);
    std::atomic<int> gone = 0;
    rt0::wait_group group;
    for (int i = 0; i < 5; ++i) {
        group.go([&] {
            semaphore.acquire();
            ++gone;
        });
    }
    for_a_while();
    check(gone == 0);
    semaphore.release(2);
    until([&] { return gone == 2; });
    for_a_while();
    check(gone == 2);
    semaphore.release(4);
    group.wait();
    check(semaphore.try_acquire() && !semaphore.try_acquire());
}

void semaphore_destroyed_by_who_waited() {
    for (int round = 0; round < 200; ++round) {
        watched<rt0::binary_semaphore> room;
        rt0::binary_semaphore* const done = room.make(0);
        rt0::go([done] { done->release(); });
        if (round % 2 == 0) {
            rt0::yield();
        }
        done->acquire();
        room.destroy(done);
        for_a_while();
        check(room.untouched());
    }
}

// once

constinit rt0::once static_once;

void once_calls_once() {
    int calls = 0;
    bool complete = false;
    rt0::wait_group group;
    for (int i = 0; i < 10; ++i) {
        group.go([&] {
            static_once.call(
                [&](int add) {
                    calls += add;
                    for_a_while();
                    complete = true;
                },
                1);
            check(complete);
        });
    }
    group.wait();
    check(calls == 1);
}

// wait_group

void wait_group_waits() {
    for (int round = 0; round < 2; ++round) {
        constexpr int count = 16;
        rt0::wait_group started;
        rt0::wait_group ended;
        started.add(count);
        ended.add(count);
        const rt0::chan<int> gone(count);
        for (int i = 0; i < count; ++i) {
            rt0::go([&started, &ended, gone] {
                started.done();
                ended.wait();
                gone.send(1);
            });
        }
        started.wait();
        for (int i = 0; i < count; ++i) {
            check(!gone.try_recv());
            ended.done();
        }
        for (int i = 0; i < count; ++i) {
            gone.recv();
        }
    }
}

// Who is let go may throw it away or use it again.
void wait_group_ends_with_the_last() {
    for (int round = 0; round < 300; ++round) {
        watched<rt0::wait_group> room;
        rt0::wait_group* const group = room.make();
        std::atomic<int> n = 0;
        group->add(1);
        rt0::go([&n, group] {
            ++n;
            group->done();
        });
        group->add(1);
        rt0::go([&n, group] {
            ++n;
            group->done();
        });
        group->wait();
        check(n == 2);
        group->go([&n] { ++n; });
        group->wait();
        check(n == 3);
        room.destroy(group);
        for_a_while();
        check(room.untouched());
    }
}

// latch

constinit rt0::latch static_latch(3);

void latch_counts_down() {
    check(!static_latch.try_wait());
    rt0::wait_group group;
    std::atomic<int> arrived = 0;
    for (int i = 0; i < 2; ++i) {
        group.go([&] {
            ++arrived;
            static_latch.arrive_and_wait();
            check(arrived == 2);
        });
    }
    until([&] { return arrived == 2; });
    for_a_while();
    check(!static_latch.try_wait());
    static_latch.count_down();
    group.wait();
    check(static_latch.try_wait());
    static_latch.wait();
    rt0::latch several(5);
    several.count_down(5);
    several.wait();
    const rt0::latch none(0);
    none.wait();
}

void latch_destroyed_by_who_waited() {
    for (int round = 0; round < 200; ++round) {
        watched<rt0::latch> room;
        rt0::latch* const done = room.make(2);
        for (int i = 0; i < 2; ++i) {
            rt0::go([done] { done->count_down(); });
        }
        if (round % 2 == 0) {
            done->wait();
        } else {
            until([done] { return done->try_wait(); });
        }
        room.destroy(done);
        for_a_while();
        check(room.untouched());
    }
}

// barrier

void barrier_separates_phases() {
    constexpr int parts = 5;
    constexpr int phases = 30;
    std::atomic<int> arrived = 0;
    int completed = 0;
    rt0::barrier barrier(parts, [&] {
        check(arrived == parts * (completed + 1)); // all of them, and nobody is ahead
        for_a_while();
        ++completed;
    });
    rt0::wait_group group;
    for (int i = 0; i < parts; ++i) {
        group.go([&, i] {
            for (int phase = 0; phase < phases; ++phase) {
                ++arrived;
                if (i % 2 == 0) {
                    barrier.arrive_and_wait();
                } else {
                    auto token = barrier.arrive();
                    rt0::yield();
                    barrier.wait(std::move(token));
                }
                check(completed > phase);
            }
        });
    }
    group.wait();
    check(completed == phases);
}

void barrier_drops() {
    int completed = 0;
    rt0::barrier barrier(3, [&] { ++completed; });
    rt0::wait_group group;
    for (int i = 0; i < 3; ++i) {
        group.go([&, i] {
            for (int phase = 0; phase < i; ++phase) {
                barrier.arrive_and_wait();
            }
            barrier.arrive_and_drop();
        });
    }
    group.wait();
    check(completed == 3);
    rt0::barrier alone(4);
    auto token = alone.arrive(4);
    alone.wait(std::move(token));
    alone.wait(alone.arrive(4));
}

void barrier_destroyed_by_who_waited() {
    for (int round = 0; round < 200; ++round) {
        watched<rt0::barrier<>> room;
        rt0::barrier<>* const both = room.make(2);
        rt0::go([both] { (void)both->arrive(); });
        both->arrive_and_wait();
        room.destroy(both);
        for_a_while();
        check(room.untouched());
    }
}

void unlock_of_unlocked() {
    static_mutex.unlock();
}

void unlock_twice() {
    for (int i = 0; i < 3000; ++i) { // its thread owns it by now
        static_mutex.lock();
        static_mutex.unlock();
    }
    static_mutex.unlock();
}

void lock_twice() {
    static_mutex.lock();
    static_mutex.lock();
}

void read_unlock_of_unlocked() {
    static_shared_mutex.unlock_shared();
}

void read_unlock_of_unlocked_often_read() {
    read_often(static_shared_mutex);
    static_shared_mutex.unlock_shared();
    static_shared_mutex.lock();
}

void write_unlock_of_unlocked() {
    static_shared_mutex.unlock();
}

void write_unlock_of_read() {
    static_shared_mutex.lock_shared();
    static_shared_mutex.unlock();
}

void read_unlock_of_written() {
    static_shared_mutex.lock();
    static_shared_mutex.unlock_shared();
}

void write_while_reading() {
    static_shared_mutex.lock_shared();
    static_shared_mutex.lock();
}

void read_while_writing() {
    static_shared_mutex.lock();
    static_shared_mutex.lock_shared();
}

void notified_too_late() {
    rt0::mutex mutex;
    std::unique_lock lock(mutex);
    static_condition.notify_one();
    static_condition.wait(lock);
}

void acquires_for_ever() {
    static_semaphore.acquire();
}

void once_within_once() {
    static_once.call([] { static_once.call([] {}); });
}

void released_too_often() {
    static_semaphore.release();
    static_semaphore.release();
}

void negative() {
    rt0::wait_group group;
    group.add(1);
    group.done();
    group.done();
}

void waits_for_ever() {
    static_latch.wait();
}

void counted_down_too_often() {
    static_latch.count_down(4);
}

void arrives_alone() {
    rt0::barrier(2).arrive_and_wait();
}

void arrives_too_often() {
    rt0::barrier barrier(1);
    (void)barrier.arrive(2);
}

constexpr test tests[] = {
    {"mutex_excludes", mutex_excludes},
    {"mutex_changes_threads", mutex_changes_threads},
    {"mutex_try_lock", mutex_try_lock},
    {"mutex_unlocked_by_another", mutex_unlocked_by_another},
    {"mutex_in_order", mutex_in_order},
    {"mutex_is_fair", mutex_is_fair},
    {"mutex_starves_nobody", mutex_starves_nobody},
    {"mutex_destroyed_by_the_last", mutex_destroyed_by_the_last},
    {"readers_in_parallel", readers_in_parallel},
    {"readers_and_writers", readers_and_writers},
    {"writers_and_readers_take_turns", writers_and_readers_take_turns},
    {"shared_try_lock", shared_try_lock},
    {"readers_end_elsewhere", readers_end_elsewhere},
    {"many_shared_mutexes", many_shared_mutexes},
    {"shared_mutex_destroyed_by_the_last", shared_mutex_destroyed_by_the_last},
    {"condition_wakes_one", condition_wakes_one},
    {"condition_wakes_in_order", condition_wakes_in_order},
    {"condition_wakes_all", condition_wakes_all},
    {"condition_hands_on", condition_hands_on},
    {"condition_not_stolen", condition_not_stolen},
    {"condition_with_any_lock", condition_with_any_lock},
    {"condition_notified_before_it_parks", condition_notified_before_it_parks},
    {"condition_destroyed_once_notified", condition_destroyed_once_notified},
    {"semaphore_as_a_lock", semaphore_as_a_lock},
    {"semaphore_counts", semaphore_counts},
    {"semaphore_in_order", semaphore_in_order},
    {"semaphore_released_at_once", semaphore_released_at_once},
    {"semaphore_destroyed_by_who_waited", semaphore_destroyed_by_who_waited},
    {"once_calls_once", once_calls_once},
    {"wait_group_waits", wait_group_waits},
    {"wait_group_ends_with_the_last", wait_group_ends_with_the_last},
    {"latch_counts_down", latch_counts_down},
    {"latch_destroyed_by_who_waited", latch_destroyed_by_who_waited},
    {"barrier_separates_phases", barrier_separates_phases},
    {"barrier_drops", barrier_drops},
    {"barrier_destroyed_by_who_waited", barrier_destroyed_by_who_waited},
    {"unlock_of_unlocked", unlock_of_unlocked, true},
    {"unlock_twice", unlock_twice, true},
    {"lock_twice", lock_twice, true},
    {"read_unlock_of_unlocked", read_unlock_of_unlocked, true},
    {"read_unlock_of_unlocked_often_read", read_unlock_of_unlocked_often_read, true},
    {"write_unlock_of_unlocked", write_unlock_of_unlocked, true},
    {"write_unlock_of_read", write_unlock_of_read, true},
    {"read_unlock_of_written", read_unlock_of_written, true},
    {"write_while_reading", write_while_reading, true},
    {"read_while_writing", read_while_writing, true},
    {"notified_too_late", notified_too_late, true},
    {"acquires_for_ever", acquires_for_ever, true},
    {"once_within_once", once_within_once, true},
    {"released_too_often", released_too_often, true},
    {"negative", negative, true},
    {"waits_for_ever", waits_for_ever, true},
    {"counted_down_too_often", counted_down_too_often, true},
    {"arrives_alone", arrives_alone, true},
    {"arrives_too_often", arrives_too_often, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
