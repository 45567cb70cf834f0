// A sum over all processors: a goroutine a part.
#include <cstdint>
#include <vector>

#include <rt0/rt0.h>

int main() {
    constexpr std::uint64_t count = 40'000'000;
    const auto parts = static_cast<std::size_t>(rt0::gomaxprocs());
    std::vector<std::uint64_t> sums(parts);
    rt0::wait_group group;
    for (std::size_t part = 0; part < parts; ++part) {
        group.go([&sums, part, parts] {
            std::uint64_t sum = 0;
            for (std::uint64_t n = part + 1; n <= count; n += parts) {
                sum += n;
            }
            sums[part] = sum;
        });
    }
    group.wait();
    std::uint64_t total = 0;
    for (const std::uint64_t sum : sums) {
        total += sum;
    }
    rt0::println("1 + ... + {} = {}", count, total);
}
