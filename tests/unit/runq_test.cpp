// The run queue of a p, alone and with thieves on real threads.
#include "sched/runq.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace runtime {

// boot/first_page.cpp's.
constinit scheduler sched{};

namespace {

class RunQueue : public testing::Test {
protected:
    RunQueue()
        : goroutines_(1000) {
        sched.runq = {};
        sched.runq_size = 0;
        sched.gomaxprocs = 1;
    }

    g* at(size_t i) { return &goroutines_[i]; }

    g* get() { return runqget(&pp_, &inherit_); }

    p pp_{};
    bool inherit_ = false;

private:
    std::vector<g> goroutines_;
};

TEST_F(RunQueue, EmptyGivesNothing) {
    EXPECT_EQ(get(), nullptr);
    EXPECT_FALSE(inherit_);
}

TEST_F(RunQueue, FirstInFirstOut) {
    for (size_t i = 0; i < 10; ++i) {
        runqput(&pp_, at(i), false);
    }
    for (size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(get(), at(i));
        EXPECT_FALSE(inherit_);
    }
    EXPECT_EQ(get(), nullptr);
}

TEST_F(RunQueue, NextRunsFirstAndInheritsTheTimeSlice) {
    runqput(&pp_, at(0), false);
    runqput(&pp_, at(1), true);
    EXPECT_EQ(get(), at(1));
    EXPECT_TRUE(inherit_);
    EXPECT_EQ(get(), at(0));
    EXPECT_FALSE(inherit_);
}

TEST_F(RunQueue, NewNextKicksTheOldOneToTheTail) {
    runqput(&pp_, at(0), false);
    runqput(&pp_, at(1), true);
    runqput(&pp_, at(2), true);
    EXPECT_EQ(get(), at(2));
    EXPECT_EQ(get(), at(0));
    EXPECT_EQ(get(), at(1));
    EXPECT_EQ(get(), nullptr);
}

TEST_F(RunQueue, FullRingMovesHalfToTheGlobalQueue) {
    for (size_t i = 0; i < p::runq_size; ++i) {
        runqput(&pp_, at(i), false);
    }
    EXPECT_EQ(sched.runq.size, 0U);
    runqput(&pp_, at(p::runq_size), false);
    EXPECT_EQ(sched.runq.size, p::runq_size / 2);
    for (size_t i = 0; i < p::runq_size / 2; ++i) {
        EXPECT_EQ(sched.runq.pop(), at(i)) << "the oldest half, in order";
    }
    for (size_t i = p::runq_size / 2; i < p::runq_size + 1; ++i) {
        EXPECT_EQ(get(), at(i));
    }
    EXPECT_EQ(get(), nullptr);
}

TEST_F(RunQueue, IndicesWrapAround) {
    pp_.runqhead.store(0xfffffff0U);
    pp_.runqtail.store(0xfffffff0U);
    for (size_t i = 0; i < 100; ++i) {
        runqput(&pp_, at(i), false);
    }
    for (size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(get(), at(i));
    }
    EXPECT_EQ(get(), nullptr);
}

TEST_F(RunQueue, NothingIsLostAndNothingRunsTwice) {
    std::mt19937 random(1);
    std::deque<g*> idle;
    for (size_t i = 0; i < 1000; ++i) {
        idle.push_back(at(i));
    }
    size_t queued = 0;
    for (int step = 0; step < 200000; ++step) {
        if (random() % 2 == 0 && !idle.empty()) {
            runqput(&pp_, idle.front(), random() % 4 == 0);
            idle.pop_front();
            ++queued;
        } else if (g* const gp = random() % 8 == 0 ? sched.runq.pop() : get()) {
            idle.push_back(gp);
            --queued;
        }
    }
    while (g* const gp = get()) {
        idle.push_back(gp);
        --queued;
    }
    while (g* const gp = sched.runq.pop()) {
        idle.push_back(gp);
        --queued;
    }
    EXPECT_EQ(queued, 0U);
    std::sort(idle.begin(), idle.end());
    EXPECT_EQ(std::unique(idle.begin(), idle.end()), idle.end());
    EXPECT_EQ(idle.size(), 1000U);
}

TEST_F(RunQueue, SaysWhetherOthersMayTakeSomething) {
    EXPECT_TRUE(runqempty(&pp_));
    EXPECT_FALSE(runqput(&pp_, at(0), true)) << "runnext is not for others";
    EXPECT_FALSE(runqempty(&pp_));
    EXPECT_TRUE(runqput(&pp_, at(1), true)) << "0 is in the ring now";
    EXPECT_TRUE(runqput(&pp_, at(2), false));
}

TEST_F(RunQueue, ThiefTakesHalf) {
    p thief{};
    EXPECT_EQ(runqsteal(&thief, &pp_), nullptr);
    for (size_t i = 0; i < 9; ++i) {
        runqput(&pp_, at(i), false);
    }
    runqput(&pp_, at(9), true);
    // Five of nine, the oldest; the last of them is what it runs.
    EXPECT_EQ(runqsteal(&thief, &pp_), at(4));
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(runqget(&thief, &inherit_), at(i));
    }
    EXPECT_TRUE(runqempty(&thief));
    EXPECT_EQ(get(), at(9));
    for (size_t i = 5; i < 9; ++i) {
        EXPECT_EQ(get(), at(i));
    }
}

