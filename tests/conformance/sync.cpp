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

constexpr test tests[] = {
    {"mutex_excludes", mutex_excludes},
    {"mutex_changes_threads", mutex_changes_threads},
    {"mutex_try_lock", mutex_try_lock},
    {"mutex_unlocked_by_another", mutex_unlocked_by_another},
    {"mutex_in_order", mutex_in_order},
    {"mutex_is_fair", mutex_is_fair},
    {"mutex_starves_nobody", mutex_starves_nobody},
    {"mutex_destroyed_by_the_last", mutex_destroyed_by_the_last},
    {"unlock_of_unlocked", unlock_of_unlocked, true},
    {"unlock_twice", unlock_twice, true},
    {"lock_twice", lock_twice, true},
};

} // namespace

int main(int argc, char** argv) {
    return run_tests(tests, argc, argv);
}
