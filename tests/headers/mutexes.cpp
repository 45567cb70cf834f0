#include <mutex>
#include <string>

#include "../programs/src/go.h"
#include "check.h"

namespace {

using runtime::gosched;

// Many goroutines, each of which lets the others run while it has the mutex: they come in, in the
// order in which they asked.
void parks() {
    static std::mutex mutex;
    static std::string order;
    static int left = 10;
    static bool inside = false;
    mutex.lock();
    for (int i = 0; i < 10; ++i) {
        go([i] {
            const std::lock_guard guard(mutex);
            check(!inside);
            inside = true;
            order += static_cast<char>('0' + i);
            gosched();
            inside = false;
            --left;
        });
        gosched(); // it waits now
    }
    check(order.empty() && !mutex.try_lock());
    mutex.unlock();
    while (left > 0) {
        gosched();
    }
    check(order == "0123456789" && mutex.try_lock());
    mutex.unlock();
}

void recursive() {
    static std::recursive_mutex mutex;
    static bool entered = false;
    mutex.lock();
    mutex.lock();
    check(mutex.try_lock());
    go([] {
        const std::unique_lock guard(mutex);
        entered = true;
    });
    gosched();
    mutex.unlock();
    mutex.unlock();
    gosched();
    check(!entered);
    mutex.unlock();
    gosched();
    check(entered);
}

void several() {
    std::mutex a;
    std::mutex b;
    {
        const std::scoped_lock guard(a, b);
        check(!a.try_lock() && !b.try_lock());
    }
    check(std::try_lock(a, b) == -1);
    a.unlock();
    b.unlock();
}

} // namespace

int main() {
    parks();
    recursive();
    several();
    return failures;
}
