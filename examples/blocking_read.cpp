// A goroutine that waits for its input holds nobody up: another one counts meanwhile.
#include <atomic>
#include <cstddef>
#include <span>

#include <rt0/rt0.h>

int main() {
    std::atomic<bool> ended = false;
    std::atomic<long> turns = 0;
    rt0::wait_group group;
    group.go([&] {
        rt0::file input = rt0::file::standard_input();
        std::byte buffer[4096];
        std::size_t total = 0;
        for (;;) {
            const auto size = input.read(buffer);
            if (!size || *size == 0) {
                break;
            }
            total += *size;
        }
        rt0::println("{} bytes", total);
        ended = true;
    });
    group.go([&] {
        while (!ended) {
            ++turns;
            rt0::yield();
        }
    });
    group.wait();
    rt0::eprintln("{} turns meanwhile", turns.load());
    return turns > 0 ? 0 : 1;
}
