// What is in rt0/sync.h, on goroutines that are threads of the explorer's; each has a p of its own.
#include <rt0/sync.h>
#include <rt0/task_group.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>

#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/explore/plain.h"
#include "tests/explore/procs.h"

namespace rt0::detail {
void forget_seats(); // shared_mutex.cpp's, added in CMakeLists.txt
} // namespace rt0::detail

namespace {

using explore::check;
using namespace std::chrono_literals;
using procs::go;
using procs::time_passes;

void run(const std::function<void()>& main) {
    rt0::detail::forget_seats();
    procs::run(main);
}

// What one at a time may touch.
struct counter {
    explore::plain<int> sum{0};
    void add() {
        const int before = sum;
        explore::point();
        sum = before + 1;
    }
};

// An object that ends before its time, and what is written there later.
template <class T>
class mortal {
public:
    mortal() { new (&room_) T(); }
    T& operator*() { return *reinterpret_cast<T*>(&room_); }
    T* operator->() { return &**this; }
    void end() {
        (**this).~T();
        std::memset(&room_, dead, sizeof room_);
    }
    ~mortal() {
        for (const unsigned char byte : room_) {
            check(byte == dead, "something is written that is gone");
        }
    }
    mortal(const mortal&) = delete;
    mortal& operator=(const mortal&) = delete;

private:
    static constexpr unsigned char dead = 0xee;
    alignas(T) std::array<unsigned char, sizeof(T)> room_;
};

template <int others, int times>
void excludes() {
    run([] {
        rt0::mutex mutex;
        counter in;
        const auto work = [&] {
            for (int i = 0; i < times; ++i) {
                const std::lock_guard lock(mutex);
                in.add();
            }
        };
        for (int i = 0; i < others; ++i) {
            go(work);
        }
        work();
        explore::join();
        check(in.sum == (others + 1) * times, "an addition is lost");
        check(mutex.try_lock(), "nobody has it, and it is taken");
    });
}

// Where nobody spins, who is woken may lose again, until it is handed over.
void starves() {
    run([] {
        runtime::sched.gomaxprocs.store(1, std::memory_order_relaxed);
        rt0::mutex mutex;
        counter in;
        const auto work = [&] {
            const std::lock_guard lock(mutex);
            in.add();
        };
        go(work);
        go(work);
        work();
        explore::join();
        check(in.sum == 3, "an addition is lost");
        check(mutex.try_lock(), "nobody has it, and it is taken");
    });
}

// Its owner, and another.
void one_has_had_it_alone() {
    run([] {
        rt0::mutex mutex;
        counter in;
        const auto work = [&] {
            const std::lock_guard lock(mutex);
            in.add();
        };
        work();
        work();
        go(work);
        work();
        explore::join();
        check(in.sum == 4, "an addition is lost");
    });
}

void tries() {
    run([] {
        rt0::mutex mutex;
        counter in;
        go([&] {
            const std::lock_guard lock(mutex);
            in.add();
        });
        go([&] {
            if (mutex.try_lock()) {
                in.add();
                mutex.unlock();
            }
        });
        if (const std::unique_lock lock(mutex, std::try_to_lock); lock) {
            in.add();
        }
        explore::join();
        check(in.sum >= 1 && in.sum <= 3, "an addition is lost");
    });
}

// A mutex ends with who is the last to use it, though another one's unlock has not returned.
void ends_with_the_last() {
    run([] {
        mortal<rt0::mutex> mutex;
        explore::plain<int> left{3};
        const auto leave = [&] {
            mutex->lock();
            const int now = left - 1;
            left = now;
            mutex->unlock();
            if (now == 0) {
                mutex.end();
            }
        };
        go(leave);
        go(leave);
        leave();
        explore::join();
    });
}

template <int others>
void permits() {
    run([] {
        rt0::binary_semaphore semaphore(1);
        counter in;
        const auto work = [&] {
            semaphore.acquire();
            in.add();
            semaphore.release();
        };
        for (int i = 0; i < others; ++i) {
            go(work);
        }
        work();
        explore::join();
        check(in.sum == others + 1, "an addition is lost");
        check(semaphore.try_acquire() && !semaphore.try_acquire(),
              "a permit is lost or there twice");
    });
}

// Two that wait get their permits at once; what is released happened before.
void two_permits() {
    run([] {
        rt0::counting_semaphore<> semaphore(0);
        explore::plain<int> value{0};
        for (int i = 0; i < 2; ++i) {
            go([&] {
                semaphore.acquire();
                check(value == 1, "a permit comes before what it is for");
            });
        }
        value = 1;
        semaphore.release(2);
        explore::join();
        check(!semaphore.try_acquire(), "a permit more");
    });
}

void tries_a_permit() {
    run([] {
        rt0::counting_semaphore<> semaphore(1);
        counter in;
        go([&] {
            semaphore.acquire();
            in.add();
            semaphore.release();
        });
        while (!semaphore.try_acquire()) {
            explore::pause();
        }
        in.add();
        semaphore.release();
        explore::join();
        check(in.sum == 2, "an addition is lost");
    });
}

// Who waits last ends it, though the release has not returned.
void semaphore_ends() {
    run([] {
        struct zero : rt0::counting_semaphore<> {
            zero()
                : counting_semaphore(0) {}
        };
        mortal<zero> semaphore;
        go([&] { semaphore->release(); });
        semaphore->acquire();
        semaphore.end();
        explore::join();
    });
}

// Readers and writers, of a mutex that gets a seat with its second reader.
template <int readers, int writers, int times>
void reads_and_writes() {
    run([] {
        rt0::shared_mutex mutex;
        counter in;
        const auto read = [&] {
            for (int i = 0; i < times; ++i) {
                const std::shared_lock lock(mutex);
                (void)static_cast<int>(in.sum);
            }
        };
        const auto write = [&] {
            const std::lock_guard lock(mutex);
            in.add();
        };
        for (int i = 0; i < readers - 1; ++i) {
            go(read);
        }
        for (int i = 0; i < writers; ++i) {
            go(write);
        }
        read();
        explore::join();
        check(in.sum == writers, "an addition is lost");
        check(mutex.try_lock(), "nobody has it, and it is taken");
    });
}

void sit(rt0::shared_mutex& mutex) {
    for (int i = 0; i < 2; ++i) {
        mutex.lock_shared();
        mutex.unlock_shared();
    }
}

// With a seat from the beginning.
template <int readers>
void seated() {
    run([] {
        rt0::shared_mutex mutex;
        explore::plain<int> value{0};
        sit(mutex);
        const auto read = [&] {
            mutex.lock_shared();
            const int before = value;
            explore::point();
            check(value == before, "somebody writes while another one reads");
            mutex.unlock_shared();
        };
        for (int i = 0; i < readers; ++i) {
            go(read);
        }
        mutex.lock();
        value = value + 1;
        mutex.unlock();
        read();
        explore::join();
    });
}

// Who unlocks is on another p than who locked.
void read_elsewhere() {
    run([] {
        rt0::shared_mutex mutex;
        explore::plain<int> value{0};
        sit(mutex);
        runtime::atomic<int> read{0};
        go([&] {
            mutex.lock_shared();
            read.store(1, std::memory_order_release);
        });
        go([&] {
            while (read.load(std::memory_order_acquire) == 0) {
                explore::pause();
            }
            (void)static_cast<int>(value);
            mutex.unlock_shared();
        });
        while (read.load(std::memory_order_acquire) == 0) {
            explore::pause();
        }
        mutex.lock();
        value = 1;
        mutex.unlock();
        explore::join();
    });
}

// There is one seat, and two mutexes want it.
void a_seat_is_stolen() {
    run([] {
        rt0::shared_mutex one;
        rt0::shared_mutex two;
        explore::plain<int> of_one{0};
        explore::plain<int> of_two{0};
        sit(one);
        go([&] {
            const std::shared_lock lock(one);
            (void)static_cast<int>(of_one);
        });
        sit(two);
        {
            const std::shared_lock lock(two);
            (void)static_cast<int>(of_two);
        }
        {
            const std::lock_guard lock(one);
            of_one = 1;
        }
        {
            const std::lock_guard lock(two);
            of_two = 1;
        }
        explore::join();
    });
}

void tries_to_write() {
    run([] {
        rt0::shared_mutex mutex;
        counter in;
        sit(mutex);
        go([&] {
            if (const std::shared_lock lock(mutex, std::try_to_lock); lock) {
                (void)static_cast<int>(in.sum);
            }
        });
        if (const std::unique_lock lock(mutex, std::try_to_lock); lock) {
            in.add();
        }
        const std::lock_guard lock(mutex);
        in.add();
        explore::join();
    });
}

// A value for each who waits for one.
template <int waiting, bool all>
void notified() {
    run([] {
        rt0::mutex mutex;
        rt0::condition_variable some;
        explore::plain<int> values{0};
        explore::plain<int> taken{0};
        for (int i = 0; i < waiting; ++i) {
            go([&] {
                std::unique_lock lock(mutex);
                some.wait(lock, [&] { return values != 0; });
                values = values - 1;
                ++taken;
            });
        }
        if (all) {
            mutex.lock();
            values = waiting;
            mutex.unlock();
            some.notify_all();
        } else {
            for (int i = 0; i < waiting; ++i) {
                mutex.lock();
                ++values;
                mutex.unlock();
                some.notify_one();
            }
        }
        explore::join();
        check(taken == waiting, "a value is lost");
    });
}

// It ends as soon as all have been notified, though they have not gone on yet.
void condition_ends() {
    run([] {
        rt0::mutex mutex;
        mortal<rt0::condition_variable> some;
        explore::plain<int> waits{0};
        explore::plain<bool> now{false};
        go([&] {
            std::unique_lock lock(mutex);
            ++waits;
            if (!now) {
                some->wait(lock);
            }
        });
        const auto notified = [&] {
            const std::lock_guard lock(mutex);
            if (waits == 0) {
                return false;
            }
            now = true;
            some->notify_all();
            some.end();
            return true;
        };
        while (!notified()) {
            explore::pause();
        }
        explore::join();
    });
}

template <int others, int phases>
void phases_of() {
    run([] {
        explore::plain<int> completed{0};
        struct completes {
            explore::plain<int>* count;
            void operator()() const { ++*count; }
        };
        rt0::barrier<completes> barrier(others + 1, completes{&completed});
        const auto work = [&] {
            for (int i = 1; i <= phases; ++i) {
                barrier.arrive_and_wait();
                check(completed == i, "a phase begins before the last one is over");
            }
        };
        for (int i = 0; i < others; ++i) {
            go(work);
        }
        work();
        explore::join();
    });
}

void one_drops_out() {
    run([] {
        rt0::barrier<> barrier(2);
        explore::plain<int> value{0};
        go([&] {
            value = 1;
            barrier.arrive_and_drop();
        });
        barrier.arrive_and_wait();
        check(value == 1, "a phase is over that somebody has not arrived at");
        barrier.arrive_and_wait();
        explore::join();
    });
}

// It ends with who waits last, though the last to arrive has not returned.
void barrier_ends() {
    run([] {
        struct of_two : rt0::barrier<> {
            of_two()
                : barrier(2) {}
        };
        mortal<of_two> barrier;
        go([&] { (void)barrier->arrive(); });
        barrier->arrive_and_wait();
        barrier.end();
        explore::join();
    });
}

template <int others>
void called_once() {
    run([] {
        rt0::once once;
        explore::plain<int> calls{0};
        const auto work = [&] {
            once.call([&] {
                explore::point();
                ++calls;
            });
            check(calls == 1, "it goes on before it is done");
        };
        for (int i = 0; i < others; ++i) {
            go(work);
        }
        work();
        explore::join();
    });
}

// Whether it panics or is fatal with that.
template <class F>
bool ends_with(const char* text, F call) {
    machine::expect_fatal(text);
    try {
        call();
    } catch (const std::string& got) {
        machine::expect_fatal(nullptr);
        check(got == text, "another text than that one");
        return true;
    }
    return false;
}

// What no program may do.
void semaphore_for() {
    run([] {
        rt0::counting_semaphore<2> permits(0);
        go([&] { permits.release(); });
        go(time_passes);
        const bool taken = permits.try_acquire_for(1s);
        explore::join();
        check(permits.try_acquire() != taken, "a permit is lost, or there are two");
    });
}

void semaphore_for_one_of_two() {
    run([] {
        rt0::counting_semaphore<2> permits(0);
        go([&] {
            permits.acquire();
            permits.release();
        });
        go(time_passes);
        go([&] { permits.release(); });
        if (permits.try_acquire_for(1s)) {
            permits.release();
        }
        explore::join();
        check(permits.try_acquire() && !permits.try_acquire(),
              "a permit is lost, or there are two");
    });
}

template <bool another>
void mutex_for() {
    run([] {
        rt0::mutex mutex;
        counter in;
        const auto work = [&] {
            in.add();
            mutex.unlock();
        };
        mutex.lock();
        go([&] {
            if (mutex.try_lock_for(1s)) {
                work();
            }
        });
        go(time_passes);
        if (another) {
            go([&] {
                mutex.lock();
                work();
            });
        }
        work();
        explore::join();
        check(mutex.try_lock(), "nobody has it, and it is taken");
    });
}

template <bool another>
void condition_for() {
    run([] {
        rt0::mutex mutex;
        rt0::condition_variable said;
        bool so = false;
        if (another) {
            go([&] {
                std::unique_lock lock(mutex);
                said.wait(lock, [&] { return so; });
                said.notify_one();
            });
        }
        go(time_passes);
        go([&] {
            const std::lock_guard lock(mutex);
            so = true;
            said.notify_one();
        });
        std::unique_lock lock(mutex);
        const bool timeout = !so && said.wait_for(lock, 1s) == rt0::cv_status::timeout;
        check(so || timeout, "who has not been notified goes on");
        if (another && !timeout) {
            said.notify_one();
        }
        lock.unlock();
        explore::join();
    });
}

void condition_ends_with_a_limit() {
    run([] {
        rt0::mutex mutex;
        mortal<rt0::condition_variable> said;
        explore::atomic<int> waits;
        go([&] {
            std::unique_lock lock(mutex);
            waits.store(1, std::memory_order_relaxed);
            (void)said->wait_for(lock, 1s);
        });
        go(time_passes);
        while (waits.load(std::memory_order_relaxed) == 0) {
            explore::pause();
        }
        mutex.lock(); // it has joined
        mutex.unlock();
        said->notify_all();
        said.end();
        explore::join();
    });
}

void misused() {
    run([] {
        rt0::mutex lock;
        check(ends_with("sync: unlock of unlocked mutex", [&] { lock.unlock(); }), "unlocked");
        lock.lock();
        lock.unlock();
        check(ends_with("sync: unlock of unlocked mutex", [&] { lock.unlock(); }),
              "unlocked twice");
        rt0::shared_mutex shared;
        check(ends_with("sync: RUnlock of unlocked RWMutex", [&] { shared.unlock_shared(); }),
              "nobody reads");
        check(ends_with("sync: Unlock of unlocked RWMutex", [&] { shared.unlock(); }),
              "nobody writes");
        rt0::counting_semaphore<2> permits(1);
        check(
            ends_with("sync: released more than a semaphore may have", [&] { permits.release(2); }),
            "too many");
        check(ends_with("sync: released more than a semaphore may have",
                        [&] { permits.release(-1); }),
              "fewer");
        rt0::barrier barrier(1);
        check(ends_with("sync: more arrived at a barrier than it expects",
                        [&] { (void)barrier.arrive(2); }),
              "more");
        check(ends_with("sync: more arrived at a barrier than it expects",
                        [&] { (void)barrier.arrive(0); }),
              "none");
        check(ends_with("errgroup: modify limit while 2 goroutines in the group are still active",
                        [] { rt0::detail::limit_while_active(2); }),
              "a limit");
    });
}

// A reader that does not leave through its seat, and one who is not there.
void misread() {
    run([] {
        rt0::shared_mutex shared;
        for (int i = 0; i < 3; ++i) {
            shared.lock_shared();
            shared.unlock_shared();
        }
        check(ends_with("sync: RUnlock of unlocked RWMutex",
                        [&] {
                            shared.unlock_shared();
                            shared.lock(); // it may be seen here alone
                        }),
              "nobody reads");
    });
}

constexpr std::array models{
    explore::model{"mutex", excludes<1, 2>, {.preemptions = 3, .stale = 0}},
    explore::model{"mutex_of_three", excludes<2, 1>, {.preemptions = 2, .stale = 0}},
    explore::model{"mutex_starves", starves, {.preemptions = 2, .stale = 0}},
    explore::model{"mutex_of_an_owner", one_has_had_it_alone, {.preemptions = 3, .stale = 1}},
    explore::model{"mutex_tries", tries, {.preemptions = 2, .stale = 0}},
    explore::model{"mutex_ends", ends_with_the_last, {.preemptions = 2, .stale = 0}},
    explore::model{"semaphore", permits<1>, {.preemptions = 3, .stale = 1}},
    explore::model{"semaphore_of_three", permits<2>, {.preemptions = 2, .stale = 0}},
    explore::model{"semaphore_of_two_permits", two_permits, {.preemptions = 3, .stale = 1}},
    explore::model{"semaphore_tries", tries_a_permit, {.preemptions = 3, .stale = 1}},
    explore::model{"semaphore_ends", semaphore_ends, {.preemptions = 3, .stale = 1}},
    explore::model{"shared", reads_and_writes<2, 1, 1>, {.preemptions = 2, .stale = 0}},
    explore::model{
        "shared_by_two_writers", reads_and_writes<1, 2, 2>, {.preemptions = 2, .stale = 0}},
    explore::model{"shared_seated", seated<1>, {.preemptions = 3, .stale = 1}},
    explore::model{"shared_seated_for_two", seated<2>, {.preemptions = 2, .stale = 0}},
    explore::model{"shared_elsewhere", read_elsewhere, {.preemptions = 2, .stale = 1}},
    explore::model{"shared_stolen", a_seat_is_stolen, {.preemptions = 2, .stale = 1}},
    explore::model{"shared_tries", tries_to_write, {.preemptions = 3, .stale = 1}},
    explore::model{"condition", notified<1, false>, {.preemptions = 3, .stale = 1}},
    explore::model{"condition_for_two", notified<2, false>, {.preemptions = 2, .stale = 0}},
    explore::model{"condition_for_all", notified<2, true>, {.preemptions = 2, .stale = 0}},
    explore::model{"condition_ends", condition_ends, {.preemptions = 2, .stale = 1}},
    explore::model{"semaphore_for", semaphore_for, {.preemptions = 2, .stale = 1}},
    explore::model{
        "semaphore_for_one_of_two", semaphore_for_one_of_two, {.preemptions = 1, .stale = 0}},
    explore::model{"mutex_for", mutex_for<false>, {.preemptions = 2, .stale = 0}},
    explore::model{"mutex_for_one_of_two", mutex_for<true>, {.preemptions = 1, .stale = 0}},
    explore::model{"condition_for_a_time", condition_for<false>, {.preemptions = 2, .stale = 0}},
    explore::model{"condition_for_one_of_two", condition_for<true>, {.preemptions = 1, .stale = 0}},
    explore::model{
        "condition_ends_with_a_limit", condition_ends_with_a_limit, {.preemptions = 2, .stale = 0}},
    explore::model{"barrier", phases_of<1, 2>, {.preemptions = 2, .stale = 1}},
    explore::model{"barrier_of_three", phases_of<2, 1>, {.preemptions = 2, .stale = 0}},
    explore::model{"barrier_dropped", one_drops_out, {.preemptions = 3, .stale = 1}},
    explore::model{"barrier_ends", barrier_ends, {.preemptions = 3, .stale = 1}},
    explore::model{"once", called_once<1>, {.preemptions = 3, .stale = 1}},
    explore::model{"once_of_three", called_once<2>, {.preemptions = 2, .stale = 0}},
    explore::model{"misused", misused, {.preemptions = 1, .stale = 0}},
    explore::model{"misread", misread, {.preemptions = 1, .stale = 0}},
};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
