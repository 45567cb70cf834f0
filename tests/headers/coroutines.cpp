#include <coroutine>
#include <exception>
#include <utility>

#include "check.h"

namespace {

class numbers {
public:
    struct promise_type {
        int value = 0;
        numbers get_return_object() {
            return numbers(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int n) {
            value = n;
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    explicit numbers(std::coroutine_handle<promise_type> of)
        : handle_(of) {}
    numbers(numbers&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    numbers(const numbers&) = delete;
    numbers& operator=(const numbers&) = delete;
    numbers& operator=(numbers&&) = delete;
    ~numbers() {
        if (handle_) {
            handle_.destroy();
        }
    }

    bool next() {
        handle_.resume();
        return !handle_.done();
    }
    [[nodiscard]] int value() const { return handle_.promise().value; }

private:
    std::coroutine_handle<promise_type> handle_;
};

numbers fibonacci(int count) {
    int a = 0;
    int b = 1;
    for (int i = 0; i < count; ++i) {
        co_yield a;
        a = std::exchange(b, a + b);
    }
}

} // namespace

int main() {
    numbers sequence = fibonacci(11);
    int last = -1;
    int count = 0;
    while (sequence.next()) {
        last = sequence.value();
        ++count;
    }
    check(last == 55 && count == 11);
    return failures;
}
