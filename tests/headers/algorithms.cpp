#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>
#include <ranges>
#include <string>
#include <vector>

#include "check.h"

namespace {

std::vector<int> shuffled(int count) {
    std::vector<int> numbers(static_cast<size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    std::ranges::shuffle(numbers, std::mt19937(7)); // NOLINT: the same every time
    return numbers;
}

void sorting() {
    std::vector<int> numbers = shuffled(10'000);
    check(!std::ranges::is_sorted(numbers));
    std::sort(numbers.begin(), numbers.end());
    check(std::ranges::is_sorted(numbers) && std::ranges::binary_search(numbers, 777));
    numbers = shuffled(10'000);
    std::stable_sort(numbers.begin(), numbers.end(), [](int a, int b) { return a / 10 < b / 10; });
    check(numbers[5000] / 10 == 500);
    std::ranges::nth_element(numbers, numbers.begin() + 100);
    check(numbers[100] == 100);
    std::ranges::partial_sort(numbers, numbers.begin() + 10, std::greater());
    check(numbers[0] == 9'999 && numbers[9] == 9'990);
    std::ranges::make_heap(numbers);
    std::ranges::sort_heap(numbers);
    check(numbers[42] == 42);
    const auto even =
        std::stable_partition(numbers.begin(), numbers.end(), [](int n) { return n % 2 == 0; });
    check(even - numbers.begin() == 5'000 && numbers[1] == 2);
    std::inplace_merge(numbers.begin(), even, numbers.end());
    check(std::ranges::is_sorted(numbers));
}

void others() {
    const std::vector<int> numbers = shuffled(100);
    check(std::accumulate(numbers.begin(), numbers.end(), 0) == 4950);
    check(std::transform_reduce(numbers.begin(), numbers.end(), numbers.begin(), 0) == 328350);
    const auto [least, most] = std::ranges::minmax(numbers);
    check(least == 0 && most == 99 && std::gcd(12, 18) == 6 && std::midpoint(1, 4) == 2);
    std::vector<int> copy;
    std::ranges::copy_if(numbers, std::back_inserter(copy), [](int n) { return n < 10; });
    check(copy.size() == 10 && std::ranges::find(copy, 3) != copy.end());
    std::ranges::sort(copy);
    std::ranges::rotate(copy, copy.begin() + 3);
    check(copy.front() == 3 && std::ranges::next_permutation(copy).found);
    std::ranges::fill(copy, 1);
    copy.erase(std::ranges::unique(copy).begin(), copy.end());
    check(copy.size() == 1 && std::clamp(7, 1, 5) == 5);
}

void views() {
    auto squares = std::views::iota(1) | std::views::filter([](int n) { return n % 2 == 1; }) |
                   std::views::transform([](int n) { return n * n; }) | std::views::take(5);
    check(std::ranges::equal(squares, std::vector{1, 9, 25, 49, 81}));
    size_t words = 0;
    for (const auto word : std::views::split(std::string_view("to be or not"), ' ')) {
        words += std::string_view(word.begin(), word.end()).empty() ? 0 : 1;
    }
    check(words == 4);
    const std::vector<std::vector<int>> nested{{1, 2}, {3}, {}};
    check(std::ranges::distance(nested | std::views::join) == 3);
    const std::vector numbers{1, 2, 3, 4};
    check((numbers | std::views::reverse | std::views::drop(1)).front() == 3);
}

void randomness() {
    std::mt19937_64 engine(1);
    check(engine() == 2469588189546311528ULL); // of the reference implementation
    std::uniform_int_distribution<int> dice(1, 6);
    std::uniform_real_distribution<double> unit;
    for (int i = 0; i < 1000; ++i) {
        const int n = dice(engine);
        const double x = unit(engine);
        check(n >= 1 && n <= 6 && x >= 0 && x < 1);
    }
    std::minstd_rand simple(1);
    check(simple() == 48271);
    check(std::bernoulli_distribution(1.0)(engine));
}

} // namespace

int main() {
    sorting();
    others();
    views();
    randomness();
    return failures;
}
