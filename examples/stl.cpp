// The standard library, as far as it is not about the operating system, is there.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

#include <rt0/print.h>

int main() {
    const auto started = std::chrono::steady_clock::now();

    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 1);
    std::ranges::reverse(numbers);
    std::ranges::sort(numbers);
    rt0::println("sum of 1 to {}: {}", numbers.back(),
                 std::accumulate(numbers.begin(), numbers.end(), 0));

    const std::string text = "the quick brown fox jumps over the lazy dog";
    std::map<char, int> letters;
    for (const char c : text) {
        ++letters[c];
    }
    const auto most = std::ranges::max_element(
        letters, {}, [](const auto& entry) { return entry.first == ' ' ? 0 : entry.second; });
    rt0::println("most frequent letter: {} ({} times)", most->first, most->second);

    std::unordered_map<std::string, std::unique_ptr<int>> table;
    for (int i = 0; i < 100; ++i) {
        table["key " + std::to_string(i)] = std::make_unique<int>(i * i);
    }
    rt0::println("square of 12: {}", *table.at("key 12"));

    const bool forward = std::chrono::steady_clock::now() >= started;
    rt0::println("the clock runs {}", forward ? "forward" : "backward");
}
