// The run queue of a p, with one thread. (Thieves come with a second m.)
#include "sched/sched.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
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
    EXPECT_EQ(sched.runq.size, p::runq_size / 2 + 1);
    for (size_t i = 0; i < p::runq_size / 2; ++i) {
        EXPECT_EQ(sched.runq.pop(), at(i)) << "the oldest half, in order";
    }
    EXPECT_EQ(sched.runq.pop(), at(p::runq_size)) << "then the new one";
    for (size_t i = p::runq_size / 2; i < p::runq_size; ++i) {
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

} // namespace
} // namespace runtime