TEST_F(RunQueue, RunnextAndStartersAreTheOwners) {
    p thief{};
    runqput(&pp_, at(0), true);
    for (size_t i = 1; i < 3; ++i) {
        at(i)->schedlink = pp_.starters;
        pp_.starters = at(i);
    }
    EXPECT_TRUE(ringempty(&pp_));
    EXPECT_FALSE(runqempty(&pp_));
    EXPECT_EQ(runqsteal(&thief, &pp_), nullptr);
    EXPECT_EQ(get(), at(0));
    EXPECT_TRUE(inherit_);
    EXPECT_FALSE(runqempty(&pp_));
    EXPECT_EQ(get(), at(2)) << "the last one first";
    EXPECT_FALSE(inherit_);
    EXPECT_EQ(get(), at(1));
    EXPECT_TRUE(runqempty(&pp_));
}

TEST_F(RunQueue, NobodyStealsFromAnExclusiveOne) {
    p thief{};
    pp_.exclusive = true;
    for (size_t i = 0; i < 2 * p::runq_size; ++i) {
        runqput(&pp_, at(i), i % 2 == 0);
    }
    EXPECT_EQ(runqsteal(&thief, &pp_), nullptr);
    // It is a queue like any other for its owner.
    std::vector<const g*> got;
    while (const g* const gp = get()) {
        got.push_back(gp);
    }
    while (const g* const gp = sched.runq.pop()) {
        got.push_back(gp);
    }
    std::sort(got.begin(), got.end());
    EXPECT_EQ(std::unique(got.begin(), got.end()), got.end());
    EXPECT_EQ(got.size(), 2U * p::runq_size);
}

TEST_F(RunQueue, GlobalQueueGivesAFairShare) {
    sched.gomaxprocs = 4;
    for (size_t i = 0; i < 100; ++i) {
        globrunqput(at(i));
    }
    EXPECT_EQ(globrunqget(&pp_, p::runq_size / 2), at(0));
    EXPECT_EQ(sched.runq.size, 75U);
    EXPECT_EQ(sched.runq_size, 75U);
    EXPECT_EQ(get(), at(1));
    // Or one alone.
    EXPECT_EQ(globrunqget(&pp_, 0), at(25));
    EXPECT_EQ(sched.runq.size, 74U);
    EXPECT_EQ(sched.runq_size, 74U);
    // A nearly full ring takes what fits.
    p full{};
    for (size_t i = 100; i < 100 + p::runq_size - 3; ++i) {
        runqput(&full, at(i), false);
    }
    EXPECT_EQ(globrunqget(&full, p::runq_size / 2), at(26));
    EXPECT_EQ(sched.runq.size, 70U);
}

