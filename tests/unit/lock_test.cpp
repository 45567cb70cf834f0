#include "base/lock.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "host_os.h"

namespace {

using host_os::call;
using runtime::futex_lock;
using runtime::lock_guard;
using std::chrono::milliseconds;

constinit futex_lock static_lock;

void run_threads(int count, auto body) {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
        threads.emplace_back(body, i);
    }
    for (std::thread& t : threads) {
        t.join();
    }
}

TEST(futex_lock, uncontended_makes_no_system_call) {
    host_os::reset();
    for (int i = 0; i < 1000; ++i) {
        const lock_guard guard(static_lock);
    }
    EXPECT_EQ(host_os::calls(call::futex_wait), 0);
    EXPECT_EQ(host_os::calls(call::futex_wake), 0);
}

TEST(futex_lock, excludes) {
    host_os::reset();
    futex_lock lock;
    long counter = 0; // Not atomic: ThreadSanitizer watches the orderings.
    run_threads(4, [&](int) {
        for (int i = 0; i < 50000; ++i) {
            const lock_guard guard(lock);
            const long seen = counter;
            if (i % 1000 == 0) {
                std::this_thread::yield();
            }
            counter = seen + 1;
        }
    });
    EXPECT_EQ(counter, 200000);
}

TEST(futex_lock, sleeps_while_another_holds_it_and_is_woken) {
    host_os::reset();
    futex_lock lock;
    std::atomic<bool> entered{false};
    lock.lock();
    std::thread waiter([&] {
        const lock_guard guard(lock);
        entered = true;
    });
    while (host_os::calls(call::futex_wait) == 0) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_FALSE(entered);
    EXPECT_LE(host_os::calls(call::futex_wait), 2) << "it must sleep, not spin";
    lock.unlock();
    waiter.join();
    EXPECT_TRUE(entered);
    EXPECT_GE(host_os::calls(call::futex_wake), 1);
}

// Every one of several sleepers gets its turn: a woken one passes the wake-up on.
TEST(futex_lock, wakes_all_sleepers_one_after_the_other) {
    for (int round = 0; round < 20; ++round) {
        host_os::reset();
        futex_lock lock;
        std::atomic<int> through{0};
        lock.lock();
        std::vector<std::thread> waiters;
        waiters.reserve(4);
        for (int i = 0; i < 4; ++i) {
            waiters.emplace_back([&] {
                const lock_guard guard(lock);
                ++through;
            });
        }
        while (host_os::calls(call::futex_wait) < 4) {
            std::this_thread::yield();
        }
        lock.unlock();
        for (std::thread& t : waiters) {
            t.join();
        }
        EXPECT_EQ(through, 4);
    }
}

// A wait that ends without a wake-up, for whatever reason, neither enters nor gives up.
TEST(futex_lock, survives_interrupted_waits) {
    for (const int error : {EINTR, EAGAIN}) {
        host_os::reset();
        host_os::fail(call::futex_wait, error, 0, 100);
        futex_lock lock;
        std::atomic<bool> entered{false};
        lock.lock();
        std::thread waiter([&] {
            const lock_guard guard(lock);
            entered = true;
        });
        while (host_os::calls(call::futex_wait) <= 100) {
            std::this_thread::yield();
        }
        EXPECT_FALSE(entered);
        lock.unlock();
        waiter.join();
    }
    host_os::reset();
}

} // namespace
