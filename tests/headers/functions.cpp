#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "check.h"

namespace {

struct counter {
    int count = 0;
    int add(int n) { return count += n; }
};

int subtract(int a, int b) {
    return a - b;
}

} // namespace

int main() {
    std::function<int(int, int)> function = subtract;
    check(function(5, 3) == 2);
    const std::string large(1000, 'x');
    function = [large, extra = 1](int a, int b) {
        return a + b + extra + static_cast<int>(large.size());
    };
    const auto copy = function;
    check(copy(1, 2) == 1004 && static_cast<bool>(function));
    function = nullptr;
    check(!function);
    std::move_only_function<int()> once = [owned = std::make_unique<int>(9)] { return *owned; };
    auto moved = std::move(once);
    check(moved() == 9);
    const auto minus_one = std::bind(subtract, std::placeholders::_1, 1);
    check(minus_one(10) == 9 && std::bind_front(subtract, 10)(1) == 9);
    counter c;
    check(std::invoke(&counter::add, c, 4) == 4 && std::mem_fn(&counter::add)(c, 4) == 8);
    int n = 1;
    const auto reference = std::ref(n);
    reference.get() = 5;
    check(n == 5 && std::plus<>()(2, 3) == 5 && std::not_fn(std::less<>())(2, 1));
    check(std::hash<int>()(5) == std::hash<int>()(5) && std::identity()(7) == 7);
    return failures;
}
