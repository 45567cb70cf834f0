#include <atomic>
#include <memory>

#include "check.h"

int main() {
    std::atomic<int> number = 5;
    check(number.fetch_add(2) == 5 && number.exchange(1) == 7);
    ++number;
    check(number == 2);
    int expected = 2;
    check(number.compare_exchange_strong(expected, 9, std::memory_order_acq_rel) && number == 9);
    check(!number.compare_exchange_strong(expected, 1) && expected == 9);
    std::atomic_flag flag;
    check(!flag.test_and_set() && flag.test());
    flag.clear();
    int plain = 1;
    std::atomic_ref(plain).fetch_or(6, std::memory_order_relaxed);
    check(plain == 7);
    std::atomic<double> real = 1.5;
    check(real.fetch_add(1) == 1.5 && real == 2.5);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    static_assert(std::atomic<void*>::is_always_lock_free);

    return failures;
}
