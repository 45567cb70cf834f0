#include <algorithm>
#include <array>
#include <bitset>
#include <deque>
#include <forward_list>
#include <list>
#include <queue>
#include <span>
#include <stack>
#include <valarray>
#include <vector>

#include "check.h"

namespace {

void arrays() {
    std::array<int, 5> numbers{5, 4, 3, 2, 1};
    std::ranges::sort(numbers);
    check(numbers.front() == 1 && numbers.at(4) == 5);
    const std::span<const int> middle = std::span(numbers).subspan(1, 3);
    check(middle.size() == 3 && middle[0] == 2 && middle.back() == 4);
    check(std::as_bytes(middle).size() == 12);
    std::valarray<int> values{1, 2, 3};
    values *= 2;
    check(values.sum() == 12 && values.max() == 6);
    std::bitset<100> bits;
    bits.set(3).set(99);
    check(bits.count() == 2 && bits.test(99) && !bits.test(98));
    check((bits << 1).test(4) && bits.to_string().size() == 100);
}

void vectors() {
    std::vector<int> numbers;
    for (int i = 0; i < 10'000; ++i) {
        numbers.push_back(i);
    }
    numbers.insert(numbers.begin() + 5, {-1, -2, -3});
    numbers.erase(numbers.begin(), numbers.begin() + 5);
    check(numbers.size() == 9'998 && numbers[0] == -1 && numbers.at(3) == 5);
    numbers.reserve(50'000);
    numbers.resize(3);
    numbers.shrink_to_fit();
    check(numbers == std::vector{-1, -2, -3});
    std::vector<bool> flags(1000);
    flags[999] = true;
    flags.flip();
    check(std::ranges::count(flags, true) == 999);
    std::vector<std::vector<int>> nested(20, std::vector<int>(30, 7));
    nested.emplace_back(3, 1);
    check(nested.size() == 21 && nested[19][29] == 7 && nested.back().size() == 3);
    check(std::erase_if(nested[0], [](int n) { return n == 7; }) == 30);
}

void lists() {
    std::deque<int> deque;
    for (int i = 0; i < 1000; ++i) {
        deque.push_back(i);
        deque.push_front(-i);
    }
    check(deque.size() == 2000 && deque.front() == -999 && deque[1000] == 0);
    std::list<int> first{3, 1, 2};
    std::list<int> second{9, 8};
    first.sort();
    first.splice(first.end(), second);
    first.reverse();
    check(first == std::list<int>{8, 9, 3, 2, 1} && second.empty());
    std::forward_list<int> forward{1, 2, 3};
    forward.push_front(0);
    forward.remove_if([](int n) { return n % 2 == 1; });
    check(forward == std::forward_list<int>{0, 2});
}

void adaptors() {
    std::priority_queue<int> heap;
    for (const int n : {3, 9, 4}) {
        heap.push(n);
    }
    check(heap.top() == 9);
    std::queue<int> queue;
    std::stack<int> stack;
    for (int i = 0; i < 100; ++i) {
        queue.push(i);
        stack.push(i);
    }
    queue.pop();
    stack.pop();
    check(queue.front() == 1 && stack.top() == 98);
}

} // namespace

int main() {
    arrays();
    vectors();
    lists();
    adaptors();
    return failures;
}
