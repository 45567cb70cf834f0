// biased_lock: its owner, those who take it back, and the hand-over of who parks.
#include "base/biased_lock.h"

#include <array>

#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/explore/plain.h"

namespace runtime {
void forget_owners(); // biased_lock.cpp's, added in CMakeLists.txt
} // namespace runtime

namespace {

using explore::check;
using runtime::biased_lock;
using runtime::tcb;

// A lock, and what it protects.
struct shared {
    biased_lock lock;
    explore::plain<int> sum{0};

    void add() {
        const int before = sum;
        explore::point();
        sum = before + 1;
    }
    void section() {
        lock.lock();
        add();
        lock.unlock();
    }
};

std::array<tcb, 3> threads;

// Begins a run. to_own is 1 here: a thread that takes a lock twice owns it.
void begin(bool refused = false) {
    machine::refuse_fences(refused);
    runtime::forget_owners();
    for (tcb& one : threads) {
        explore::anew(one);
    }
    runtime::allow_lock_owners();
}

// The calling thread is that one from now on.
void be(size_t which) {
    explore::local() = &threads.at(which);
}

void owned_by(size_t which, shared& one) {
    be(which);
    one.section();
    one.section();
}

template <class F>
void start(size_t which, F body) {
    explore::start([which, body] {
        be(which);
        body();
    });
}

void ends_with(shared& one, int sum) {
    explore::join();
    be(0);
    one.lock.lock();
    check(one.sum == sum, "an addition is lost");
    one.lock.unlock_checked();
}

// An owner, and one or two who take it back, each so often.
template <int others, int times>
void taken_from_its_owner() {
    begin();
    shared one;
    owned_by(0, one);
    for (size_t i = 0; i <= others; ++i) {
        start(i, [&one] {
            for (int j = 0; j < times; ++j) {
                one.section();
            }
        });
    }
    ends_with(one, 2 + (1 + others) * times);
}

// From nobody's to one's, and to the other's.
void owners_change() {
    begin();
    shared one;
    for (size_t i = 0; i < 2; ++i) {
        start(i, [&one] {
            for (int j = 0; j < 3; ++j) {
                one.section();
            }
        });
    }
    ends_with(one, 6);
}

// A section of all of them, and what is left of it for the last.
void both_sections(shared& one, shared& two) {
    biased_lock::stay();
    one.lock.lock_word();
    two.lock.lock_word();
    one.add();
    two.add();
    one.lock.unlock_word();
    two.lock.keep_word();
    two.add();
    two.lock.unlock();
}

// Somebody takes two that one thread owns, which does the same.
void several() {
    begin();
    shared one;
    shared two;
    owned_by(0, one);
    owned_by(0, two);
    start(0, [&] {
        two.section();
        one.section();
        both_sections(one, two);
    });
    start(1, [&] { both_sections(one, two); });
    explore::join();
    check(one.sum == 5, "an addition is lost");
    ends_with(two, 7);
}

// As a timer that sends: under the lock of its heap, which one thread owns, that of its channel,
// which another one does.
void inside_of_another() {
    begin();
    shared outer;
    shared inner;
    owned_by(0, outer);
    owned_by(1, inner);
    for (size_t i = 0; i < 2; ++i) {
        start(i, [&] {
            outer.lock.lock();
            inner.lock.lock_word();
            outer.add();
            inner.add();
            inner.lock.unlock_word();
            outer.lock.unlock();
            inner.section();
        });
    }
    explore::join();
    check(outer.sum == 4, "an addition is lost");
    ends_with(inner, 6);
}

// Who parks drops the lock when he is off his stack: whoever has it next may make him run again.
template <bool owned>
void handed_over() {
    begin();
    shared one;
    enum : int { runs, parks, is_off };
    explore::plain<int> stack{runs}; // under the lock
    if (owned) {
        owned_by(0, one);
    }
    start(0, [&] {
        one.lock.lock();
        one.add();
        stack = parks;
        if (one.lock.is_owned()) {
            stack = is_off;
            runtime::set_claim(0); // as switch_to_as_owner does it
        } else {
            runtime::atomic<uint32_t>* const lock = one.lock.hand_over();
            stack = is_off;
            lock->store(0, std::memory_order_release); // as switch_to does it
        }
        one.section();
    });
    for (size_t i = 1; i < 3; ++i) {
        start(i, [&] {
            one.lock.lock();
            check(stack != parks, "the lock is dropped before its owner is off the stack");
            one.add();
            one.lock.unlock();
        });
    }
    ends_with(one, owned ? 6 : 4);
}

// The kernel makes no barriers: nobody is an owner, and nobody asks for one.
void without_owners() {
    begin(true);
    shared one;
    owned_by(0, one);
    owned_by(0, one);
    start(1, [&one] { one.section(); });
    start(0, [&one] { one.section(); });
    ends_with(one, 6);
}

constexpr std::array<explore::model, 9> models{{
    {"taken_once", taken_from_its_owner<1, 1>, {.preemptions = 3, .stale = 2}},
    {"taken_twice", taken_from_its_owner<1, 2>, {.preemptions = 3, .stale = 2}},
    {"taken_by_two", taken_from_its_owner<2, 1>, {.preemptions = 2, .stale = 2}},
    {"owners_change", owners_change, {.preemptions = 3, .stale = 1}},
    {"several", several, {.preemptions = 3, .stale = 1}},
    {"inside_of_another", inside_of_another, {.preemptions = 3, .stale = 1}},
    {"handed_over_by_its_owner", handed_over<true>, {.preemptions = 2, .stale = 1}},
    {"handed_over", handed_over<false>, {.preemptions = 2, .stale = 1}},
    {"without_owners", without_owners, {.preemptions = 3, .stale = 2}},
}};

} // namespace

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
