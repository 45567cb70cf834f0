// Locks and what else goroutines wait for one another with, as Go's tests of sync have it, and what
// C++ adds. GOMAXPROCS says on how many processors.
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
    constexpr int turns = 3000;
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

// First come, first served, where nobody comes late.
void mutex_in_order() {
    if (rt0::gomaxprocs() != 1) {
        return; // who comes first cannot be seen
    }
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
    check(order == std::vector{0, 1, 2, 3, 4});
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
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