TEST_F(RunQueue, DrainsIntoTheGlobalQueue) {
    for (size_t i = 0; i < 10; ++i) {
        runqput(&pp_, at(i), false);
    }
    runqput(&pp_, at(10), true);
    pp_.starters = at(11);
    runqdrain(&pp_);
    EXPECT_TRUE(runqempty(&pp_));
    EXPECT_EQ(sched.runq.size, 12U);
    EXPECT_EQ(globrunqget(&pp_, p::runq_size / 2), at(10));
}

// An owner that puts and gets, and two thieves: each g comes out once.
TEST_F(RunQueue, ThievesOnThreads) {
    constexpr size_t count = 1000;
    constexpr int rounds = 300;
    std::vector<std::atomic<int>> taken(count);
    std::atomic<bool> stop = false;
    const auto index = [this](const g* gp) { return static_cast<size_t>(gp - at(0)); };
    std::atomic<size_t> total = 0;
    const auto thief = [&] {
        p own{};
        bool inherit = false;
        while (!stop) {
            g* gp = runqsteal(&own, &pp_);
            while (gp != nullptr) {
                ++taken[index(gp)];
                ++total;
                gp = runqget(&own, &inherit);
            }
        }
    };
    std::thread first(thief);
    std::thread second(thief);
    for (int round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < count; ++i) {
            runqput(&pp_, at(i), i % 3 == 0);
            if (i % 5 == 0) {
                if (const g* const gp = get()) {
                    ++taken[index(gp)];
                    ++total;
                }
            }
        }
        while (total < (static_cast<size_t>(round) + 1) * count) {
            const g* gp = get();
            if (gp == nullptr) {
                const lock_guard guard(sched.lock);
                gp = sched.runq.pop();
            }
            if (gp != nullptr) {
                ++taken[index(gp)];
                ++total;
            }
        }
        for (size_t i = 0; i < count; ++i) {
            ASSERT_EQ(taken[i], round + 1) << "goroutine " << i;
        }
    }
    stop = true;
    first.join();
    second.join();
}

TEST(GRing, PushPop) {
    g a{};
    g b{};
    g c{};
    g_ring ring;
    EXPECT_EQ(ring.pop(), nullptr);
    for (int round = 0; round < 3; ++round) {
        ring.push(&a);
        ring.push(&b);
        EXPECT_EQ(ring.pop(), &a);
        ring.push(&c);
        EXPECT_EQ(ring.pop(), &b);
        EXPECT_EQ(ring.pop(), &c);
        EXPECT_EQ(ring.pop(), nullptr);
    }
}

TEST(GQueue, PushPop) {
    g a{};
    g b{};
    g_queue queue;
    EXPECT_EQ(queue.pop(), nullptr);
    queue.push(&a);
    queue.push(&b);
    EXPECT_EQ(queue.size, 2U);
    EXPECT_EQ(queue.pop(), &a);
    EXPECT_EQ(a.schedlink, nullptr);
    EXPECT_EQ(queue.pop(), &b);
    EXPECT_EQ(queue.pop(), nullptr);
    queue.push(&a);
    EXPECT_EQ(queue.pop(), &a) << "usable again after it ran empty";
    EXPECT_EQ(queue.size, 0U);
}

TEST(Status, OnlyFromWhatItIs) {
    g gp{};
    gp.status = g_status::waiting;
    set_status(&gp, g_status::waiting, g_status::runnable);
    EXPECT_EQ(gp.status.load(), g_status::runnable);
    EXPECT_EXIT(set_status(&gp, g_status::waiting, g_status::runnable), testing::ExitedWithCode(2),
                "not in the state that its owner left it in");
}

} // namespace
} // namespace runtime
